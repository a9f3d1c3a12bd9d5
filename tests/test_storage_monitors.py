"""A monitor's texts are counted once each, as they are now, and the counts outlive the texts."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from records import NOON
from sqlite_utils import Database

from storage import audit, monitors
from storage.answering import Monitor, Monitored

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


@pytest.fixture
def monitor(db: Database) -> Monitor:
    return begin(db)


def begin(db: Database, key: str = "k1") -> Monitor:
    return monitors.add(
        db,
        key=key,
        kind="channel",
        source="C1",
        alias="sentiment",
        alarms_a_month=1,
        channel="C1",
        by="U1",
        now=NOON,
    )


def make_text(monitor: Monitor, key: str = "1.0", **changes: object) -> Monitored:
    made = Monitored(
        monitor.id, key, NOON, "all", "negative", 0.9, f"text {key}", NOON + 30 * DAY, author="U2"
    )
    return replace(made, **changes)  # type: ignore[arg-type]


def counts(db: Database, monitor: Monitor) -> dict[tuple[str, str], int]:
    found = monitors.series(db, monitor.id, since=NOON - DAY, until=NOON + DAY)
    return {(one.topic, one.label): one.n for one in found}


def test_a_request_begins_one_monitor_and_the_audit_knows(db: Database) -> None:
    assert begin(db) == begin(db) == monitors.all_open(db)[0]
    assert [change.action for change in audit.find(db)] == ["watch"]


def test_a_text_that_comes_twice_counts_once(db: Database, monitor: Monitor) -> None:
    texts = [make_text(monitor), make_text(monitor, "2.0")]
    assert monitors.note_texts(db, monitor.id, texts) == 2
    assert monitors.note_texts(db, monitor.id, texts) == 0
    assert counts(db, monitor) == {("all", "negative"): 2}


def test_an_edited_text_counts_as_it_is_now(db: Database, monitor: Monitor) -> None:
    monitors.note_texts(db, monitor.id, [make_text(monitor)])
    edited = make_text(monitor, text="better", label="positive", topic="app")
    assert monitors.note_texts(db, monitor.id, [edited]) == 1
    assert counts(db, monitor) == {("app", "positive"): 1}
    assert monitors.newest(db, monitor.id, since=NOON) == [edited]


def test_a_deleted_text_leaves_the_counts(db: Database, monitor: Monitor) -> None:
    monitors.note_texts(db, monitor.id, [make_text(monitor)])
    assert monitors.drop_text(db, monitor.id, "1.0")
    assert not monitors.drop_text(db, monitor.id, "1.0")
    assert counts(db, monitor) == {}


def test_the_counts_stay_when_the_texts_go(db: Database, monitor: Monitor) -> None:
    other = make_text(monitor, "2.0", keep_until=NOON + DAY, author="U3")
    monitors.note_texts(db, monitor.id, [make_text(monitor), other])
    assert monitors.of_person(db, "U2") == [make_text(monitor)]
    assert monitors.forget_person(db, "U2", by="U2", now=NOON) == 1
    assert monitors.forget_old(db, now=NOON + DAY) == 1
    assert monitors.newest(db, monitor.id, since=NOON) == []
    assert counts(db, monitor) == {("all", "negative"): 2}


def test_the_newest_texts_are_found_by_topic_and_label(db: Database, monitor: Monitor) -> None:
    texts = [make_text(monitor, f"{n}.0", at=NOON + n * HOUR) for n in range(4)]
    monitors.note_texts(db, monitor.id, [*texts, make_text(monitor, "9.0", label="positive")])
    found = monitors.newest(
        db, monitor.id, topic="all", label="negative", since=NOON + HOUR, limit=2
    )
    assert found == [texts[3], texts[2]]


def test_trouble_is_noted_once_and_is_over_once(db: Database, monitor: Monitor) -> None:
    assert monitors.set_trouble(db, monitor.id, "removed", now=NOON)
    assert not monitors.set_trouble(db, monitor.id, "removed", now=NOON + DAY)
    assert monitors.all_open(db)[0].trouble_since == NOON
    assert monitors.clear_trouble(db, monitor.id)
    assert not monitors.clear_trouble(db, monitor.id)


def test_what_was_read_well_ends_the_count_of_failures(db: Database, monitor: Monitor) -> None:
    assert [monitors.note_failure(db, monitor.id, now=NOON) for _ in range(2)] == [1, 2]
    monitors.move_cursor(db, monitor.id, {"etag": "x"}, now=NOON)
    found = monitors.get(db, monitor.id)
    assert found is not None
    assert (found.failures, found.cursor) == (0, {"etag": "x"})


def test_a_stopped_monitor_keeps_nothing_more(db: Database, monitor: Monitor) -> None:
    assert monitors.watching(db, "C1") == [monitor]
    assert monitors.stop(db, monitor.id, by="U1", now=NOON)
    assert not monitors.stop(db, monitor.id, by="U1", now=NOON)
    assert monitors.note_texts(db, monitor.id, [make_text(monitor)]) == 0
    assert monitors.watching(db, "C1") == monitors.all_open(db) == []
