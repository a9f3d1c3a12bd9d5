"""Corrections are kept once, decided on once, and go when their time or their person says so."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from records import NOON, enqueue, make_card, make_summary, start
from sqlite_utils import Database

from storage import audit, corrections, datasets, jobs, models
from storage.answering import Correction

DAY = timedelta(days=1)


@pytest.fixture
def model(db: Database) -> int:
    datasets.register(db, card=make_card(), added_by="U1", now=NOON)
    job = start(db, enqueue(db))
    return models.register(db, job=job, path="runs", summary=make_summary(), now=NOON).id


def correct(db: Database, model: int, **changes: Any) -> Correction:
    values: dict[str, Any] = {
        "key": "U1 reviews 1",
        "alias": "sentiment",
        "model": model,
        "dataset": "reviews",
        "redacted": "not bad at all",
        "told": "negative",
        "label": "positive",
        "by": "U1",
        "now": NOON,
        "keep_until": NOON + 365 * DAY,
    }
    return corrections.add(db, **values | changes)


def test_the_same_text_of_one_person_is_one_correction_whose_label_may_change(
    db: Database, model: int
) -> None:
    first = correct(db, model)
    again = correct(db, model, label="neutral")
    assert (again.id, again.label) == (first.id, "neutral")
    corrections.decide(db, "reviews", {first.id: "accepted"}, by="U2", now=NOON)
    assert correct(db, model, label="positive").label == "neutral"


def test_a_batch_is_decided_once_and_noted_in_the_audit(db: Database, model: int) -> None:
    numbers = [correct(db, model, key=f"k{n}").id for n in range(3)]
    verdicts: dict[int, corrections.Verdict] = {numbers[0]: "accepted", numbers[1]: "rejected"}
    assert len(corrections.decide(db, "reviews", verdicts, by="U2", now=NOON)) == 2
    assert corrections.decide(db, "reviews", {numbers[0]: "rejected"}, by="U3", now=NOON) == []
    assert corrections.decide(db, "other", {numbers[2]: "accepted"}, by="U3", now=NOON) == []
    assert [one.id for one in corrections.open_of(db, "reviews")] == [numbers[2]]
    assert [one.decided_by for one in corrections.accepted_of(db, "reviews")] == ["U2"]
    (change,) = audit.find(db, "corrections")
    assert (change.by, change.after) == ("U2", "1 accepted, 1 rejected")


def test_what_waits_is_counted_by_data_set_until_it_is_used(db: Database, model: int) -> None:
    numbers = [correct(db, model, key=f"k{n}").id for n in range(2)]
    corrections.decide(db, "reviews", {numbers[0]: "accepted"}, by="U2", now=NOON)
    (found,) = corrections.waiting(db)
    assert (found.open, found.accepted, found.oldest) == (1, 1, numbers[1])
    corrections.mark_used(db, [numbers[0]], "e" * 64)
    assert [one.accepted for one in corrections.waiting(db)] == [0]
    assert [one.id for one in corrections.used_in(db, "e" * 64)] == [numbers[0]]
    assert [c.n for c in corrections.between(db, NOON, NOON + DAY)] == [1, 1]


def test_a_renamed_data_set_keeps_its_corrections(db: Database, model: int) -> None:
    correct(db, model)
    datasets.rename(db, name="reviews", new_name="notes", by="U1", now=NOON)
    assert len(corrections.open_of(db, "notes")) == 1


def test_a_person_takes_back_what_is_open_and_can_be_forgotten(db: Database, model: int) -> None:
    mine, theirs = correct(db, model), correct(db, model, key="U2", by="U2")
    assert not corrections.withdraw(db, mine.id, by="U2")
    assert corrections.withdraw(db, mine.id, by="U1")
    corrections.decide(db, "reviews", {theirs.id: "accepted"}, by="U1", now=NOON)
    assert not corrections.withdraw(db, theirs.id, by="U2")
    assert [c.id for c in corrections.forget(db, "U2", by="U2", now=NOON)] == [theirs.id]
    assert corrections.of_person(db, "U2") == []


def test_it_is_due_for_deletion_when_its_time_is_over(db: Database, model: int) -> None:
    kept = correct(db, model)
    assert corrections.due_for_deletion(db, NOON + 364 * DAY) == []
    assert corrections.due_for_deletion(db, NOON + 365 * DAY) == [kept]
    corrections.delete(db, [kept.id])
    assert corrections.get(db, kept.id) is None


def test_a_job_that_corrects_a_data_set_needs_it(db: Database) -> None:
    work = {"kind": "intake", "corrects": {"dataset_hash": "d" * 64, "numbers": [1]}}
    job = enqueue(db, work=work)
    assert [one.id for one in jobs.needing(db, "d" * 64)] == [job.id]
