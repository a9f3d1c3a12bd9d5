"""Schedules: what comes by itself, by which rule, and up to when it was seen to."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from sqlite_utils import Database

from storage import audit, deliveries
from storage.database import immediate
from storage.records import read, text
from storage.talent import Schedule


def add(
    db: Database,
    *,
    key: str,
    kind: str,
    channel: str,
    rule: str | None,
    starts_at: str,
    zone: str,
    by: str,
    now: datetime,
) -> Schedule:
    """Add a schedule; the same request, known by its key, adds one. Only what is after now comes.

    `rule` is RRULE text, None for once; `starts_at` is naive and local to `zone`.
    """
    with immediate(db):
        done = db.execute(
            """
            INSERT INTO schedules (key, kind, channel, rule, starts_at, zone, created_by,
                                   created_at, handled_until)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (key) DO NOTHING
            """,
            (key, kind, channel, rule, starts_at, zone, by, text(now), text(now)),
        )
        added = next(_where(db, "key = ?", key))
        if done.rowcount:
            audit.note(
                db,
                by=by,
                action="report schedule",
                subject=f"schedule {added.id}",
                after=f"{kind} <#{channel}> {rule or 'once'} {starts_at} {zone}",
                now=now,
            )
        return added


def get(db: Database, number: int) -> Schedule | None:
    return next(_where(db, "id = ?", number), None)


def all_open(db: Database) -> list[Schedule]:
    return list(_where(db, "stopped_at IS NULL ORDER BY id"))


def stop(db: Database, number: int, *, by: str, now: datetime) -> bool:
    """End a schedule, with what it has put and not sent yet; False where it had ended."""
    with immediate(db):
        done = db.execute(
            "UPDATE schedules SET stopped_by = ?, stopped_at = ? WHERE id = ? AND stopped_at IS NULL",
            (by, text(now), number),
        )
        if done.rowcount:
            deliveries.cancel(db, delivery_key(number), why="stopped")
            audit.note(db, by=by, action="report stop", subject=f"schedule {number}", now=now)
        return bool(done.rowcount)


def move_cursor(db: Database, schedule: Schedule, *, to: datetime) -> bool:
    """Note up to when a schedule was seen to; what comes once ends with it.

    False where it was stopped, or another bot moved it since it was read.
    """
    ended = None if schedule.rule else text(to)
    done = db.execute(
        """
        UPDATE schedules SET handled_until = ?, stopped_at = ?
        WHERE id = ? AND handled_until = ? AND stopped_at IS NULL
        """,
        (text(to), ended, schedule.id, text(schedule.handled_until)),
    )
    return bool(done.rowcount)


def delivery_key(number: int, local_time: str = "") -> str:
    """Name what a schedule sends at a local time; without one, the beginning of all its keys."""
    return f"report:{number}:{local_time}"


def _where(db: Database, condition: str, *values: str | int) -> Iterator[Schedule]:
    rows = db.query(f"SELECT * FROM schedules WHERE {condition}", values)  # noqa: S608 - ours alone
    return (read(Schedule, row) for row in rows)
