"""A surge is one alert while it lasts, and what people say of it counts once."""

from __future__ import annotations

from datetime import timedelta

import pytest
from records import NOON
from sqlite_utils import Database
from test_storage_monitors import begin, make_text

from storage import alerts, audit, monitors
from storage.answering import Alert, Monitor

HOUR = timedelta(hours=1)


@pytest.fixture
def monitor(db: Database) -> Monitor:
    return begin(db)


def raise_alert(db: Database, monitor: Monitor, topic: str = "all") -> Alert | None:
    return alerts.add(
        db,
        monitor=monitor.id,
        topic=topic,
        began_at=NOON - HOUR,
        negatives=8,
        texts=10,
        expected=1.5,
        drivers=["1.0"],
        now=NOON,
    )


@pytest.fixture
def alert(db: Database, monitor: Monitor) -> Alert:
    raised = raise_alert(db, monitor)
    assert raised is not None
    return raised


def test_a_topic_has_one_alert_while_its_surge_lasts(
    db: Database, monitor: Monitor, alert: Alert
) -> None:
    assert raise_alert(db, monitor) is None
    assert raise_alert(db, monitor, "billing") is not None
    assert alerts.end(db, alert.id, now=NOON)
    assert not alerts.end(db, alert.id, now=NOON)
    again = raise_alert(db, monitor)
    assert again is not None
    topics = [one.topic for one in alerts.of_monitor(db, monitor.id, since=NOON)]
    assert topics == ["all", "billing", "all"]


def test_a_decision_counts_once_and_is_in_the_audit(db: Database, alert: Alert) -> None:
    assert alerts.decide(db, alert.id, "acknowledged", by="U1", now=NOON)
    assert not alerts.decide(db, alert.id, "acknowledged", by="U2", now=NOON)
    assert alerts.decide(db, alert.id, "false", by="U2", now=NOON)
    assert not alerts.decide(db, alert.id, "acknowledged", by="U1", now=NOON)
    now = alerts.get(db, alert.id)
    assert now is not None
    assert (now.state, now.decided_by, now.ended_at) == ("false", "U2", NOON)
    assert [change.action for change in audit.find(db, "alert")] == [
        "alert false",
        "alert acknowledge",
    ]


def test_only_what_lasts_can_be_snoozed(db: Database, monitor: Monitor, alert: Alert) -> None:
    until = NOON + 4 * HOUR
    assert alerts.decide(db, alert.id, "snoozed", by="U1", now=NOON, until=until)
    assert not alerts.decide(db, alert.id, "snoozed", by="U1", now=NOON, until=until)
    (now,) = alerts.of_monitor(db, monitor.id, since=NOON)
    assert (now.snoozed_until, now.ended_at) == (until, NOON)


def test_drivers_are_the_surest_and_the_forgotten_are_missing(
    db: Database, monitor: Monitor, alert: Alert
) -> None:
    texts = [
        make_text(monitor, f"{n}.0", confidence=n / 10, text=f"bad {min(n, 8)}")
        for n in range(1, 10)  # the last says again what the one before said
    ]
    monitors.note_texts(db, monitor.id, texts)
    about = {"topic": "all", "labels": ["negative"], "since": NOON - HOUR}
    keys = alerts.driving(db, monitor.id, **about)  # type: ignore[arg-type]
    assert keys == ["9.0", "7.0", "6.0", "5.0", "4.0"]
    alerts.update(db, alert.id, negatives=9, texts=11, expected=1.6, drivers=keys)
    monitors.drop_text(db, monitor.id, "9.0")
    now = alerts.get(db, alert.id)
    assert now is not None
    assert [one.key for one in alerts.drivers(db, now)] == keys[1:]


def test_a_drift_is_noted_once(db: Database, monitor: Monitor) -> None:
    db.execute("PRAGMA foreign_keys = OFF")
    told = [alerts.note_drift(db, monitor=monitor.id, model=7, now=NOON) for _ in range(2)]
    assert told == [True, False]
    assert alerts.has_drifted(db, monitor=monitor.id, model=7)


def test_alerts_of_a_period_are_counted(db: Database, monitor: Monitor, alert: Alert) -> None:
    alerts.decide(db, alert.id, "false", by="U1", now=NOON)
    raise_alert(db, monitor)
    (count,) = alerts.between(db, NOON, NOON + HOUR)
    assert (count.topic, count.n, count.false) == ("all", 2, 1)
