"""Tests of plans: a card makes one job at most, and none after it was dropped."""

from __future__ import annotations

from records import MINUTE, NOON, TRAIN_WORK
from sqlite_utils import Database

from storage import jobs, plans
from storage.records import Plan


def draft(db: Database, key: str = "trigger-1") -> Plan:
    return plans.draft(
        db, key=key, work=TRAIN_WORK, priority=2, requested_by="U1", channel="C1", now=NOON
    )


def test_the_same_request_gives_the_same_plan(db: Database) -> None:
    assert draft(db) == draft(db) != draft(db, key="trigger-2")


def test_a_plan_queued_twice_makes_one_job(db: Database) -> None:
    plan = draft(db)
    first = plans.queue(db, plan.id, now=NOON)
    again = plans.queue(db, plan.id, now=NOON + MINUTE)
    assert first is not None
    assert again == first
    assert (first.priority, first.work, first.created_at) == (2, TRAIN_WORK, NOON)
    kept = plans.get(db, plan.id)
    assert kept is not None
    assert (kept.state, kept.job) == ("queued", first.id)


def test_a_dropped_plan_makes_no_job(db: Database) -> None:
    plan = draft(db)
    assert plans.drop(db, plan.id)
    assert not plans.drop(db, plan.id)
    assert plans.queue(db, plan.id, now=NOON) is None
    assert jobs.queued(db) == []


def test_a_plan_can_be_changed_while_it_is_open(db: Database) -> None:
    plan = draft(db)
    work = TRAIN_WORK | {"base_model": "bert-base-uncased"}
    changed = plans.change(db, plan.id, work=work, priority=0)
    assert changed is not None
    assert (changed.work, changed.priority) == (work, 0)
    plans.queue(db, plan.id, now=NOON)
    assert plans.change(db, plan.id, work=TRAIN_WORK, priority=0) is None
    assert not plans.drop(db, plan.id)


def test_what_was_never_planned_is_none(db: Database) -> None:
    assert plans.get(db, 9) is None
    assert plans.queue(db, 9, now=NOON) is None
