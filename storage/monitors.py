"""Monitors: what they watch, the texts that they read, and the counts of these by the hour."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator
from datetime import datetime

from sqlite_utils import Database

from storage import audit
from storage.answering import HourlyCount, Monitor, Monitored, MonitoredCount
from storage.database import immediate
from storage.records import Json, read, text

# --- monitors -------------------------------------------------------------------------------


def add(
    db: Database,
    *,
    key: str,
    kind: str,
    source: str,
    alias: str,
    alarms_a_month: float,
    channel: str,
    by: str,
    now: datetime,
    topics: str | None = None,
) -> Monitor:
    """Begin a monitor under its request's key; the same key gives the one that it made before."""
    with immediate(db):
        done = db.execute(
            """
            INSERT INTO monitors (key, kind, source, topics, alias, alarms_a_month, channel,
                                  created_by, created_at)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (key) DO NOTHING
            """,
            (key, kind, source, topics, alias, alarms_a_month, channel, by, text(now)),
        )
        monitor = next(_where(db, "key = ?", key))
        if done.rowcount:
            subject = f"monitor {monitor.id}"
            audit.note(db, by=by, action="watch", subject=subject, after=kind, now=now)
        return monitor


def get(db: Database, number: int) -> Monitor | None:
    return next(_where(db, "id = ?", number), None)


def all_open(db: Database) -> list[Monitor]:
    """List what is watched, oldest first."""
    return list(_where(db, "stopped_at IS NULL ORDER BY id"))


def watching(db: Database, source: str, *, kind: str = "channel") -> list[Monitor]:
    """List the monitors that are open on a source, such as a channel."""
    return list(_where(db, "stopped_at IS NULL AND kind = ? AND source = ?", kind, source))


def stop(db: Database, number: int, *, by: str, now: datetime) -> bool:
    """End a monitor; False where it is not open. Its texts stay until their time is over."""
    with immediate(db):
        done = db.execute(
            "UPDATE monitors SET stopped_by = ?, stopped_at = ? "
            "WHERE id = ? AND stopped_at IS NULL",
            (by, text(now), number),
        )
        if done.rowcount:
            audit.note(db, by=by, action="monitor stop", subject=f"monitor {number}", now=now)
        return bool(done.rowcount)


def move_cursor(db: Database, number: int, cursor: Json, *, now: datetime) -> None:
    """Note how far a source was read, which went well."""
    db.execute(
        "UPDATE monitors SET cursor = ?, read_at = ?, failures = 0 WHERE id = ?",
        (json.dumps(cursor), text(now), number),
    )


def note_failure(db: Database, number: int, *, now: datetime) -> int:
    """Note that a source could not be read; gives how often that was so in a row."""
    with immediate(db):
        db.execute(
            "UPDATE monitors SET failures = failures + 1, read_at = ? WHERE id = ?",
            (text(now), number),
        )
        monitor = get(db, number)
        return monitor.failures if monitor else 0


def set_trouble(db: Database, number: int, trouble: str, *, now: datetime) -> bool:
    """Note why a monitor hears nothing; False where that is known, or it is not open."""
    done = db.execute(
        """
        UPDATE monitors SET trouble = ?, trouble_since = coalesce(trouble_since, ?)
        WHERE id = ? AND stopped_at IS NULL AND trouble IS NOT ?
        """,
        (trouble, text(now), number, trouble),
    )
    return bool(done.rowcount)


def clear_trouble(db: Database, number: int) -> bool:
    """Note that a monitor hears again; False where nothing was wrong."""
    done = db.execute(
        "UPDATE monitors SET trouble = NULL, trouble_since = NULL "
        "WHERE id = ? AND trouble IS NOT NULL",
        (number,),
    )
    return bool(done.rowcount)


# --- texts and their counts -----------------------------------------------------------------


def note_texts(db: Database, number: int, texts: Iterable[Monitored]) -> int:
    """Keep texts and count them; gives how many were new, or had changed.

    A text that comes again under its key counts once; one that was edited counts as it is now.
    Nothing is kept for a monitor that was stopped meanwhile.
    """
    with immediate(db):
        monitor = get(db, number)
        if monitor is None or monitor.stopped_at is not None:
            return 0
        return sum(_note(db, number, one) for one in texts)


def drop_text(db: Database, number: int, key: str) -> bool:
    """Forget a text that was deleted where it stood, and take it out of the counts."""
    with immediate(db):
        known = _text(db, number, key)
        if known is None:
            return False
        db.execute("DELETE FROM monitored WHERE monitor = ? AND key = ?", (number, key))
        _count(db, number, known, -1)
        return True


