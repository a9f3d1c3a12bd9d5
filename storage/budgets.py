"""Budgets: what a person or a channel may spend on training in a month."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from sqlite_utils import Database

from storage import audit
from storage.database import immediate
from storage.records import read, text
from storage.talent import BudgetRecord


def all_set(db: Database) -> list[BudgetRecord]:
    return list(_where(db, "1 ORDER BY of"))


def get(db: Database, of: str) -> BudgetRecord | None:
    return next(_where(db, "of = ?", of), None)


def set_amount(db: Database, of: str, amount: float, *, by: str, now: datetime) -> None:
    """Set what `of` (a person's or a channel's id) may spend a month; 0 takes the budget away."""
    with immediate(db):
        before = get(db, of)
        db.execute("DELETE FROM budgets WHERE of = ?", (of,))
        if amount > 0:
            db.execute("INSERT INTO budgets VALUES (?, ?, ?, ?)", (of, amount, by, text(now)))
        audit.note(
            db,
            by=by,
            action="report budget",
            subject=f"<#{of}>" if of[0] in "CG" else f"<@{of}>",
            before=before.amount if before else None,
            after=amount or None,
            now=now,
        )


def _where(db: Database, condition: str, *values: str) -> Iterator[BudgetRecord]:
    rows = db.query(f"SELECT * FROM budgets WHERE {condition}", values)  # noqa: S608 - ours alone
    return (read(BudgetRecord, row) for row in rows)
