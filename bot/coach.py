"""What /coach does, and the Home tab: help, how Coach is doing, who is who."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby
from pathlib import Path
from typing import Any

import humanize
from slack_sdk.errors import SlackApiError

from bot import figures
from bot.answers import words
from bot.asking import Asker, Block, Feature, Listener, Office, RefusalError, Reply
from bot.commands.coach import Help, Status, Who
from bot.commands.words import Usage
from bot.language import listed, tr, trn
from bot.usage import USAGE, about, names
from bot.wording import STATES, code, did_you_mean, escape
from storage import deliveries, hosts, jobs, models, runs
from storage.database import opened
from storage.records import Host, Job, Promotion, Run

log = logging.getLogger(__name__)

WORKER_ALIVE = timedelta(seconds=30)  # it describes its machine every few seconds
SHOWN = 10  # jobs named before "and 7 more"


# --- gather ---------------------------------------------------------------------------------


@dataclass(frozen=True)
class Snapshot:
    """What Coach is doing at one moment."""

    now: datetime
    running: Sequence[tuple[Job, Run | None]]
    queued: Sequence[Job]
    hosts: Sequence[Host]
    serving: Mapping[str, Promotion]
    unsent: int


def look(data_dir: Path, now: datetime) -> Snapshot:
    with opened(data_dir) as db:
        return Snapshot(
            now=now,
            running=[(job, runs.get(db, job.id, job.attempt)) for job in jobs.running(db)],
            queued=jobs.queued(db),
            hosts=hosts.seen_since(db, now - WORKER_ALIVE),
            serving=models.aliases(db),
            unsent=deliveries.waiting(db),
        )


# --- words, pure ----------------------------------------------------------------------------


def help_text(topic: str | None, *, admin: bool) -> str:
    """Say what the asker may type; in full where it is one verb. RefusalError: no such topic."""
    found = about(topic)
    if not found:
        known = {name for usage in USAGE for name in names(usage) if name}
        raise RefusalError(
            tr(
                "There is no help on {topic}.{meant} `/coach help` shows everything.",
                topic=code(topic or ""),
                meant=did_you_mean(topic or "", known),
            )
        )
    if len(found) == 1:
        return _in_full(found[0], admin=admin)
    parts = [
        "\n".join([f"*{command}*", *(f"• `{u.example}`  {tr(u.meaning)}" for u in usages)])
        for command, usages in groupby(found, key=lambda usage: usage.command)
    ]
    return "\n\n".join([*parts, tr("More on one of them: `/coach help retry`.")])


def _in_full(usage: Usage, *, admin: bool) -> str:
    arguments = [f"• `<{name}>`  {tr(a.meaning)}" for name, a in usage.arguments.items()]
    options = [
        f"• `{name.rstrip('_')}=`  {tr(option.meaning)} ({tr(option.values)})"
        for name, option in usage.options.items()
        if admin or not option.admins
    ]
    line = f"`{escape(usage.line(admin=admin))}`"
    details = [escape(argument) for argument in arguments] + options
    example = tr("For example: `{example}`", example=usage.example)
    return "\n".join([line, tr(usage.meaning), *details, example])


def status_text(seen: Snapshot) -> str:
    lines = [
        *(_host(host) for host in seen.hosts),
        _running(seen),
        _waiting(seen.queued),
        _serving(seen),
    ]
    if not seen.hosts:
        lines.insert(
            0, tr("*No worker is alive*, so jobs wait. `coach up` on the GPU host starts it.")
        )
    if seen.unsent:
        lines.append(
            trn(
                "{count} message on the way to Slack.",
                "{count} messages on the way to Slack.",
                seen.unsent,
            )
        )
    return "\n".join(lines)


def who_text(seen: Snapshot, *, user: str, admins: Iterable[str]) -> str:
    said = tr("To Coach you are <@{user}>, you run and stop your own jobs.", user=user)
    if user in admins:
        said = tr(
            "To Coach you are <@{user}>, an admin: you may also stop others' jobs and overrule "
            "the gate.",
            user=user,
        )
    running = [_owned(job) for job, _ in seen.running]
    waiting = [_owned(job) for job in seen.queued]
    promoted = [_promoted(seen, alias, promotion) for alias, promotion in seen.serving.items()]
    return "\n".join(
        [
            said,
            tr("Running: {jobs}.", jobs=_listed(running)),
            tr("Waiting: {jobs}.", jobs=_listed(waiting)),
            tr("Serving: {models}.", models=_listed(promoted)),
        ]
    )


def _owned(job: Job) -> str:
    return tr("job {number} of <@{user}>", number=job.id, user=job.requested_by)


def _promoted(seen: Snapshot, alias: str, promotion: Promotion) -> str:
    told = {"name": f"{alias} v{promotion.version}", "model": promotion.model}
    told |= {"user": promotion.by, "ago": figures.ago(seen.now - promotion.at)}
    if promotion.reason is None:
        return tr("{name}: model {model}, promoted by <@{user}> {ago}", **told)
    return tr(
        "{name}: model {model}, promoted by <@{user}> {ago} because “{reason}”",
        **told,
        reason=escape(promotion.reason),
    )


def home_view(seen: Snapshot, *, user: str) -> dict[str, Any]:
    mine = [job for job, _ in seen.running if job.requested_by == user]
    mine += [job for job in seen.queued if job.requested_by == user]
    yours = [
        tr(
            "job {number} ({state}, {subject})",
            number=job.id,
            state=tr(STATES[job.state]),
            subject=_subject(job),
        )
        for job in mine
    ]
    lines = [
        status_text(seen),
        tr("Yours: {jobs}.", jobs=_listed(yours)),
        tr("`/coach help` shows what you can type."),
    ]
    blocks: list[Block] = [
        {"type": "header", "text": {"type": "plain_text", "text": "Coach"}},
        *({"type": "section", "text": {"type": "mrkdwn", "text": line}} for line in lines),
    ]
    return {"type": "home", "blocks": blocks}


def _host(host: Host) -> str:
    slots = ", ".join(str(slot["name"]) for slot in host.slots if slot["kind"] != "reader")
    free, whole, disk = (
        humanize.naturalsize(size, binary=True)
        for size in (host.memory_free_bytes, host.memory_bytes, host.disk_free_bytes)
    )
    return tr(
        "The worker on {host} is well: {slots}; {free} of {whole} memory and {disk} of disk are "
        "free.",
        host=escape(host.name),
        slots=escape(slots),
        free=free,
        whole=whole,
        disk=disk,
    )


def _running(seen: Snapshot) -> str:
    return tr("Running: {jobs}.", jobs=_listed([_progress(job, run) for job, run in seen.running]))


def _progress(job: Job, run: Run | None) -> str:
    told = [_subject(job)]
    if run is not None and run.progress is not None:
        at = run.progress
        told.append(tr("step {step} of {steps}", step=at["step"], steps=at["max_steps"]))
        if at["eta_seconds"] is not None:
            told.append(tr("{duration} left", duration=figures.duration(at["eta_seconds"])))
    return tr("job {number} ({about})", number=job.id, about=listed(told))


def _waiting(queued: Sequence[Job]) -> str:
    waiting = [tr("job {number} ({about})", number=job.id, about=_subject(job)) for job in queued]
    return tr("Waiting: {jobs}.", jobs=_listed(waiting))


def _serving(seen: Snapshot) -> str:
    if not seen.serving:
        return tr("Serving: nothing yet; `/train promote 12` lets a job's model serve.")
    served = [
        tr(
            "{name} (model {model}, since {ago})",
            name=f"{alias} v{p.version}",
            model=p.model,
            ago=figures.ago(seen.now - p.at),
        )
        for alias, p in seen.serving.items()
    ]
    return tr("Serving: {models}.", models=_listed(served))


def _subject(job: Job) -> str:
    if job.kind == "train":
        return escape(str(job.work["dataset"]))
    return tr("reading {file}", file=escape(str(job.work["filename"])))


def _listed(items: Sequence[str]) -> str:
    if not items:
        return tr("nothing")
    more = [tr("and {count} more", count=len(items) - SHOWN)] if len(items) > SHOWN else []
    return listed([*items[:SHOWN], *more])


# --- handlers -------------------------------------------------------------------------------


async def show_help(office: Office, asker: Asker, command: Help) -> Reply:
    return Reply(help_text(command.topic, admin=asker.user in office.settings.admins))


async def show_status(office: Office, _: Asker, __: Status) -> Reply:
    return Reply(status_text(await _look(office)))


async def show_who(office: Office, asker: Asker, _: Who) -> Reply:
    admins = office.settings.admins
    return Reply(who_text(await _look(office), user=asker.user, admins=admins))


async def show_home(office: Office, asker: Asker, _: Mapping[str, Any]) -> None:
    view = home_view(await _look(office), user=asker.user)
    try:
        await office.client.views_publish(user_id=asker.user, view=view)
    except SlackApiError as error:  # a nicety: nobody asked for it in words
        log.warning("no Home tab", extra={"why": words(error)})


async def _look(office: Office) -> Snapshot:
    return await asyncio.to_thread(look, office.settings.data_dir, office.clock())


FEATURE = Feature(
    commands={Help: show_help, Status: show_status, Who: show_who},
    events={"app_home_opened": Listener(show_home, lambda event: event.get("tab") == "home")},
)
