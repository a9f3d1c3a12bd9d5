"""Look at jobs and stop them: list, show, cancel, logs."""

from __future__ import annotations

from datetime import datetime

import humanize

from bot import blocks, figures
from bot.asking import Asker, Block, Office, Reply
from bot.commands.train import CancelJob, ListJobs, ShowJob, ShowLogs
from bot.rights import require_owner
from bot.train import job_card, logs, summary
from bot.train.queue import find_job
from bot.wording import escape
from storage import jobs, runs
from storage.database import opened
from storage.records import FINAL, Job
from trainer.spec import TrainSummary

SHOWN = 10
NO_JOBS = (
    "There is no job yet. `/train data sample` brings a data set to try, `/train sample` trains."
)


def list_jobs(office: Office, _: Asker, __: ListJobs) -> Reply:
    """Show what waits and runs, in the order it starts, and the newest of what has ended."""
    with opened(office.settings.data_dir) as db:
        waiting = [job for job in jobs.queued(db) if job.kind == "train"]
        active = [job for job in jobs.running(db) if job.kind == "train"] + waiting
        ended = [job for job in jobs.recent(db, limit=2 * SHOWN) if job.state in FINAL]
    return say_list(active, ended[:SHOWN], now=office.clock())


def show_job(office: Office, _: Asker, command: ShowJob) -> Reply:
    """Show a job as its own message does, with its whole result where there is one."""
    with opened(office.settings.data_dir) as db:
        job = find_job(db, command.number)
        run = runs.get(db, job.id, job.attempt)
        card = job_card.card(job, run, ahead=jobs.position(db, job.id))
    if job.state != "succeeded":
        return Reply(card["text"], card["blocks"])
    result = summary.message(job, TrainSummary.model_validate(job.result))
    shown: list[Block] = [*result["blocks"], card["blocks"][-1]]
    return Reply(result["text"], shown)


def cancel(office: Office, asker: Asker, command: CancelJob) -> Reply:
    """Stop a job that waits or runs."""
    now = office.clock()
    with opened(office.settings.data_dir) as db:
        job = find_job(db, command.number)
        require_owner(office, asker, owner=job.requested_by, what=f"Job {job.id}")
        if job.state in FINAL:
            return Reply(f"Nothing to stop: job {job.id} has ended already ({job.state}).")
        after = jobs.request_cancel(db, job.id, by=asker.user, now=now)
    if after is not None and after.state == "cancelled":
        return Reply(f"Stopped: job {job.id} had not begun.")
    return Reply(f"Stopping job {job.id}: it saves a checkpoint first, which may take a minute.")


def press_stop(office: Office, asker: Asker, value: str) -> Reply:
    return cancel(office, asker, CancelJob(int(value)))


def show_logs(office: Office, _: Asker, command: ShowLogs) -> Reply:
    """Show the end of the newest attempt's log."""
    with opened(office.settings.data_dir) as db:
        job = find_job(db, command.number)
    tail = logs.read_tail(office.settings.data_dir, job.id, job.attempt)
    if not tail:
        return Reply(f"Job {job.id} has no log yet: it is {job.state}.")
    title = f"The end of the log of job {job.id}, attempt {job.attempt}"
    return Reply(title, [blocks.section(f"*{title}*"), blocks.section(logs.as_block(tail))])


def press_logs(office: Office, asker: Asker, value: str) -> Reply:
    return show_logs(office, asker, ShowLogs(int(value)))


def say_list(active: list[Job], ended: list[Job], *, now: datetime) -> Reply:
    if not active and not ended:
        return Reply(NO_JOBS)
    lines = [_line(job, now) for job in active[:SHOWN]]
    if len(active) > SHOWN:
        lines.append(f"and {len(active) - SHOWN} more that wait")
    parts = [
        "*Now*\n" + ("\n".join(lines) or "nothing runs or waits"),
        "*Ended*\n" + ("\n".join(_line(job, now) for job in ended) or "nothing yet"),
    ]
    hint = (
        f"`/train show {(active or ended)[0].id}` shows one of them, `/train models` what serves."
    )
    text = "\n".join([*parts, hint])
    return Reply(text, [*map(blocks.section, parts), blocks.context(hint)])


def _line(job: Job, now: datetime) -> str:
    model = escape(figures.model_name(job.work["base_model"]))
    what = f"{escape(job.work['dataset'])}, {model}, {job.work['recipe']['method']}"
    return (
        f"{job_card.ICONS[job.state]} *{job.id}*  {what}: {_state(job, now)}, <@{job.requested_by}>"
    )


def _state(job: Job, now: datetime) -> str:
    """Say how a job stands, in a few words."""
    if job.state == "succeeded":
        accuracy = (job.result or {})["scores"]["accuracy"]["value"]
        return f"{figures.percent(accuracy)} accuracy, {_ago(job.ended_at, now)}"
    if job.state == "failed":
        cause = str((job.failure or {})["cause"]).replace("_", " ")
        return f"failed ({cause}), {_ago(job.ended_at, now)}"
    if job.state == "cancelled":
        return f"cancelled, {_ago(job.ended_at, now)}"
    if job.state == "running":
        return f"running, started {_ago(job.started_at, now)}"
    return f"queued, {escape(job.waits_for or 'about to start')}"


def _ago(at: datetime | None, now: datetime) -> str:
    return humanize.naturaltime(now - at) if at else ""
