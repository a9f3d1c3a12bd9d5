"""Tests of the records of attempts: events are neither lost nor doubled."""

from __future__ import annotations

from records import MINUTE, NOON, enqueue, start
from sqlite_utils import Database

from storage import jobs, runs
from storage.records import Json, text


def event(seq: int, **body: object) -> Json:
    return {"seq": seq, "at": text(NOON), "body": body}


def test_a_segment_is_recorded_once_and_moves_the_cursor(db: Database) -> None:
    job = start(db, enqueue(db))
    events = [event(0, type="phase", name="training"), event(1, type="progress", step=5)]
    for expected in (True, False):  # the second time it is a worker that did not see the first
        recorded = runs.record(db, job=job.id, attempt=1, segment=0, events=events, now=NOON)
        assert recorded is expected
    run = runs.get(db, job.id, 1)
    assert run is not None
    assert (run.next_segment, run.phase) == (1, "training")
    assert run.progress == {"type": "progress", "step": 5}
    assert [row["seq"] for row in runs.events(db, job.id)] == [0, 1]


def test_a_segment_out_of_turn_is_refused(db: Database) -> None:
    job = start(db, enqueue(db))
    assert not runs.record(db, job=job.id, attempt=1, segment=3, events=[], now=NOON)


def test_a_heartbeat_is_no_row_but_a_sign_of_life(db: Database) -> None:
    job = start(db, enqueue(db))
    beat = [event(0, type="heartbeat", memory_bytes=1)]
    runs.record(db, job=job.id, attempt=1, segment=0, events=beat, now=NOON + MINUTE)
    run = runs.get(db, job.id, 1)
    assert run is not None
    assert run.heartbeat_at == NOON + MINUTE
    assert runs.events(db, job.id) == []


def test_an_attempt_that_no_longer_runs_records_nothing(db: Database) -> None:
    job = start(db, enqueue(db))
    jobs.requeue(db, job.id, attempt=1, now=NOON)
    start(db, job)
    late = [event(0, type="checkpoint", step=1)]
    assert not runs.record(db, job=job.id, attempt=1, segment=0, events=late, now=NOON)
    assert runs.record(db, job=job.id, attempt=2, segment=0, events=late, now=NOON)
    assert [(row["attempt"], row["seq"]) for row in runs.events(db, job.id)] == [(2, 0)]


def test_events_are_listed_by_type_over_all_attempts(db: Database) -> None:
    job = start(db, enqueue(db))
    first = [event(0, type="started", resumed_from_step=None), event(1, type="checkpoint", step=4)]
    runs.record(db, job=job.id, attempt=1, segment=0, events=first, now=NOON)
    jobs.requeue(db, job.id, attempt=1, now=NOON)
    start(db, job)
    second = [event(0, type="started", resumed_from_step=4), event(1, type="evaluated", step=9)]
    runs.record(db, job=job.id, attempt=2, segment=0, events=second, now=NOON)
    started = runs.events(db, job.id, type_="started")
    assert [row["body"]["resumed_from_step"] for row in started] == [None, 4]
    newest = runs.get(db, job.id, 2)
    assert newest is not None
    assert newest.resumed_from_step == 4
    assert newest.evaluated == {"type": "evaluated", "step": 9}


def test_only_the_newest_attempts_of_running_jobs_occupy_slots(db: Database) -> None:
    ended, lost, running = (start(db, enqueue(db), slot=f"cpu:{n}") for n in range(3))
    jobs.finish(db, ended.id, attempt=1, state="failed", now=NOON)
    jobs.requeue(db, lost.id, attempt=1, now=NOON)
    start(db, lost, slot="cpu:9")
    assert [(run.job, run.attempt, run.slot) for run in runs.running(db)] == [
        (lost.id, 2, "cpu:9"),
        (running.id, 1, "cpu:2"),
    ]
