"""Thanks: who thanked whom, for what; never added up."""

from __future__ import annotations

from datetime import datetime

from sqlite_utils import Database

from storage.records import read, text
from storage.talent import ThankYou


def give(
    db: Database,
    *,
    sender: str,
    receiver: str,
    words: str,
    channel: str,
    now: datetime,
    run: int | None = None,
    skill: int | None = None,
) -> ThankYou:
    """Keep a thank-you, for a run or a skill where one is named."""
    rows = db.query(
        """
        INSERT INTO thanks (sender, receiver, words, run, skill, channel, at)
        VALUES (?, ?, ?, ?, ?, ?, ?) RETURNING *
        """,
        (sender, receiver, words, run, skill, channel, text(now)),
    )
    return read(ThankYou, next(iter(rows)))


def since(db: Database, at: datetime) -> list[ThankYou]:
    """List the thanks said from a time on, oldest first."""
    rows = db.query("SELECT * FROM thanks WHERE at >= ? ORDER BY id", (text(at),))
    return [read(ThankYou, row) for row in rows]
