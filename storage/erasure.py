"""Erase a candidate: find the messages that name them, delete the rows, leave no trace on disk."""

from __future__ import annotations

import re
from datetime import datetime

from sqlite_utils import Database

from storage import audit
from storage.database import immediate
from storage.records import Delivery, read
from storage.talent import Candidate


def mentioning(db: Database, code: str) -> list[Delivery]:
    """List the messages whose text or blocks name a candidate's code."""
    whole = re.compile(rf"(?<![A-Za-z0-9]){re.escape(code)}(?![0-9])")
    rows = db.query("SELECT * FROM deliveries WHERE instr(body, ?) ORDER BY id", (code,))
    return [read(Delivery, row) for row in rows if whole.search(row["body"])]


def forget_message(db: Database, key: str) -> bool:
    """Delete a message's record; False while it is being sent."""
    done = db.execute("DELETE FROM deliveries WHERE key = ? AND state != 'claimed'", (key,))
    return bool(done.rowcount)


def erase(db: Database, candidate: Candidate, *, by: str, now: datetime) -> bool:
    """Delete a candidate with their interviews; False while a message still names them.

    The audit keeps that it was done, by the candidate's number.
    """
    with immediate(db):
        if mentioning(db, candidate.code):
            return False
        db.execute("DELETE FROM candidates WHERE id = ?", (candidate.id,))
        subject = f"candidate {candidate.id}"
        audit.note(db, by=by, action="interview purge", subject=subject, now=now)
        return True


def compact(db: Database) -> bool:
    """Rewrite the file without what was deleted, and empty the log beside it.

    False where a reader held on to the log: what was deleted may still stand in it.
    """
    db.vacuum()
    row = db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    return bool(row[0] == 0)
