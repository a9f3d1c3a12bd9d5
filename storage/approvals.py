"""Approvals: plans beyond a budget, and what a lead said to each, once."""

from __future__ import annotations

from datetime import datetime

from sqlite_utils import Database

from storage import audit
from storage.database import immediate
from storage.records import read, text
from storage.talent import Approval


def ask(db: Database, plan: int, *, now: datetime) -> bool:
    """Ask for a plan's approval; False where that was asked before."""
    done = db.execute(
        "INSERT INTO approvals (plan, asked_at) VALUES (?, ?) ON CONFLICT DO NOTHING",
        (plan, text(now)),
    )
    return bool(done.rowcount)


def get(db: Database, plan: int) -> Approval | None:
    rows = db.query("SELECT * FROM approvals WHERE plan = ?", (plan,))
    return next((read(Approval, row) for row in rows), None)


def decide(db: Database, plan: int, *, approved: bool, by: str, now: datetime) -> bool:
    """Say yes or no to a plan; False where that was said before or never asked."""
    with immediate(db):
        done = db.execute(
            """
            UPDATE approvals SET approved = ?, by = ?, decided_at = ?
            WHERE plan = ? AND decided_at IS NULL
            """,
            (approved, by, text(now), plan),
        )
        if done.rowcount:
            action = "approve" if approved else "decline"
            audit.note(db, by=by, action=action, subject=f"plan {plan}", now=now)
        return bool(done.rowcount)
