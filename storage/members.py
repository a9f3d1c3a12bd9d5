"""Members: who is on the team, how they wish to be reached, and when they are away."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import date, datetime
from typing import Any, Literal

from sqlite_utils import Database

from storage import audit
from storage.database import immediate
from storage.records import read, text
from storage.talent import Leave, Member


def get(db: Database, user: str) -> Member | None:
    return next(_where(db, "user = ?", user), None)


def all_active(db: Database) -> list[Member]:
    """List the people on the team; guests, by Slack or by role, bots and who left are none of them."""
    condition = """
        active AND kind = 'person'
        AND user NOT IN (SELECT user FROM roles WHERE role = 'guest') ORDER BY user
    """
    return list(_where(db, condition))


def ensure(
    db: Database,
    user: str,
    *,
    name: str,
    kind: Literal["person", "guest", "bot"],
    zone: str,
    language: str,
    now: datetime,
) -> Member:
    """Add a member where there is none; one who is known stays as they are."""
    with immediate(db):
        db.execute(
            """
            INSERT INTO members (user, name, kind, zone, language, joined_at)
            VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (user) DO NOTHING
            """,
            (user, name, kind, zone, language, text(now)),
        )
        return next(_where(db, "user = ?", user))


def change(db: Database, user: str, *, by: str, now: datetime, **fields: object) -> Member:
    """Set fields of a member, each that differs with its audit row; KeyError: no such member."""
    with immediate(db):
        before = _require(db, user)
        changed = {name: new for name, new in fields.items() if getattr(before, name) != new}
        for name, new in changed.items():
            db.execute(
                f"UPDATE members SET {name} = ? WHERE user = ?",  # noqa: S608 - a field's name
                (_stored(new), user),
            )
        _note(db, user, by=by, now=now, before=vars(before), after=changed)
        return _require(db, user)


def note_digest(db: Database, user: str, day: date) -> None:
    """Note the local day up to which a member's digests are decided on."""
    db.execute("UPDATE members SET digested_on = ? WHERE user = ?", (day.isoformat(), user))


def deactivate(db: Database, user: str, *, by: str, now: datetime) -> bool:
    """Note that somebody left; False where they had left before or were never here."""
    with immediate(db):
        done = db.execute(
            "UPDATE members SET active = 0, left_at = ? WHERE user = ? AND active",
            (text(now), user),
        )
        if done.rowcount:
            audit.note(db, by=by, action="leaves", subject=f"<@{user}>", now=now)
        return bool(done.rowcount)


def leaves(db: Database) -> list[Leave]:
    # All of them are read for each look at the calendar, so their columns are taken as they stand.
    sql = "SELECT id, user, starts_on, ends_on FROM leaves ORDER BY starts_on, id"
    return [Leave(*row) for row in db.execute(sql)]


def add_leave(
    db: Database, user: str, *, starts_on: date, ends_on: date, by: str, now: datetime
) -> Leave:
    """Note days away, both ends included; ValueError where they end before they start."""
    if ends_on < starts_on:
        raise ValueError("a leave ends after it starts")
    with immediate(db):
        rows = db.query(
            "INSERT INTO leaves (user, starts_on, ends_on) VALUES (?, ?, ?) RETURNING *",
            (user, starts_on.isoformat(), ends_on.isoformat()),
        )
        leave = read(Leave, next(iter(rows)))
        days = f"{starts_on} {ends_on}"
        audit.note(db, by=by, action="away", subject=f"<@{user}>", after=days, now=now)
        return leave


def drop_leave(db: Database, number: int, *, user: str, by: str, now: datetime) -> bool:
    """Take days away back; False where they are not this member's, or gone."""
    with immediate(db):
        rows = db.query(
            "DELETE FROM leaves WHERE id = ? AND user = ? RETURNING starts_on, ends_on",
            (number, user),
        )
        gone = next(iter(rows), None)
        if gone is not None:
            days = f"{gone['starts_on']} {gone['ends_on']}"
            audit.note(db, by=by, action="away", subject=f"<@{user}>", before=days, now=now)
        return gone is not None


def _note(
    db: Database,
    user: str,
    *,
    by: str,
    now: datetime,
    before: Mapping[str, Any],
    after: Mapping[str, Any],
) -> None:
    for name, new in after.items():
        old, subject = f"{name}={before[name]}", f"<@{user}>"
        audit.note(
            db, by=by, action="profile", subject=subject, before=old, after=f"{name}={new}", now=now
        )


def _stored(value: object) -> object:
    if isinstance(value, datetime):
        return text(value)
    return json.dumps(value) if isinstance(value, list) else value


def _require(db: Database, user: str) -> Member:
    member = get(db, user)
    if member is None:
        raise KeyError(user)
    return member


def _where(db: Database, condition: str, *values: str) -> Iterator[Member]:
    rows = db.query(f"SELECT * FROM members WHERE {condition}", values)  # noqa: S608 - ours alone
    return (read(Member, row) for row in rows)
