"""Tests of following an attempt: what it told is recorded once, and its end is acted on once."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from records import INTAKE_WORK, MINUTE, NOON, enqueue, start
from sqlite_utils import Database

from storage import datasets, jobs, runs
from storage.records import Job
from trainer import follow as following
from trainer import locks
from trainer.engines import Observation
from trainer.engines.local import LocalEngine
from trainer.events import EventWriter
from trainer.spec import (
    Body,
    Checkpoint,
    Column,
    ColumnQuestion,
    Ended,
    Failure,
    IntakeResult,
    Phase,
    attempt_dir,
)

QUESTION = ColumnQuestion(
    columns=[Column(name="a", examples=["x"], distinct=1)], text_guess=None, label_guess=None
)
ASKED = Ended(state="succeeded", intake=IntakeResult(question=QUESTION))
KILLED = Ended(state="failed", failure=Failure(cause="killed", evidence="killed by signal 9"))


@pytest.fixture
def engine(data_dir: Path) -> LocalEngine:
    return LocalEngine(data_dir, cpu_slots=1)


def tell(data_dir: Path, job: Job, *bodies: Body) -> Path:
    """Let an attempt have told something; gives its folder."""
    folder = attempt_dir(data_dir, job.id, job.attempt)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "runner.lock").touch()
    with EventWriter(folder / "events") as events:
        for body in bodies:
            events.write(body)
    return folder


@contextmanager
def alive(folder: Path) -> Iterator[None]:
    """Hold an attempt's lock as its processes do."""
    lock = locks.take(folder / "runner.lock")
    assert lock is not None
    with lock:
        yield


def follow(db: Database, engine: LocalEngine, data_dir: Path, job: Job) -> Observation:
    run = runs.get(db, job.id, job.attempt)
    assert run is not None
    return following.follow(db, run, engine=engine, data_dir=data_dir, now=NOON + MINUTE)


def reload(db: Database, job: Job) -> Job:
    found = jobs.get(db, job.id)
    assert found is not None
    return found


def test_what_a_live_attempt_tells_is_recorded_once(
    db: Database, engine: LocalEngine, data_dir: Path
) -> None:
    job = start(db, enqueue(db))
    folder = tell(data_dir, job, Phase(name="training"), Checkpoint(step=4))
    with alive(folder):
        assert [follow(db, engine, data_dir, job) for _ in range(2)] == ["alive", "alive"]
    assert [row["type"] for row in runs.events(db, job.id)] == ["phase", "checkpoint"]
    assert reload(db, job).state == "running"


def test_an_end_counts_once_the_processes_are_gone(
    db: Database, engine: LocalEngine, data_dir: Path
) -> None:
    """Until then they hold the slot's memory."""
    job = start(db, enqueue(db, work=INTAKE_WORK), slot="reader:0")
    folder = tell(data_dir, job, Phase(name="reading"), ASKED)
    with alive(folder):
        assert follow(db, engine, data_dir, job) == "alive"
        assert reload(db, job).state == "running"
    assert follow(db, engine, data_dir, job) == "gone"
    ended = reload(db, job)
    assert (ended.state, ended.ended_at) == ("succeeded", NOON + MINUTE)
    assert ended.result == IntakeResult(question=QUESTION).model_dump(mode="json")
    assert datasets.all_newest(db) == []
    assert [row["type"] for row in runs.events(db, job.id)] == ["phase", "ended"]


def test_an_attempt_that_was_never_started_is_told_from_one_that_died(
    db: Database, engine: LocalEngine, data_dir: Path
) -> None:
    assert follow(db, engine, data_dir, start(db, enqueue(db))) == "unstarted"


def test_an_attempt_that_died_without_a_word_is_written_off_and_resumed(
    db: Database, engine: LocalEngine, data_dir: Path
) -> None:
    job = start(db, enqueue(db))
    tell(data_dir, job, Checkpoint(step=4))
    assert follow(db, engine, data_dir, job) == "gone"
    assert reload(db, job).state == "running"  # its end stands in its events now:
    follow(db, engine, data_dir, job)
    assert reload(db, job).state == "queued"
    assert [run.state for run in runs.of_job(db, job.id)] == ["lost"]
    last = runs.events(db, job.id)[-1]["body"]
    assert last["failure"]["cause"] == "killed"


def test_a_job_that_is_killed_three_times_fails_and_starts_anew_when_a_person_retries(
    db: Database, engine: LocalEngine, data_dir: Path
) -> None:
    job = enqueue(db)
    for expected in ("queued", "queued", "failed"):
        job = start(db, job)
        tell(data_dir, job, KILLED)
        follow(db, engine, data_dir, job)
        job = reload(db, job)
        assert job.state == expected
    assert job.failure is not None
    assert job.failure["evidence"] == "killed by signal 9"
    assert jobs.retry(db, job.id)
    job = start(db, job)
    tell(data_dir, job, KILLED)
    follow(db, engine, data_dir, job)
    assert reload(db, job).state == "queued"


def test_a_job_killed_while_it_was_being_cancelled_is_cancelled(
    db: Database, engine: LocalEngine, data_dir: Path
) -> None:
    """Queued again, it could never be claimed."""
    job = start(db, enqueue(db))
    jobs.request_cancel(db, job.id, by="U2", now=NOON)
    tell(data_dir, job, KILLED)
    follow(db, engine, data_dir, job)
    assert reload(db, job).state == "cancelled"


def test_an_end_is_not_recorded_without_what_follows_from_it(
    db: Database, engine: LocalEngine, data_dir: Path
) -> None:
    """A success without a result is a fault: neither event nor state is kept of it."""
    job = start(db, enqueue(db))
    tell(data_dir, job, Ended(state="succeeded"))
    with pytest.raises(ValueError, match="without a result"):
        follow(db, engine, data_dir, job)
    assert runs.events(db, job.id) == []
    assert reload(db, job).state == "running"
