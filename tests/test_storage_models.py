"""Tests of models and aliases: every move is kept, none is made over an unseen one."""

from __future__ import annotations

import sqlite3

import pytest
from records import MINUTE, NOON, enqueue, make_summary, start
from sqlite_utils import Database

from storage import models
from storage.records import Model, Promotion


def register(db: Database) -> Model:
    job = start(db, enqueue(db))
    path = f"runs/{job.id}/attempt-1/model"
    return models.register(db, job=job, path=path, summary=make_summary(), now=NOON)


def promote(
    db: Database, model: Model, *, expected: int | None, alias: str = "sentiment"
) -> Promotion | None:
    return models.promote(
        db, alias=alias, model=model.id, expected=expected, by="U1", now=NOON, comparison={"n": 1}
    )


def test_a_model_has_the_number_of_its_job_and_is_registered_once(db: Database) -> None:
    job = start(db, enqueue(db))
    first = models.register(db, job=job, path="a", summary=make_summary(), now=NOON)
    again = models.register(db, job=job, path="b", summary=make_summary(), now=NOON + MINUTE)
    assert first.id == job.id
    assert again == first == models.get(db, job.id)
    assert (first.method, first.base_model, first.created_by) == ("full", "minilm", "U1")


def test_an_alias_serves_the_model_promoted_last(db: Database) -> None:
    assert models.serving(db, "sentiment") is None
    one, two = register(db), register(db)
    assert promote(db, one, expected=None) is not None
    newest = promote(db, two, expected=one.id)
    assert newest is not None
    assert (newest.version, newest.previous, newest.comparison) == (2, one.id, {"n": 1})
    assert models.serving(db, "sentiment") == (newest, two)
    assert [promotion.model for promotion in models.history(db, "sentiment")] == [two.id, one.id]


def test_nobody_promotes_over_a_model_that_his_gate_did_not_see(db: Database) -> None:
    one, two, three = (register(db) for _ in range(3))
    promote(db, one, expected=None)
    promote(db, two, expected=one.id)
    assert promote(db, three, expected=one.id) is None
    assert promote(db, three, expected=None) is None
    assert promote(db, three, expected=two.id) is not None


def test_aliases_are_separate_and_each_shows_its_newest(db: Database) -> None:
    one, two = register(db), register(db)
    promote(db, one, expected=None)
    promote(db, two, expected=one.id)
    promote(db, one, expected=None, alias="topic")
    newest = models.aliases(db)
    assert {alias: promotion.model for alias, promotion in newest.items()} == {
        "sentiment": two.id,
        "topic": one.id,
    }
    assert newest["sentiment"].version == 2


def test_an_alias_never_points_to_a_model_that_is_not_registered(db: Database) -> None:
    job = start(db, enqueue(db))
    with pytest.raises(sqlite3.IntegrityError, match="FOREIGN KEY"):
        models.promote(db, alias="sentiment", model=job.id, expected=None, by="U1", now=NOON)


def test_the_newest_models_are_listed_first(db: Database) -> None:
    one, two = register(db), register(db)
    assert models.recent(db) == [two, one]
    assert models.recent(db, limit=1) == [two]
