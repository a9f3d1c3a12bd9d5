"""Channels: the language that is spoken in each."""

from __future__ import annotations

from datetime import datetime

from sqlite_utils import Database

from storage import audit
from storage.database import immediate


def speaks(db: Database, channel: str, *, default: str) -> str:
    """Give the language that was chosen for a channel, else the default."""
    return _chosen(db, channel) or default


def set_language(db: Database, channel: str, language: str, *, by: str, now: datetime) -> None:
    """Choose the language of what is posted in a channel without anyone asking for it."""
    with immediate(db):
        before = _chosen(db, channel)
        db.execute(
            "INSERT INTO channels (channel, language) VALUES (?, ?) "
            "ON CONFLICT (channel) DO UPDATE SET language = excluded.language",
            (channel, language),
        )
        audit.note(
            db,
            by=by,
            action="language",
            subject=f"<#{channel}>",
            before=before,
            after=language,
            now=now,
        )


def _chosen(db: Database, channel: str) -> str | None:
    rows = db.query("SELECT language FROM channels WHERE channel = ?", (channel,))
    return next((row["language"] for row in rows), None)