def known(db: Database, number: int, keys: Collection[str]) -> set[str]:
    """Tell which of these keys are of texts that are kept."""
    rows = db.query(
        "SELECT key FROM monitored WHERE monitor = ? AND key IN (SELECT value FROM json_each(?))",
        (number, json.dumps(list(keys))),
    )
    return {row["key"] for row in rows}


def series(db: Database, number: int, *, since: datetime, until: datetime) -> list[HourlyCount]:
    """List the counts of the hours that begin from `since` on and before `until`, oldest first."""
    rows = db.query(
        """
        SELECT * FROM series WHERE monitor = ? AND hour >= ? AND hour < ?
        ORDER BY hour, topic, label
        """,
        (number, text(since), text(until)),
    )
    return [read(HourlyCount, row) for row in rows]


def count(db: Database, number: int, *, since: datetime) -> int:
    """Count the texts of the hours that begin from `since` on."""
    rows = db.query(
        "SELECT coalesce(sum(n), 0) AS n FROM series WHERE monitor = ? AND hour >= ?",
        (number, text(since)),
    )
    return int(next(iter(rows))["n"])


def between(db: Database, start: datetime, end: datetime) -> list[MonitoredCount]:
    """Sum up the counts of all monitors over the hours that begin in a period."""
    rows = db.query(
        """
        SELECT monitor, kind, source, channel, topic, label, sum(n) AS n
        FROM series JOIN monitors ON monitors.id = monitor
        WHERE hour >= ? AND hour < ? GROUP BY monitor, topic, label
        ORDER BY monitor, topic, label
        """,
        (text(start), text(end)),
    )
    return [read(MonitoredCount, row) for row in rows]


def newest(
    db: Database,
    number: int,
    *,
    since: datetime,
    topic: str | None = None,
    label: str | None = None,
    limit: int = 5,
) -> list[Monitored]:
    """List the newest texts, newest first, of a topic and with a label where these are given."""
    rows = db.query(
        """
        SELECT * FROM monitored WHERE monitor = :monitor AND at >= :since
            AND (:topic IS NULL OR topic = :topic) AND (:label IS NULL OR label = :label)
        ORDER BY at DESC LIMIT :limit
        """,
        {"monitor": number, "since": text(since), "topic": topic, "label": label, "limit": limit},
    )
    return [read(Monitored, row) for row in rows]


def of_person(db: Database, user: str) -> list[Monitored]:
    """List what is kept of what somebody wrote in watched channels, oldest first."""
    rows = db.query("SELECT * FROM monitored WHERE author = ? ORDER BY at", (user,))
    return [read(Monitored, row) for row in rows]


def forget_person(db: Database, user: str, *, by: str, now: datetime) -> int:
    """Delete what somebody wrote; the counts, which name nobody, stay."""
    with immediate(db):
        gone = db.execute("DELETE FROM monitored WHERE author = ?", (user,)).rowcount
        if gone:
            told = {"subject": f"<@{user}>", "before": f"{gone} monitored texts"}
            audit.note(db, by=by, action="privacy forget", now=now, **told)
        return gone


def forget_old(db: Database, *, now: datetime) -> int:
    """Delete the texts whose time is over; the counts stay."""
    return db.execute("DELETE FROM monitored WHERE keep_until <= ?", (text(now),)).rowcount


def _note(db: Database, number: int, one: Monitored) -> bool:
    before = _text(db, number, one.key)
    if before is not None:
        if before.text == one.text:
            return False
        _count(db, number, before, -1)
    db.execute(
        "INSERT OR REPLACE INTO monitored VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            number,
            one.key,
            text(one.at),
            one.topic,
            one.label,
            one.confidence,
            one.text,
            one.link,
            one.author,
            text(one.keep_until),
        ),
    )
    _count(db, number, one, +1)
    return True


def _count(db: Database, number: int, one: Monitored, n: int) -> None:
    hour = one.at.replace(minute=0, second=0, microsecond=0)
    where = (number, text(hour), one.topic, one.label)
    db.execute(
        "INSERT INTO series VALUES (?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET n = n + excluded.n",
        (*where, n),
    )
    db.execute(
        "DELETE FROM series WHERE monitor = ? AND hour = ? AND topic = ? AND label = ? AND n <= 0",
        where,
    )


def _text(db: Database, number: int, key: str) -> Monitored | None:
    rows = db.query("SELECT * FROM monitored WHERE monitor = ? AND key = ?", (number, key))
    return next((read(Monitored, row) for row in rows), None)


def _where(db: Database, condition: str, *values: str | int) -> Iterator[Monitor]:
    rows = db.query(f"SELECT * FROM monitors WHERE {condition}", values)  # noqa: S608 - ours alone
    return (read(Monitor, row) for row in rows)
