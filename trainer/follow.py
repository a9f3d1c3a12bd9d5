"""Bring what an attempt tells into the records, up to what its end means for the job."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import datetime
from itertools import takewhile
from pathlib import Path
from typing import Any

from sqlite_utils import Database

from storage import answers, corrections, datasets, encoders, jobs, models, runs, suspects
from storage.database import immediate
from storage.records import Job, Json, Run
from trainer import outcome
from trainer.engines import Engine, Observation
from trainer.events import read_segment
from trainer.spec import (
    BulkSummary,
    BulkWork,
    DataCard,
    Ended,
    Event,
    Failure,
    IntakeWork,
    Suspect,
    attempt_dir,
)

VANISHED = Failure(
    cause="killed", evidence="its processes were killed from outside, or the machine went down"
)
log = logging.getLogger(__name__)


def follow(db: Database, run: Run, *, engine: Engine, data_dir: Path, now: datetime) -> Observation:
    """Record what an attempt told since the last time, and its end once its processes are gone.

    Only then is its slot free: a process that has told its end still holds its memory.
    """
    seen = engine.observe(run.job, run.attempt)  # first: what is gone by now has told everything
    folder = attempt_dir(data_dir, run.job, run.attempt) / "events"
    segment = run.next_segment
    while (events := read_segment(folder, segment)) is not None:
        end = _find_end(events)
        if end is not None and seen != "gone":
            return seen
        with immediate(db):
            if _record(db, run, segment, events, now) and end is not None:
                _conclude(db, run, end, now)
        if end is not None:
            return seen
        segment += 1
    if seen == "gone":
        engine.write_off(run.job, run.attempt, VANISHED)  # the next round reads it as its end
    return seen


def _find_end(events: Sequence[Event]) -> Ended | None:
    return next((event.body for event in events if isinstance(event.body, Ended)), None)


def _record(db: Database, run: Run, segment: int, events: Sequence[Event], now: datetime) -> bool:
    rows = [event.model_dump(mode="json") for event in events]
    return runs.record(db, job=run.job, attempt=run.attempt, segment=segment, events=rows, now=now)


def _conclude(db: Database, run: Run, end: Ended, now: datetime) -> None:
    """Give the job its final state and register its result, or queue it to go on."""
    job = jobs.get(db, run.job)
    if job is None:
        return
    decision = outcome.decide(
        end,
        cancel_requested=job.cancel_requested_by is not None,
        lost_before=_count_lost(runs.of_job(db, job.id)[:-1]),
    )
    extra = {"action": decision, "job": job.id, "attempt": run.attempt}
    log.info("job %d: attempt %d %s", job.id, run.attempt, decision, extra=extra)
    if decision == "resume" or decision == "pause":  # noqa: PLR1714  (mypy narrows this one)
        state = "lost" if decision == "resume" else "cancelled"
        jobs.requeue(db, job.id, attempt=run.attempt, state=state, now=now)
        return
    failure = outcome.name_failure(end) if decision == "failed" else None
    jobs.finish(
        db,
        job.id,
        attempt=run.attempt,
        state=decision,
        now=now,
        failure=failure.model_dump() if failure else None,
        result=_register(db, job, end, now) if decision == "succeeded" else None,
        model=job.id if end.model else None,
    )


def _count_lost(earlier: Sequence[Run]) -> int:
    """Count the attempts lost in a row, the newest first."""
    return len(list(takewhile(lambda run: run.state == "lost", reversed(earlier))))


def _register(db: Database, job: Job, end: Ended, now: datetime) -> Json | None:
    """Register the data set, the model, the encoder or the answers; give the job's result."""
    if end.summary is not None and end.model is not None:
        summary = end.summary.model_dump(mode="json")
        models.register(db, job=job, path=end.model, summary=summary, now=now)
        return summary
    if end.encoder is not None:
        encoder = end.encoder.model_dump(mode="json")
        encoders.register(db, job=job, encoder=encoder, now=now)
        return encoder
    if end.bulk is not None:
        if end.bulk.summary is not None:
            _count_answers(db, BulkWork.model_validate(job.work), end.bulk.summary, now)
        return end.bulk.model_dump(mode="json")
    if end.intake is None:
        raise ValueError("a success without a result")
    if end.intake.card is not None:
        _register_dataset(db, job, end.intake.card.model_dump(mode="json"), now)
        _register_suspects(db, end.intake.card, end.intake.suspects)
    told = end.intake.model_copy(update={"suspects": []})  # they are registered by themselves
    return told.model_dump(mode="json")


def _register_dataset(db: Database, job: Job, card: Json, now: datetime) -> None:
    """Register what was read; a version made with corrections stays its owner's."""
    work = IntakeWork.model_validate(job.work)
    if work.corrects is None:
        datasets.register(db, card=card, added_by=job.requested_by, now=now)
        return
    before = datasets.get(db, work.corrects.dataset_hash)
    owner = before.added_by if before else job.requested_by
    made = datasets.register(db, card=card, added_by=owner, now=now)
    corrections.mark_used(db, work.corrects.numbers, made.hash)


def _register_suspects(db: Database, card: DataCard, found: Sequence[Suspect]) -> None:
    rows = [one.model_dump() for one in found]
    suspects.register(db, card.hash, card.name, rows)


def _count_answers(db: Database, work: BulkWork, found: BulkSummary, now: datetime) -> None:
    about: dict[str, Any] = {"alias": work.alias, "model": work.model, "now": now}
    for label, rows in found.labels.items():
        unsure = found.unsure.get(label, 0)
        for sure, n in ((True, rows - unsure), (False, unsure)):
            if n:
                answers.count(db, label=label, sure=sure, n=n, **about)
