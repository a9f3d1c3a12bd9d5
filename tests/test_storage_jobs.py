"""Tests of the queue: one request is one job, with one final state, in a fair order."""

from __future__ import annotations

import multiprocessing
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from records import INTAKE_WORK, MINUTE, NOON, enqueue, start
from sqlite_utils import Database

from storage import jobs, runs, schema
from storage.database import opened


def test_the_same_request_makes_one_job(db: Database) -> None:
    first = enqueue(db, key="trigger-1")
    again = enqueue(db, key="trigger-1", now=NOON + MINUTE)
    assert again == first
    assert jobs.by_key(db, "trigger-1") == first
    assert len(jobs.queued(db)) == 1


def test_a_job_that_does_not_exist_is_none(db: Database) -> None:
    assert jobs.get(db, 7) is None
    assert jobs.claim(db, 7, slot="cpu:0", now=NOON) is None
    assert jobs.position(db, 7) is None


def test_higher_priority_starts_first_then_age(db: Database) -> None:
    first = enqueue(db, requested_by="U1")
    second = enqueue(db, requested_by="U2")
    urgent = enqueue(db, requested_by="U3", priority=5)
    assert [job.id for job in jobs.queued(db)] == [urgent.id, first.id, second.id]


def test_people_take_turns_within_a_priority(db: Database) -> None:
    """Fifty jobs of one person must not hold up another's first."""
    mine = [enqueue(db, requested_by="U1") for _ in range(3)]
    hers = enqueue(db, requested_by="U2")
    expected = [mine[0].id, hers.id, mine[1].id, mine[2].id]
    assert [job.id for job in jobs.queued(db)] == expected
    assert [jobs.position(db, number) for number in expected] == [0, 1, 2, 3]


def test_a_running_job_counts_as_a_turn_taken(db: Database) -> None:
    start(db, enqueue(db, requested_by="U1"))
    mine, hers = enqueue(db, requested_by="U1"), enqueue(db, requested_by="U2")
    assert [job.id for job in jobs.queued(db)] == [hers.id, mine.id]


def test_reading_a_file_takes_no_turn_of_training(db: Database) -> None:
    start(db, enqueue(db, work=INTAKE_WORK, requested_by="U1"), slot="reader:0")
    mine, hers = enqueue(db, requested_by="U1"), enqueue(db, requested_by="U2")
    assert [job.id for job in jobs.queued(db)] == [mine.id, hers.id]
    enqueue(db, work=INTAKE_WORK, priority=9)
    assert jobs.position(db, mine.id) == 0


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 1)), min_size=1, max_size=12))
def test_started_one_by_one_jobs_start_in_the_order_that_was_shown(
    requests: list[tuple[str, int]],
) -> None:
    """A position that people were told does not move back because of jobs already queued."""
    db = Database(memory=True)
    schema.MIGRATIONS.apply(db)
    for person, priority in requests:
        enqueue(db, requested_by=person, priority=priority)
    shown = [job.id for job in jobs.queued(db)]
    started = []
    while waiting := jobs.queued(db):
        started.append(start(db, waiting[0]).id)
    assert started == shown


def test_a_claim_starts_an_attempt_and_clears_what_the_last_one_left(db: Database) -> None:
    job = enqueue(db)
    jobs.explain_wait(db, job.id, "waiting for job 12 on cpu:0")
    first = start(db, job)
    assert (first.state, first.attempt, first.started_at) == ("running", 1, NOON)
    assert first.waits_for is None
    failure = {"cause": "unknown", "evidence": "…", "fix": {}}
    jobs.finish(db, job.id, attempt=1, state="failed", now=NOON, failure=failure)
    assert jobs.retry(db, job.id)
    second = start(db, job, now=NOON + MINUTE)
    assert (second.attempt, second.failure, second.ended_at) == (2, None, None)
    assert [run.state for run in runs.of_job(db, job.id)] == ["failed", "running"]


def test_a_queued_job_is_claimed_once(db: Database) -> None:
    job = enqueue(db)
    start(db, job)
    assert jobs.claim(db, job.id, slot="cpu:1", now=NOON) is None


def claim_all(data_dir: Path, claimed: multiprocessing.Queue[list[int]]) -> None:
    """Claim whatever is queued, against the other processes, until nothing is."""
    mine = []
    with opened(data_dir) as db:
        while waiting := jobs.queued(db, limit=5):
            mine += [
                job.id
                for job in waiting
                if jobs.claim(db, job.id, slot="cpu:0", now=NOON) is not None
            ]
    claimed.put(mine)


