"""Attempts at a job: their events, told once each, and how far they are."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from datetime import datetime

from sqlite_utils import Database

from storage.database import immediate
from storage.records import Json, Run, Use, read, text

# The newest event of these types is kept on the run itself, for the live message.
_NEWEST = {"phase": "phase", "progress": "progress", "rows": "progress", "evaluated": "evaluated"}


def get(db: Database, job: int, attempt: int) -> Run | None:
    return next(_where(db, "job = ? AND attempt = ?", job, attempt), None)


def of_job(db: Database, job: int) -> list[Run]:
    """List the attempts at a job, oldest first."""
    return list(_where(db, "job = ? ORDER BY attempt", job))


def running(db: Database) -> list[Run]:
    """List the attempts that occupy a slot."""
    condition = """
        (job, attempt) IN (SELECT id, attempt FROM jobs WHERE state = 'running') ORDER BY job
    """
    return list(_where(db, condition))


def used(db: Database, start: datetime, end: datetime) -> list[Use]:
    """List what attempts at training took of devices in a time, those that reach over its ends too."""
    rows = db.query(
        """
        SELECT runs.job, runs.attempt, requested_by, channel,
               coalesce(json_extract(work, '$.dataset'), '') AS dataset,
               runs.started_at, runs.ended_at,
               coalesce(json_extract(work, '$.devices'), 1) AS devices,
               coalesce((SELECT json_extract(body, '$.device') FROM events
                         WHERE events.job = runs.job AND events.attempt = runs.attempt
                         AND type = 'started' LIMIT 1), slot) AS device
        FROM runs JOIN jobs ON jobs.id = runs.job
        WHERE kind NOT IN ('intake', 'bulk') AND runs.started_at < ?
        AND (runs.ended_at > ? OR runs.ended_at IS NULL)
        ORDER BY runs.job, runs.attempt
        """,
        (text(end), text(start)),
    )
    return [read(Use, row) for row in rows]


def record(
    db: Database, *, job: int, attempt: int, segment: int, events: Sequence[Json], now: datetime
) -> bool:
    """Store one segment's events and move the cursor past it, in one transaction.

    Events are trainer.spec.Event as data. False where the attempt no longer runs or the segment
    was read before: nothing is written twice. `heartbeat_at` becomes `now`.
    """
    with immediate(db):
        moved = db.execute(
            """
            UPDATE runs SET next_segment = ?, heartbeat_at = ?
            WHERE job = ? AND attempt = ? AND next_segment = ? AND state = 'running'
            """,
            (segment + 1, text(now), job, attempt, segment),
        )
        if not moved.rowcount:
            return False
        for event in events:
            _store(db, job, attempt, event)
        return True


def events(db: Database, job: int, *, type_: str | None = None) -> list[Json]:
    """List the events of all attempts at a job as {attempt, seq, at, type, body}, in order."""
    condition = "job = ?" if type_ is None else "job = ? AND type = ?"
    values = (job,) if type_ is None else (job, type_)
    rows = db.query(
        f"SELECT * FROM events WHERE {condition} ORDER BY attempt, seq",  # noqa: S608 - ours alone
        values,
    )
    return [row | {"body": json.loads(row["body"])} for row in rows]


def trials(db: Database, job: int) -> list[Json]:
    """List the trials of a sweep that are over, by number: each attempt tells them all again."""
    found = {event["body"]["number"]: event["body"] for event in events(db, job, type_="trial")}
    return [found[number] for number in sorted(found)]


def _store(db: Database, job: int, attempt: int, event: Json) -> None:
    body = event["body"]
    if body["type"] == "heartbeat":
        return
    values = (job, attempt, event["seq"], event["at"], body["type"], json.dumps(body))
    db.execute("INSERT OR IGNORE INTO events VALUES (?, ?, ?, ?, ?, ?)", values)
    if body["type"] == "started":
        _set(db, job, attempt, column="resumed_from_step", value=body["resumed_from_step"])
    elif (column := _NEWEST.get(body["type"])) is not None:
        value = body["name"] if column == "phase" else json.dumps(body)
        _set(db, job, attempt, column=column, value=value)


def _set(db: Database, job: int, attempt: int, *, column: str, value: str | int | None) -> None:
    db.execute(
        f"UPDATE runs SET {column} = ? WHERE job = ? AND attempt = ?",  # noqa: S608 - ours alone
        (value, job, attempt),
    )


def _where(db: Database, condition: str, *values: int) -> Iterator[Run]:
    rows = db.query(f"SELECT * FROM runs WHERE {condition}", values)  # noqa: S608 - ours alone
    return (read(Run, row) for row in rows)
