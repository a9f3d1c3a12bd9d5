"""Queue jobs: from `/train <dataset>` or a retry by way of the plan card, once each."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from sqlite_utils import Database

from bot.asking import Asker, Office, RefusalError, Reply
from bot.commands.train import Choices, RetryJob, SweepTrain, Train
from bot.language import mark, tr
from bot.parsing import parse
from bot.rights import require_owner
from bot.train import draft, outlook, plan, spending
from bot.train.teaching import find_teacher
from bot.usage import verbs_of
from bot.wording import STATES, escape
from storage import approvals, datasets, jobs, plans
from storage.database import immediate, opened
from storage.records import FINAL, Dataset, Job, Plan
from trainer.spec import TrainWork

NO_PLAN = mark("This plan is not open any more, so nothing was done. `/train list` shows the jobs.")
GONE = mark("Its data set was deleted meanwhile. `/train data list` shows what there is.")


def train(office: Office, asker: Asker, command: Train) -> Reply:
    """Show the plan for a data set, or queue it at once where that was typed."""
    base_model = find_model(office, command.model)
    with opened(office.settings.data_dir) as db:
        dataset = find_named(db, command.dataset)
        work = draft.make_work(
            dataset,
            base_model=base_model,
            method=command.method,
            overrides=command.recipe_overrides(),
            task=command.task,
            beside=command.work_overrides()
            | find_teacher(db, command.teacher, dataset, command.task),
        )
        return offer(office, db, asker, work, dataset=dataset, choices=command)


def retry(office: Office, asker: Asker, command: RetryJob) -> Reply:
    """Run a job again: as it is from its checkpoint, or as a new one with other options."""
    with opened(office.settings.data_dir) as db:
        job = find_job(db, command.number)
        require_owner(office, asker, owner=job.requested_by, what=tr("Job {number}", number=job.id))
        dataset = _find_dataset(db, job.work["dataset_hash"])
        if job.state not in FINAL:
            raise RefusalError(
                tr(
                    "Job {number} is {state}: there is nothing to retry yet.",
                    number=job.id,
                    state=tr(STATES[job.state]),
                )
            )
        unchanged = command in {RetryJob(number=job.id), RetryJob(number=job.id, now=True)}
        if unchanged and job.state != "succeeded":
            return _go_on(office, db, asker, job, dataset)
        before = draft.work_behind(job)
        base_model = find_model(office, command.model) if command.model else before.base_model
        work = draft.revise(
            before,
            dataset,
            command,
            base_model=base_model,
            beside=find_teacher(db, command.teacher, dataset, command.task or before.task),
        )
        return offer(office, db, asker, work, dataset=dataset, choices=command, job=job)


def press_retry(office: Office, asker: Asker, value: str) -> Reply:
    """Retry as a button says, `12` or `12 batch=8 now=yes`; a second press makes no second job."""
    command = parse("/train", f"retry {value}")
    if not isinstance(command, RetryJob):
        raise TypeError("a retry button carries a retry")
    once = replace(asker, key=f"retry {value}") if command.now else asker
    return retry(office, once, command)


def queue_plan(office: Office, asker: Asker, value: str) -> Reply:
    """Make the plan's one job, however often its button is pressed."""
    with opened(office.settings.data_dir) as db, immediate(db):
        shown = own_plan(db, asker, value)
        dataset = datasets.get(db, shown.work["dataset_hash"])
        if shown.state == "open" and dataset is None:
            return Reply(tr(GONE), replace=True)
        if dataset and _is_beyond_budget(office, db, shown):
            return replace(_show(office, db, shown, dataset), replace=True)
        job = plans.queue(db, shown.id, now=office.clock())
    return Reply(tr(NO_PLAN), replace=True) if job is None else _say_queued(job, replace=True)


def drop_plan(office: Office, asker: Asker, value: str) -> Reply:
    with opened(office.settings.data_dir) as db:
        dropped = plans.drop(db, own_plan(db, asker, value).id)
    return Reply(tr("Cancelled: nothing was queued.") if dropped else tr(NO_PLAN), replace=True)


async def open_change(office: Office, asker: Asker, value: str) -> Reply | None:
    """Open the form that changes a plan."""
    found = await asyncio.to_thread(_find_open, office, asker, value)
    if found is None:
        return Reply(tr(NO_PLAN), replace=True)
    view = plan.form(*found, response_url=asker.response_url)
    await office.client.views_open(trigger_id=asker.trigger_id or "", view=view)
    return None


async def change_plan(
    office: Office, asker: Asker, values: Mapping[str, Any], metadata: str
) -> Reply | None:
    """Put the form's choices into the plan that it was opened from, and show its card again."""
    number = int(json.loads(metadata)["plan"])
    return await asyncio.to_thread(_change, office, asker, plan.read_form(values), number)


# --- steps ----------------------------------------------------------------------------------


def find_job(db: Database, number: int) -> Job:
    """Find a training job; raises RefusalError with what to type instead."""
    job = jobs.get(db, number)
    if job is None or job.kind != "train":
        raise RefusalError(
            tr("There is no job {number}. `/train list` shows the jobs.", number=number)
        )
    return job


def find_named(db: Database, title: str) -> Dataset:
    """Find a data set as a person calls it; raises RefusalError with what was probably meant."""
    dataset = datasets.find(db, title)
    if dataset is None:
        known = [known.title for known in datasets.all_newest(db)]
        raise draft.no_dataset(title, known, verbs=verbs_of("/train"))
    return dataset


