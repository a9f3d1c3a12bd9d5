"""How Coach is doing: what trains, what waits, what serves, and whether anything is amiss."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import humanize
from sqlite_utils import Database

from bot import blocks, figures
from bot.asking import Block, Office
from bot.language import listed, tr, trn
from bot.wording import escape
from storage import deliveries, hosts, jobs, models, runs
from storage.records import Host, Job, Promotion, Run

WORKER_ALIVE = timedelta(seconds=30)  # it describes its machine every few seconds
SHOWN = 10  # jobs named before "and 7 more"


@dataclass(frozen=True)
class Snapshot:
    """What Coach is doing at one moment."""

    now: datetime
    running: Sequence[tuple[Job, Run | None]]
    queued: Sequence[Job]
    hosts: Sequence[Host]
    serving: Mapping[str, Promotion]
    unsent: int


def look(db: Database, now: datetime) -> Snapshot:
    return Snapshot(
        now=now,
        running=[(job, runs.get(db, job.id, job.attempt)) for job in jobs.running(db)],
        queued=jobs.queued(db),
        hosts=hosts.seen_since(db, now - WORKER_ALIVE),
        serving=models.aliases(db),
        unsent=deliveries.waiting(db),
    )


def home(db: Database, office: Office, _: str) -> list[Block]:
    text = status_text(look(db, office.clock()))
    hint = tr("`/coach help` shows what you can type.")
    title = tr("*How Coach is doing*")
    return [blocks.section(f"{title}\n{text}"), blocks.context(hint)]


def status_text(seen: Snapshot) -> str:
    lines = [_running(seen), _waiting(seen.queued), _serving(seen), *map(_host, seen.hosts)]
    if not seen.hosts:
        lines.insert(
            0, tr("*No worker is alive*, so jobs wait. `coach up` on the GPU host starts it.")
        )
    if seen.unsent:
        lines.append(
            trn(
                "{count} message is still on its way to Slack.",
                "{count} messages are still on their way to Slack.",
                seen.unsent,
            )
        )
    return "\n".join(lines)


def some(items: Sequence[str]) -> str:
    """List the first ten of some things, and how many more there are."""
    more = [tr("and {count} more", count=len(items) - SHOWN)] if len(items) > SHOWN else []
    return listed([*items[:SHOWN], *more])


def _running(seen: Snapshot) -> str:
    if not seen.running:
        return tr("Nothing is running right now.")
    told = [_progress(job, run) for job, run in seen.running]
    return trn(
        "One job is running: {jobs}.",
        "{count} jobs are running: {jobs}.",
        len(told),
        jobs=some(told),
    )


def _progress(job: Job, run: Run | None) -> str:
    told = [subject(job)]
    if run is not None and run.progress is not None:
        at = run.progress
        told.append(tr("step {step} of {steps}", step=at["step"], steps=at["max_steps"]))
        if at["eta_seconds"] is not None:
            told.append(tr("{duration} left", duration=figures.duration(at["eta_seconds"])))
    return tr("job {number} ({about})", number=job.id, about=listed(told))


def _waiting(queued: Sequence[Job]) -> str:
    if not queued:
        return tr("Nothing is waiting, so a new job starts at once.")
    told = [tr("job {number} ({about})", number=job.id, about=subject(job)) for job in queued]
    return trn(
        "One job is waiting: {jobs}.",
        "{count} jobs are waiting: {jobs}.",
        len(told),
        jobs=some(told),
    )


def _serving(seen: Snapshot) -> str:
    if not seen.serving:
        return tr("No model serves yet; `/train promote 12` lets a job's model serve.")
    served = [
        tr(
            "{name} (model {model}, since {ago})",
            name=f"{alias} v{p.version}",
            model=p.model,
            ago=figures.ago(seen.now - p.at),
        )
        for alias, p in seen.serving.items()
    ]
    return trn(
        "This model serves: {models}.",
        "These models serve: {models}.",
        len(served),
        models=some(served),
    )


def subject(job: Job) -> str:
    """Name what a job works on."""
    if "dataset" in job.work:
        return escape(str(job.work["dataset"]))
    if "filename" in job.work:
        return tr("reading {file}", file=escape(str(job.work["filename"])))
    return tr("an encoder for recommendations")


def _host(host: Host) -> str:
    slots = ", ".join(str(slot["name"]) for slot in host.slots if slot["kind"] in {"gpu", "cpu"})
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
