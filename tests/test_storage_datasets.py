"""Tests of the register of data sets: content is the identity, names have versions."""

from __future__ import annotations

import pytest
from records import NOON, make_card
from sqlite_utils import Database

from storage import datasets
from storage.records import Dataset


def register(db: Database, content: str, name: str = "reviews") -> Dataset:
    card = make_card(hash=content, name=name)
    return datasets.register(db, card=card, added_by="U1", now=NOON)


def test_the_same_content_is_the_same_data_set_under_any_name(db: Database) -> None:
    first = register(db, "a")
    assert register(db, "a", name="other") == first
    assert datasets.find(db, "other") is None


def test_new_content_under_a_taken_name_is_its_next_version(db: Database) -> None:
    titles = [register(db, content).title for content in "abc"]
    assert titles == ["reviews", "reviews@2", "reviews@3"]
    for title, content in {"reviews": "c", "reviews@1": "a", "reviews@2": "b"}.items():
        found = datasets.find(db, title)
        assert found is not None
        assert found.hash == content


@pytest.mark.parametrize("title", ["reviews@4", "reviews@x", "reviews@", "nothing", "", "@2"])
def test_what_is_not_registered_is_not_found(db: Database, title: str) -> None:
    register(db, "a")
    assert datasets.find(db, title) == (datasets.get(db, "a") if title == "reviews@" else None)


def test_the_newest_version_of_each_name_is_listed(db: Database) -> None:
    for content, name in [("a", "zoo"), ("b", "reviews"), ("c", "reviews")]:
        register(db, content, name)
    assert [dataset.title for dataset in datasets.all_newest(db)] == ["reviews@2", "zoo"]


def test_renaming_takes_all_versions_and_never_another_name(db: Database) -> None:
    register(db, "a")
    register(db, "b")
    register(db, "c", name="zoo")
    assert not datasets.rename(db, name="reviews", new_name="zoo", by="U1", now=NOON)
    assert datasets.rename(db, name="reviews", new_name="films", by="U1", now=NOON)
    assert [dataset.title for dataset in datasets.all_newest(db)] == ["films@2", "zoo"]


def test_a_forgotten_data_set_is_gone(db: Database) -> None:
    register(db, "a")
    datasets.forget(db, "a", by="U1", now=NOON)
    assert datasets.get(db, "a") is None


@pytest.mark.parametrize(
    ("name", "valid"),
    [
        ("reviews", True),
        ("a-b_2", True),
        ("a" * 40, True),
        ("a" * 41, False),
        ("", False),
        ("A", False),
        ("-a", False),
        ("a b", False),
        ("a@2", False),
        ("reviews\n", False),
    ],
)
def test_a_name_is_what_people_type_without_quotes(name: str, *, valid: bool) -> None:
    assert datasets.is_name(name) is valid
