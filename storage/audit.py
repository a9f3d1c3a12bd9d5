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
    """List the newest changes by or to a person, of an action or of a subject; all for None.

    `<@U1>` is a person; an action may be cut short (`role` finds `role give`), and of a subject
    its last word is enough (`reviews` finds `data set reviews`).
    """
    rows = db.query(
        """
        SELECT * FROM audit WHERE :what IS NULL OR :what IN (by, '<@' || by || '>')
            OR instr(lower(action) || ' ', lower(:what) || ' ') = 1
            OR substr(' ' || lower(subject), -length(:what) - 1) = ' ' || lower(:what)
        ORDER BY id DESC LIMIT :limit
        """,
        {"what": what, "limit": limit},
    )
    return [read(Change, row) for row in rows]
