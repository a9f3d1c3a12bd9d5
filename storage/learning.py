"""Learning plans: what people were given to learn, in three tracks, and how far they are."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime
from typing import Literal

from sqlite_utils import Database

from storage import audit, resources
from storage.database import immediate
from storage.records import read, text
from storage.talent import Assignment, Track

_ASSIGNMENTS = """
    SELECT assignments.*, resources.title, learning_plans.track, learning_plans.owner
    FROM assignments JOIN resources ON resources.id = resource
    JOIN learning_plans ON learning_plans.id = plan
"""


def get(db: Database, number: int) -> Assignment | None:
    return next(_where(db, "assignments.id = ?", number), None)


def open_assignments(db: Database) -> list[Assignment]:
    """List what active members have still to do, what is due first at the top."""
    condition = """
        state = 'open' AND assignments.user IN (SELECT user FROM members WHERE active)
        ORDER BY due_on IS NULL, due_on, assignments.id
    """
    return list(_where(db, condition))


def of(db: Database, user: str) -> list[Assignment]:
    """List all of a person's plan: what is open by its due day, then what has ended."""
    condition = (
        "assignments.user = ? ORDER BY state != 'open', due_on IS NULL, due_on, assignments.id"
    )
    return list(_where(db, condition, user))


def everyone(db: Database) -> list[Assignment]:
    """List all assignments there ever were, in the order they were given."""
    return list(_where(db, "1 ORDER BY assignments.id"))


def progress(db: Database) -> dict[Track, tuple[int, int]]:
    """Count by track what is done, and all that was given to active members and not dropped."""
    rows = db.query(
        """
        SELECT track, sum(state = 'done') AS done, count(*) AS given
        FROM assignments JOIN learning_plans ON learning_plans.id = plan
        JOIN members ON members.user = assignments.user
        WHERE state != 'dropped' AND active GROUP BY track
        """
    )
    return {row["track"]: (row["done"], row["given"]) for row in rows}


def assign(
    db: Database,
    user: str,
    resource: int,
    *,
    track: Track,
    by: str,
    now: datetime,
    due_on: date | None = None,
) -> Assignment | None:
    """Put a resource into a person's plan of a track; None where they have it to do already."""
    with immediate(db):
        if any(one.resource == resource and one.state == "open" for one in of(db, user)):
            return None
        done = db.execute(
            """
            INSERT INTO assignments (plan, user, resource, due_on, assigned_by, assigned_at)
            VALUES (?, ?, ?, ?, ?, ?)
            """,
            (
                _plan(db, user, track, by=by, now=now),
                user,
                resource,
                due_on.isoformat() if due_on else None,
                by,
                text(now),
            ),
        )
        made = get(db, int(done.lastrowid or 0))
        subject = f"<@{user}> resource {resource}"
        audit.note(db, by=by, action="plan add", subject=subject, after=due_on, now=now)
        return made


def finish(
    db: Database, number: int, *, by: str, now: datetime, evidence: str | None = None
) -> Assignment | None:
    """Note that an assignment is done; None where it isn't open."""
    with immediate(db):
        ended = _end(db, number, "done", by=by, evidence=evidence, now=now)
        if ended is not None:
            resources.mark(db, ended.user, ended.resource, "done", now=now)
        return ended


def drop(db: Database, number: int, *, by: str, now: datetime) -> Assignment | None:
    """Take an assignment out of a plan; None where it isn't open."""
    return _end(db, number, "dropped", by=by, evidence=None, now=now)


def set_due(db: Database, number: int, due_on: date | None, *, by: str, now: datetime) -> None:
    """Let an assignment be due on another day, or on none."""
    with immediate(db):
        known = get(db, number)
        day = due_on.isoformat() if due_on else None
        db.execute("UPDATE assignments SET due_on = ? WHERE id = ?", (day, number))
        before = known and known.due_on
        subject = f"assignment {number}"
        audit.note(db, by=by, action="plan due", subject=subject, before=before, after=day, now=now)


def _plan(db: Database, user: str, track: Track, *, by: str, now: datetime) -> int:
    db.execute(
        """
        INSERT INTO learning_plans (user, track, owner, created_at) VALUES (?, ?, ?, ?)
        ON CONFLICT DO NOTHING
        """,
        (user, track, by, text(now)),
    )
    sql = "SELECT id FROM learning_plans WHERE user = ? AND track = ?"
    return int(next(iter(db.query(sql, (user, track))))["id"])


def _end(
    db: Database,
    number: int,
    state: Literal["done", "dropped"],
    *,
    by: str,
    evidence: str | None,
    now: datetime,
) -> Assignment | None:
    with immediate(db):
        done = db.execute(
            """
            UPDATE assignments SET state = ?, evidence = ?, ended_at = ?
            WHERE id = ? AND state = 'open'
            """,
            (state, evidence, text(now), number),
        )
        if not done.rowcount:
            return None
        subject = f"assignment {number}"
        audit.note(db, by=by, action=f"plan {state}", subject=subject, before="open", now=now)
        return get(db, number)


def _where(db: Database, condition: str, *values: str | int) -> Iterator[Assignment]:
    rows = db.query(f"{_ASSIGNMENTS} WHERE {condition}", values)
    return (read(Assignment, row) for row in rows)
