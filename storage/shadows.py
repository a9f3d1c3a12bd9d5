"""Shadows: a candidate that answers silently, and the counts of what both models told."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime

from sqlite_utils import Database

from storage import audit
from storage.answering import ShadowCount, ShadowRun
from storage.database import immediate
from storage.records import read, text

Pair = tuple[str, str]  # the label that the serving model told, and the candidate's


def start(
    db: Database,
    *,
    alias: str,
    model: int,
    serving: int,
    share: float,
    by: str,
    channel: str,
    now: datetime,
) -> ShadowRun | None:
    """Begin one for an alias; None where the alias has one that is open."""
    with immediate(db):
        if open_of(db, alias) is not None:
            return None
        db.execute(
            """
            INSERT INTO shadows (alias, model, serving, share, started_by, channel, started_at)
            VALUES (?, ?, ?, ?, ?, ?, ?)
            """,
            (alias, model, serving, share, by, channel, text(now)),
        )
        after = f"model {model}"
        audit.note(db, by=by, action="shadow", subject=alias, after=after, now=now)
        return open_of(db, alias)


def get(db: Database, number: int) -> ShadowRun | None:
    return next(_where(db, "id = ?", number), None)


def open_of(db: Database, alias: str) -> ShadowRun | None:
    return next(_where(db, "alias = ? AND ended_at IS NULL", alias), None)


def newest_of(db: Database, model: int) -> ShadowRun | None:
    """Find the last one of a candidate, open or ended."""
    return next(_where(db, "model = ? ORDER BY id DESC LIMIT 1", model), None)


def end(db: Database, alias: str, *, by: str, now: datetime) -> ShadowRun | None:
    """End the one of an alias; None where none is open."""
    with immediate(db):
        shadow = open_of(db, alias)
        if shadow is None:
            return None
        db.execute("UPDATE shadows SET ended_at = ? WHERE id = ?", (text(now), shadow.id))
        before = f"model {shadow.model}"
        audit.note(db, by=by, action="shadow end", subject=alias, before=before, now=now)
        return get(db, shadow.id)


def count(
    db: Database,
    shadow: int,
    *,
    pairs: Mapping[Pair, int],
    serving_ms: float,
    candidate_ms: float,
) -> bool:
    """Count what both told, and how long each took for it; False where it has ended."""
    with immediate(db):
        done = db.execute(
            """
            UPDATE shadows SET serving_ms = serving_ms + ?, candidate_ms = candidate_ms + ?
            WHERE id = ? AND ended_at IS NULL
            """,
            (serving_ms, candidate_ms, shadow),
        )
        if not done.rowcount:
            return False
        db.conn.executemany(
            """
            INSERT INTO shadow_counts VALUES (?, ?, ?, ?)
            ON CONFLICT DO UPDATE SET n = n + excluded.n
            """,
            [(shadow, told, other, n) for (told, other), n in pairs.items()],
        )
        return True


def counts(db: Database, shadow: int) -> list[ShadowCount]:
    """List which labels the two told, the most frequent pair first."""
    rows = db.query(
        """
        SELECT told, would_tell, n FROM shadow_counts WHERE shadow = ?
        ORDER BY n DESC, told, would_tell
        """,
        (shadow,),
    )
    return [read(ShadowCount, row) for row in rows]


def _where(db: Database, condition: str, *values: str | int) -> Iterator[ShadowRun]:
    rows = db.query(f"SELECT * FROM shadows WHERE {condition}", values)  # noqa: S608 - ours alone
    return (read(ShadowRun, row) for row in rows)