def offer(
    office: Office,
    db: Database,
    asker: Asker,
    work: TrainWork,
    *,
    dataset: Dataset,
    choices: Choices | SweepTrain,
    job: Job | None = None,
) -> Reply:
    """Keep the plan and show its card; queue it where no card is wanted."""
    draft.check_devices(work, outlook.find_hosts(db, office.clock()))
    with immediate(db):
        drafted = plans.draft(
            db,
            key=asker.key,
            work=work.model_dump(),
            priority=choices.priority or 0,
            requested_by=asker.user,
            channel=job.channel if job and not asker.channel else asker.channel,
            now=office.clock(),
            retry_of=job.id if job else None,
        )
        at_once = choices.now and not _is_beyond_budget(office, db, drafted)
        queued = plans.queue(db, drafted.id, now=office.clock()) if at_once else None
    return _say_queued(queued) if queued else _show(office, db, drafted, dataset)


def _show(office: Office, db: Database, drafted: Plan, dataset: Dataset) -> Reply:
    work, now = TrainWork.model_validate(drafted.work), office.clock()
    expected = outlook.gather(db, work, dataset, priority=drafted.priority, now=now)
    return plan.card(
        drafted, dataset, expected, spending.bill(db, drafted, office.settings, now=now)
    )


def _is_beyond_budget(office: Office, db: Database, drafted: Plan) -> bool:
    """Tell whether an open plan needs an approval; admins are no exception."""
    bill = spending.bill(db, drafted, office.settings, now=office.clock())
    return drafted.state == "open" and bool(bill.exceeded)


def _change(office: Office, asker: Asker, command: RetryJob, number: int) -> Reply:
    base_model = find_model(office, command.model)
    with opened(office.settings.data_dir) as db:
        drafted = _own_to_change(db, asker, str(number))
        dataset = _find_dataset(db, drafted.work["dataset_hash"])
        before = TrainWork.model_validate(drafted.work)
        typed = draft.typed_over(before.recipe, dataset, before.task)
        off_form = {name: value for name, value in typed.items() if name not in plan.FIELDS}
        work = draft.make_work(
            dataset,
            base_model=base_model,
            method=command.method,
            overrides=off_form | command.recipe_overrides(),
            task=before.task,
            beside=before.model_dump(include=set(draft.BESIDE)),
        )
        draft.check_devices(work, outlook.find_hosts(db, office.clock()))
        priority = command.priority or 0
        changed = plans.change(db, drafted.id, work=work.model_dump(), priority=priority)
        if changed is None:
            return Reply(tr(NO_PLAN))
        shown = _show(office, db, changed, dataset)
    return Reply(shown.text, shown.blocks, replace=asker.response_url is not None)


def _go_on(office: Office, db: Database, asker: Asker, job: Job, dataset: Dataset) -> Reply:
    """Queue an ended job again as it is, by a plan of its own: a budget may have no room for it."""
    with immediate(db):
        found = jobs.get(db, job.id)
        if found is None or found.state not in FINAL:
            return Reply(tr("Job {number} is queued already.", number=job.id))
        drafted = plans.draft(
            db,
            key=asker.key,
            work=job.work,
            priority=job.priority,
            requested_by=asker.user,
            channel=job.channel,
            now=office.clock(),
            retry_of=job.id,
        )
        if _is_beyond_budget(office, db, drafted):
            return _show(office, db, drafted, dataset)
        plans.queue(db, drafted.id, now=office.clock())
    return Reply(
        tr("Job {number} is queued again; it goes on from its last checkpoint.", number=job.id)
    )


def _say_queued(job: Job, *, replace: bool = False) -> Reply:
    said = tr(
        "Queued as job {number}, on {dataset}. One message here shows how it goes; `/train cancel "
        "{number}` stops it.",
        number=job.id,
        dataset=escape(str(job.work["dataset"])),
    )
    return Reply(said, replace=replace)


def own_plan(db: Database, asker: Asker, value: str) -> Plan:
    """Find the plan that a button carries; raises RefusalError unless it is the asker's."""
    found = plans.get(db, int(value)) if value.isdecimal() else None
    if found is None:
        raise RefusalError(tr(NO_PLAN))
    if found.requested_by != asker.user:
        raise RefusalError(
            tr("This plan is <@{user}>'s: only they may queue it.", user=found.requested_by)
        )
    return found


def _own_to_change(db: Database, asker: Asker, value: str) -> Plan:
    found = own_plan(db, asker, value)
    if approvals.get(db, found.id) is not None:
        raise RefusalError(
            tr("This plan is what its approval was asked for. To change it, begin anew.")
        )
    return found


def _find_open(office: Office, asker: Asker, value: str) -> tuple[Plan, Dataset] | None:
    with opened(office.settings.data_dir) as db:
        found = _own_to_change(db, asker, value)
        dataset = datasets.get(db, found.work["dataset_hash"])
        return None if found.state != "open" or dataset is None else (found, dataset)


def _find_dataset(db: Database, content_hash: str) -> Dataset:
    dataset = datasets.get(db, content_hash)
    if dataset is None:
        raise RefusalError(tr(GONE))
    return dataset


def find_model(office: Office, typed: str | None) -> str:
    """Give the base model that was typed, or the usual one."""
    configs = (office.settings.data_dir / "models").glob("*/config.json")
    folders: dict[str, Path] = {path.parent.name: path.parent for path in configs}
    return draft.find_model(typed or office.settings.base_model, folders=folders)
