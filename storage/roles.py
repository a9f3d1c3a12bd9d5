"""Roles: what people may do beside what every member may."""

from __future__ import annotations

from datetime import datetime

from sqlite_utils import Database

from storage import audit
from storage.database import immediate
from storage.records import text
from storage.talent import Role


def of(db: Database, user: str) -> frozenset[str]:
    return frozenset(
        row["role"] for row in db.query("SELECT role FROM roles WHERE user = ?", (user,))
    )


def having(db: Database, role: Role) -> list[str]:
    """List the people who have a role."""
    rows = db.query("SELECT user FROM roles WHERE role = ? ORDER BY user", (role,))
    return [row["user"] for row in rows]


def give(db: Database, user: str, role: Role, *, by: str, now: datetime) -> bool:
    """Give a role; False where the person has it."""
    with immediate(db):
        done = db.execute(
            "INSERT INTO roles VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING",
            (user, role, by, text(now)),
        )
        if done.rowcount:
            audit.note(db, by=by, action="role give", subject=f"<@{user}>", after=role, now=now)
        return bool(done.rowcount)


def take(db: Database, user: str, role: Role, *, by: str, now: datetime) -> bool:
    """Take a role away; False where the person doesn't have it."""
    with immediate(db):
        done = db.execute("DELETE FROM roles WHERE user = ? AND role = ?", (user, role))
        if done.rowcount:
            audit.note(db, by=by, action="role take", subject=f"<@{user}>", before=role, now=now)
        return bool(done.rowcount)