def test_four_processes_claim_every_job_once(data_dir: Path, db: Database) -> None:
    expected = sorted(enqueue(db).id for _ in range(200))
    context = multiprocessing.get_context("spawn")
    claimed: multiprocessing.Queue[list[int]] = context.Queue()
    workers = [context.Process(target=claim_all, args=(data_dir, claimed)) for _ in range(4)]
    for worker in workers:
        worker.start()
    everyone = sorted(number for _ in workers for number in claimed.get())
    for worker in workers:
        worker.join()
    assert everyone == expected


def test_an_attempt_that_was_replaced_cannot_finish_the_job(db: Database) -> None:
    job = start(db, enqueue(db))
    assert jobs.requeue(db, job.id, attempt=1, now=NOON)
    start(db, job)
    assert not jobs.finish(db, job.id, attempt=1, state="succeeded", now=NOON)
    assert not jobs.requeue(db, job.id, attempt=1, now=NOON)
    assert jobs.finish(db, job.id, attempt=2, state="succeeded", now=NOON, result={"n": 1})
    assert not jobs.finish(db, job.id, attempt=2, state="failed", now=NOON)
    final = jobs.get(db, job.id)
    assert final is not None
    assert (final.state, final.result, final.ended_at) == ("succeeded", {"n": 1}, NOON)


def test_cancelling_ends_a_queued_job_at_once_and_asks_a_running_one(db: Database) -> None:
    queued, running = enqueue(db), start(db, enqueue(db))
    ended = jobs.request_cancel(db, queued.id, by="U2", now=NOON)
    asked = jobs.request_cancel(db, running.id, by="U2", now=NOON)
    assert ended is not None
    assert asked is not None
    assert (ended.state, ended.ended_at) == ("cancelled", NOON)
    assert (asked.state, asked.cancel_requested_by) == ("running", "U2")
    assert jobs.claim(db, queued.id, slot="cpu:0", now=NOON) is None


def test_cancelling_changes_nothing_once_a_job_has_ended(db: Database) -> None:
    job = start(db, enqueue(db))
    jobs.finish(db, job.id, attempt=1, state="succeeded", now=NOON)
    after = jobs.request_cancel(db, job.id, by="U2", now=NOON)
    assert after is not None
    assert (after.state, after.cancel_requested_by) == ("succeeded", None)
    assert jobs.request_cancel(db, 99, by="U2", now=NOON) is None


def test_a_retry_of_a_cancelled_job_can_be_claimed(db: Database) -> None:
    job = enqueue(db)
    jobs.request_cancel(db, job.id, by="U1", now=NOON)
    assert jobs.retry(db, job.id)
    assert not jobs.retry(db, job.id)
    assert start(db, job).cancel_requested_by is None


def test_lists_say_what_is_there(db: Database) -> None:
    old, new = start(db, enqueue(db)), enqueue(db)
    jobs.finish(db, old.id, attempt=1, state="succeeded", now=NOON)
    enqueue(db, work=INTAKE_WORK)
    assert [job.id for job in jobs.recent(db)] == [new.id, old.id]
    assert [job.id for job in jobs.succeeded(db)] == [old.id]
    assert jobs.running(db) == []


def look_at_the_queue(db: Database) -> None:
    """Do what worker and bot do several times a second."""
    jobs.running(db)
    runs.running(db)
    jobs.queued(db)
    jobs.position(db, 1)
    jobs.to_announce(db, after=NOON)
    jobs.needing(db, "d" * 64)
    jobs.recent(db)
    jobs.succeeded(db)


def test_what_is_asked_often_never_looks_at_all_finished_jobs(db: Database) -> None:
    """A million of them must not slow the queue; SQLite's own plans tell."""
    asked: list[tuple[str, Any]] = []
    with db.tracer(lambda sql, values: asked.append((sql, values))):
        look_at_the_queue(db)
    selects = [(sql, values) for sql, values in asked if "SELECT" in sql]
    assert len(selects) == 8
    for sql, values in selects:
        steps = [step["detail"] for step in db.query(f"EXPLAIN QUERY PLAN {sql}", values)]
        for step in steps:
            few = "jobs_queued" in step or "jobs_running" in step
            assert few or not step.startswith("SCAN jobs") or "LIMIT" in sql, steps
            assert "jobs_by_end (kind=?)" not in step, steps
