"""The audit: who changed what, when, from what to what."""

from __future__ import annotations

from datetime import datetime

from sqlite_utils import Database

from storage.records import read, text
from storage.talent import Change


def note(
    db: Database,
    *,
    by: str,
    action: str,
    subject: str,
    now: datetime,
    before: object = None,
    after: object = None,
) -> None:
    """Keep a change, in the transaction that makes it; nothing private goes into the words.

    `action` is the verb as it is typed (`promote`, `role give`), `subject` what it was done to
    (`job 12`, `<@U1>`).
    """
    db.execute(
        "INSERT INTO audit (at, by, action, subject, before, after) VALUES (?, ?, ?, ?, ?, ?)",
        (
            text(now),
            by,
            action,
            subject,
            None if before is None else str(before),
            None if after is None else str(after),
        ),
    )


def find(db: Database, what: str | None = None, *, limit: int = 20) -> list[Change]:
    """List the newest changes by a person's id, an action or a subject; all for None."""
    condition = "1" if what is None else "? IN (by, action, subject)"
    rows = db.query(
        f"SELECT * FROM audit WHERE {condition} ORDER BY id DESC LIMIT ?",  # noqa: S608 - ours alone
        (limit,) if what is None else (what, limit),
    )
    return [read(Change, row) for row in rows]
