"""Alerts: surges of negatives that were told, what people said of them, and what drifted."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Sequence
from datetime import datetime
from typing import Literal

from sqlite_utils import Database

from storage import audit
from storage.answering import Alert, AlertCount, Monitored
from storage.database import immediate
from storage.records import read, text

Decision = Literal["acknowledged", "snoozed", "false"]
ACTIONS: dict[Decision, str] = {
    "acknowledged": "alert acknowledge",
    "snoozed": "alert snooze",
    "false": "alert false",
}


def add(
    db: Database,
    *,
    monitor: int,
    topic: str,
    began_at: datetime,
    negatives: int,
    texts: int,
    expected: float,
    drivers: Sequence[str],
    now: datetime,
) -> Alert | None:
    """Raise an alert; None where one of this topic lasts. `drivers` are keys of texts."""
    rows = db.query(
        """
        INSERT INTO alerts (monitor, topic, began_at, raised_at, negatives, texts, expected,
                            drivers)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING RETURNING *
        """,
        (
            monitor,
            topic,
            text(began_at),
            text(now),
            negatives,
            texts,
            expected,
            json.dumps({"keys": list(drivers)}),
        ),
    )
    return next((read(Alert, row) for row in rows), None)


def update(
    db: Database,
    number: int,
    *,
    negatives: int,
    texts: int,
    expected: float,
    drivers: Sequence[str],
) -> None:
    """Note the newest figures of a surge that lasts."""
    db.execute(
        """
        UPDATE alerts SET negatives = ?, texts = ?, expected = ?, drivers = ?
        WHERE id = ? AND ended_at IS NULL
        """,
        (negatives, texts, expected, json.dumps({"keys": list(drivers)}), number),
    )


def end(db: Database, number: int, *, now: datetime) -> bool:
    """Note that a surge is over; False where that was known."""
    done = db.execute(
        "UPDATE alerts SET ended_at = ? WHERE id = ? AND ended_at IS NULL", (text(now), number)
    )
    return bool(done.rowcount)


def end_of_stopped(db: Database, *, now: datetime) -> None:
    """End the alerts of monitors that watch no more."""
    db.execute(
        """
        UPDATE alerts SET ended_at = ? WHERE ended_at IS NULL
            AND monitor IN (SELECT id FROM monitors WHERE stopped_at IS NOT NULL)
        """,
        (text(now),),
    )


def decide(
    db: Database,
    number: int,
    decision: Decision,
    *,
    by: str,
    now: datetime,
    until: datetime | None = None,
) -> bool:
    """Note what a person says of an alert; False where it was said before, or it isn't there.

    A false alarm ends it, and so does a snooze, which lasts `until` and needs a surge that lasts.
    What was called false stays so.
    """
    with immediate(db):
        before = get(db, number)
        if before is None or before.state in {"false", decision}:
            return False
        if decision == "snoozed" and before.ended_at is not None:
            return False
        db.execute(
            """
            UPDATE alerts SET state = ?, decided_by = ?, decided_at = ?, snoozed_until = ?
            WHERE id = ?
            """,
            (decision, by, text(now), text(until) if until else None, number),
        )
        if decision != "acknowledged":
            end(db, number, now=now)
        audit.note(
            db,
            by=by,
            action=ACTIONS[decision],
            subject=f"alert {number}",
            before=before.state,
            after=text(until) if until else decision,
            now=now,
        )
        return True


def get(db: Database, number: int) -> Alert | None:
    return next(_where(db, "id = ?", number), None)


def of_monitor(db: Database, monitor: int, *, since: datetime) -> list[Alert]:
    """List a monitor's alerts that last or were raised from a time on, oldest first."""
    condition = "monitor = ? AND (ended_at IS NULL OR raised_at >= ?) ORDER BY id"
    return list(_where(db, condition, monitor, text(since)))


def recent(db: Database, *, since: datetime) -> list[Alert]:
    """List the alerts that last, ended or were decided on from a time on, oldest first."""
    condition = "ended_at IS NULL OR ended_at >= ? OR decided_at >= ? ORDER BY id"
    return list(_where(db, condition, text(since), text(since)))


def between(db: Database, start: datetime, end: datetime) -> list[AlertCount]:
    """Count the alerts raised from `start` on and before `end`, the most frequent first."""
    rows = db.query(
        """
        SELECT monitor, topic, count(*) AS n, sum(state = 'false') AS false
        FROM alerts WHERE raised_at >= ? AND raised_at < ?
        GROUP BY monitor, topic ORDER BY n DESC, monitor, topic
        """,
        (text(start), text(end)),
    )
    return [read(AlertCount, row) for row in rows]


# --- the texts behind it --------------------------------------------------------------------


def driving(
    db: Database,
    monitor: int,
    *,
    topic: str,
    labels: Collection[str],
    since: datetime,
    limit: int = 5,
) -> list[str]:
    """List the keys of the texts with these labels that their model was surest of.

    A text that was said several times stands once.
    """
    rows = db.query(
        """
        SELECT key, max(confidence) AS sureness FROM monitored
        WHERE monitor = ? AND at >= ? AND topic = ? AND label IN (SELECT value FROM json_each(?))
        GROUP BY text ORDER BY sureness DESC, at DESC LIMIT ?
        """,
        (monitor, text(since), topic, json.dumps(list(labels)), limit),
    )
    return [row["key"] for row in rows]


def drivers(db: Database, alert: Alert) -> list[Monitored]:
    """Give the texts that drive an alert, the surest first; what was forgotten is missing."""
    rows = db.query(
        """
        SELECT * FROM monitored
        WHERE monitor = ? AND key IN (SELECT value FROM json_each(?))
        ORDER BY confidence DESC, at DESC
        """,
        (alert.monitor, json.dumps(alert.drivers["keys"])),
    )
    return [read(Monitored, row) for row in rows]


# --- drift ----------------------------------------------------------------------------------


def note_drift(db: Database, *, monitor: int, model: int, now: datetime) -> bool:
    """Note that a drift was told; False where it was told before."""
    done = db.execute(
        "INSERT INTO drifts VALUES (?, ?, ?) ON CONFLICT DO NOTHING", (monitor, model, text(now))
    )
    return bool(done.rowcount)


def has_drifted(db: Database, *, monitor: int, model: int) -> bool:
    sql = "SELECT 1 FROM drifts WHERE monitor = ? AND model = ?"
    return any(db.query(sql, (monitor, model)))


def _where(db: Database, condition: str, *values: str | int) -> Iterator[Alert]:
    rows = db.query(f"SELECT * FROM alerts WHERE {condition}", values)  # noqa: S608 - ours alone
    return (read(Alert, row) for row in rows)
