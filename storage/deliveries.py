"""The outbox: messages that must reach Slack exactly once, and what they show now."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime

from sqlite_utils import Database

from storage.database import immediate
from storage.records import Delivery, Json, read, text

LAST_CHARACTER = "\U0010ffff"  # sorts after all that a key has
# In these very words it lets SQLite use the index of the few messages that are open.
OPEN = "state IN ('due', 'claimed')"


def put(
    db: Database,
    *,
    key: str,
    channel: str,
    body: Json,
    now: datetime,
    kind: str = "post",
    user: str | None = None,
    thread_ts: str | None = None,
    parent: str | None = None,
    due_at: datetime | None = None,
    expires_at: datetime | None = None,
    shown: str | None = None,
) -> bool:
    """Add a message under its key; False where that key was added before.

    `parent` is the key of the message in whose thread it goes: it waits until that one is sent.
    `thread_ts` names a thread that someone else began.
    """
    done = db.execute(
        """
        INSERT INTO deliveries (key, kind, channel, user, thread_ts, parent, body, due_at,
                                expires_at, shown)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (key) DO NOTHING
        """,
        (
            key,
            kind,
            channel,
            user,
            thread_ts,
            parent,
            json.dumps(body, ensure_ascii=False),
            text(due_at or now),
            text(expires_at) if expires_at else None,
            shown,
        ),
    )
    return bool(done.rowcount)


def get(db: Database, key: str) -> Delivery | None:
    return next(_where(db, "key = ?", key), None)


def newest(db: Database, prefix: str) -> Delivery | None:
    """Find the message whose key begins so and comes last in order, of those that went or will."""
    condition = """
        key >= ? AND key < ? AND parent IS NULL AND state IN ('due', 'claimed', 'sent')
        ORDER BY key DESC LIMIT 1
    """
    return next(_where(db, condition, prefix, prefix + LAST_CHARACTER), None)


def claim_due(db: Database, *, by: str, now: datetime, limit: int = 20) -> list[Delivery]:
    """Claim messages that are due and whose parent is sent, oldest first.

    There is one sender at a time, so claims of any other are of one that died: they are taken
    over. Such a message has `tries` > 0 before this claim: look its key up in Slack before posting
    it again.
    """
    with immediate(db):
        _let_go(db, now)
        rows = db.query(
            f"""
            UPDATE deliveries SET state = 'claimed', claimed_by = ?, claimed_at = ?,
                                  first_claimed_at = coalesce(first_claimed_at, ?),
                                  tries = tries + 1
            WHERE id IN (
                SELECT id FROM deliveries d
                WHERE {OPEN}
                  AND (state = 'due' AND due_at <= ? OR state = 'claimed' AND claimed_by != ?)
                  AND (parent IS NULL OR EXISTS (
                      SELECT 1 FROM deliveries p WHERE p.key = d.parent AND p.state = 'sent'))
                ORDER BY due_at, id LIMIT ?)
            RETURNING *
            """,  # noqa: S608 - ours alone
            (by, text(now), text(now), text(now), by, limit),
        )
        return sorted((read(Delivery, row) for row in rows), key=lambda d: (d.due_at, d.id))


def _let_go(db: Database, now: datetime) -> None:
    """Cancel what came too late, and what would stand in the thread of a message that never goes."""
    db.execute(
        f"""
        UPDATE deliveries SET state = 'cancelled', error = 'expired'
        WHERE {OPEN} AND state = 'due' AND expires_at <= ?
        """,  # noqa: S608 - ours alone
        (text(now),),
    )
    db.execute(
        f"""
        UPDATE deliveries SET state = 'cancelled', error = 'its message did not go'
        WHERE {OPEN} AND state = 'due' AND parent IS NOT NULL AND EXISTS (
            SELECT 1 FROM deliveries p
            WHERE p.key = deliveries.parent AND p.state IN ('failed', 'cancelled'))
        """  # noqa: S608 - ours alone
    )


def is_claimed(db: Database, key: str, *, by: str) -> bool:
    """Say whether a message is still to be sent by this sender: ask right before sending it."""
    sql = "SELECT 1 FROM deliveries WHERE key = ? AND state = 'claimed' AND claimed_by = ?"
    return any(db.query(sql, (key, by)))


def cancel(db: Database, prefix: str, *, why: str) -> int:
    """Cancel what is not sent yet and whose key begins so; gives how many there were.

    End a prefix with a colon where ids follow: `digest:U1` also begins `digest:U12`.
    """
    done = db.execute(
        f"""
        UPDATE deliveries SET state = 'cancelled', error = ?
        WHERE {OPEN} AND key >= ? AND key < ?
        """,  # noqa: S608 - ours alone
        (why, prefix, prefix + LAST_CHARACTER),
    )
    return done.rowcount


def cancel_to(db: Database, user: str, *, why: str) -> int:
    """Cancel what is not sent yet and would go to one person alone; gives how many there were."""
    done = db.execute(
        f"""
        UPDATE deliveries SET state = 'cancelled', error = ?
        WHERE {OPEN} AND (channel = ? OR kind = 'ephemeral' AND user = ?)
        """,  # noqa: S608 - ours alone
        (why, user, user),
    )
    return done.rowcount


def confirm(db: Database, key: str, *, by: str, ts: str | None, sent_to: str) -> bool:
    """Note that a claimed message is in Slack; False where the claim was taken over.

    One that was cancelled while it was being posted is in Slack all the same.
    """
    done = db.execute(
        """
        UPDATE deliveries SET state = 'sent', ts = ?, sent_to = ?, error = NULL
        WHERE key = ? AND state IN ('claimed', 'cancelled') AND claimed_by = ?
        """,
        (ts, sent_to, key, by),
    )
    return bool(done.rowcount)


def postpone(db: Database, key: str, *, by: str, until: datetime, error: str) -> None:
    """Give a claim back, to be tried again at a time."""
    db.execute(
        """
        UPDATE deliveries SET state = 'due', due_at = ?, error = ?
        WHERE key = ? AND state = 'claimed' AND claimed_by = ?
        """,
        (text(until), error, key, by),
    )


def fail(db: Database, key: str, *, by: str, error: str) -> None:
    """Give up on a claimed message, keeping why."""
    db.execute(
        """
        UPDATE deliveries SET state = 'failed', error = ?
        WHERE key = ? AND state = 'claimed' AND claimed_by = ?
        """,
        (error, key, by),
    )


def withdraw(db: Database, key: str, *, by: str, why: str) -> None:
    """Cancel a claimed message that must not go after all, keeping why."""
    db.execute(
        """
        UPDATE deliveries SET state = 'cancelled', error = ?
        WHERE key = ? AND state = 'claimed' AND claimed_by = ?
        """,
        (why, key, by),
    )


def mark_shown(db: Database, key: str, *, shown: str, now: datetime) -> None:
    """Note what a sent message shows since its last edit."""
    db.execute(
        "UPDATE deliveries SET shown = ?, edited_at = ? WHERE key = ?", (shown, text(now), key)
    )


def waiting(db: Database) -> int:
    """Count the messages that have not reached Slack yet."""
    rows = db.query(f"SELECT count(*) AS n FROM deliveries WHERE {OPEN}")  # noqa: S608 - ours alone
    return int(next(iter(rows))["n"])


def _where(db: Database, condition: str, *values: str) -> Iterator[Delivery]:
    rows = db.query(f"SELECT * FROM deliveries WHERE {condition}", values)  # noqa: S608 - ours alone
    return (read(Delivery, row) for row in rows)
