"""Chats: the channels in which a model answers mentions, and which mentions it has to answer."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlite_utils import Database

from storage import audit
from storage.answering import Chat, Mention
from storage.database import immediate
from storage.records import read, text

KEPT = timedelta(days=1)  # longer than any bound on how often, and than Slack delivers again


def get(db: Database, channel: str) -> Chat | None:
    rows = db.query("SELECT * FROM chats WHERE channel = ?", (channel,))
    return next((read(Chat, row) for row in rows), None)


def choose(db: Database, channel: str, alias: str | None, *, by: str, now: datetime) -> bool:
    """Let the model of an alias answer in a channel, or none; False where it was so already."""
    with immediate(db):
        before = get(db, channel)
        if alias == (before.alias if before else None):
            return False
        db.execute("DELETE FROM chats WHERE channel = ?", (channel,))
        if alias is not None:
            db.execute("INSERT INTO chats VALUES (?, ?, ?, ?)", (channel, alias, by, text(now)))
        audit.note(
            db,
            by=by,
            action="chat",
            subject=f"<#{channel}>",
            before=before.alias if before else None,
            after=alias,
            now=now,
        )
    return True


def add(db: Database, mention: Mention) -> bool:
    """Add a mention to be answered; False where it was added before."""
    db.execute(
        "DELETE FROM written WHERE answered_at IS NOT NULL AND at < ?", (text(mention.at - KEPT),)
    )
    done = db.execute(
        """
        INSERT INTO written (key, channel, thread_ts, ts, user, at) VALUES (?, ?, ?, ?, ?, ?)
        ON CONFLICT (key) DO NOTHING
        """,
        (
            mention.key,
            mention.channel,
            mention.thread_ts,
            mention.ts,
            mention.user,
            text(mention.at),
        ),
    )
    return bool(done.rowcount)


def known(db: Database, *, since: datetime) -> list[Mention]:
    """List the mentions since a time and those that still wait for an answer, oldest first."""
    rows = db.query(
        "SELECT * FROM written WHERE at > ? OR answered_at IS NULL ORDER BY at, key", (text(since),)
    )
    return [read(Mention, row) for row in rows]


def next_waiting(db: Database) -> Mention | None:
    """Find the mention that has waited longest for its answer."""
    rows = db.query("SELECT * FROM written WHERE answered_at IS NULL ORDER BY at, key LIMIT 1")
    return next((read(Mention, row) for row in rows), None)


def answered(db: Database, key: str, *, model: int | None, now: datetime) -> None:
    """Note that a mention was answered, by a model or, where it failed, in words."""
    db.execute(
        "UPDATE written SET model = ?, answered_at = ? WHERE key = ?", (model, text(now), key)
    )
