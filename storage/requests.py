"""Requests seen: Slack delivers some more than once."""

from __future__ import annotations

from datetime import datetime

from sqlite_utils import Database

from storage.records import text


def is_first(db: Database, key: str, *, now: datetime) -> bool:
    """Note a request's key; False where it was seen before."""
    done = db.execute(
        "INSERT INTO requests VALUES (?, ?) ON CONFLICT (key) DO NOTHING", (key, text(now))
    )
    return bool(done.rowcount)


def forget(db: Database, *, before: datetime) -> None:
    """Drop keys too old to come again (Slack's last delivery is after five minutes)."""
    db.execute("DELETE FROM requests WHERE at < ?", (text(before),))
