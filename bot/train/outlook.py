"""What a job would meet if it was queued now, gathered from the records."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlite_utils import Database

from bot.status import WORKER_ALIVE
from bot.train import draft
from bot.train.estimate import (
    Memory,
    Span,
    estimate_duration,
    estimate_memory,
    estimate_wait,
)
from storage import datasets, hosts, jobs, runs
from storage.records import Dataset, Host, Job, Json
from trainer.spec import TrainSummary, TrainWork, resolve_base_model

LATER = 1.3  # what a running job may take of its own estimate


@dataclass(frozen=True)
class Outlook:
    """What to expect of a job, as far as it can be known before it runs."""

    ahead: int  # jobs that start before it or run now
    slots: int  # jobs that run at once; 0 where no worker is alive
    wait: Span | None
    takes: Span | None
    memory: Memory | None
    memory_bytes: int = 0  # of the slot it would run in
    doubts: Sequence[str] = ()


def gather(
    db: Database, work: TrainWork, dataset: Dataset, *, priority: int, now: datetime
) -> Outlook:
    done = jobs.succeeded(db)
    slots = find_slots(db, now)
    ahead = _find_ahead(db, priority)
    past = _select_alike(done, work)
    return Outlook(
        ahead=len(ahead),
        slots=len(slots),
        wait=estimate_wait([estimate_rest(db, job, done) for job in ahead], len(slots)),
        takes=estimate_duration(work, draft.train_rows(dataset), past),
        memory=estimate_memory(work, past, read_config(work.base_model)),
        memory_bytes=max((int(slot["memory_bytes"]) for slot in slots), default=0),
        doubts=draft.find_doubts(work, used=[job.work["base_model"] for job in done]),
    )


def read_config(base_model: str) -> dict[str, Any] | None:
    """Read the `config.json` of a model that lies on this machine; None where it doesn't."""
    path = Path(resolve_base_model(base_model)) / "config.json"
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return found if isinstance(found, dict) else None


def find_hosts(db: Database, now: datetime) -> list[Host]:
    """List the machines whose worker is alive."""
    return hosts.seen_since(db, now - WORKER_ALIVE)


def find_slots(db: Database, now: datetime) -> list[Json]:
    """List the slots that train, of the machines whose worker is alive."""
    return [
        slot
        for host in find_hosts(db, now)
        for slot in host.slots
        if slot["kind"] in {"gpu", "cpu"}
    ]


def _find_ahead(db: Database, priority: int) -> list[Job]:
    waiting = [job for job in jobs.queued(db) if job.priority >= priority]
    return [job for job in [*jobs.running(db), *waiting] if job.kind == "train"]


def _select_alike(done: Sequence[Job], work: TrainWork) -> list[TrainSummary]:
    """Read the results of the same model and method; a whole result is long, so only those."""
    wanted = (work.base_model, work.recipe.method)
    return [
        TrainSummary.model_validate(job.result)
        for job in done
        if job.result and (job.result["base_model"], job.result["recipe"]["method"]) == wanted
    ]


def estimate(db: Database, work: TrainWork, done: Sequence[Job]) -> Span | None:
    """Give the time that work takes, by the jobs that are done; None where it isn't known."""
    dataset = datasets.get(db, work.dataset_hash)
    if dataset is None:
        return None
    return estimate_duration(work, draft.train_rows(dataset), _select_alike(done, work))


def estimate_rest(db: Database, job: Job, done: Sequence[Job]) -> Span | None:
    """Give the time a running or queued job still takes; of a search, all of it at most."""
    run = runs.get(db, job.id, job.attempt)
    searches = job.work.get("sweep") is not None  # its progress is a trial's
    if (
        run
        and not searches
        and run.state == "running"
        and run.progress
        and run.progress["eta_seconds"] is not None
    ):
        eta = float(run.progress["eta_seconds"])
        return Span(eta, eta * LATER)
    return estimate(db, TrainWork.model_validate(job.work), done)
