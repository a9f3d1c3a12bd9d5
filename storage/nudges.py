"""Nudges: the lines of digests that were sent, and what their readers did with them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal

from sqlite_utils import Database

from storage.database import immediate
from storage.records import read, text
from storage.talent import Nudge, Response

Answer = Literal["done", "snoozed", "declined", "opened"]


@dataclass(frozen=True)
class Sent:
    """How many digests carried an obligation, and the reader's day of the last one."""

    times: int
    day: date


@dataclass(frozen=True)
class Rate:
    """How often lines of a kind were sent, and how many of these were acted on."""

    sent: int
    acted: int

    @property
    def share(self) -> float:
        return self.acted / self.sent if self.sent else 0.0


def note_sent(
    db: Database, member: str, lines: Sequence[tuple[str, str]], *, day: date, now: datetime
) -> None:
    """Note the lines of a member's digest, (obligation, kind), under the member's own day."""
    with immediate(db):
        for obligation, kind in lines:
            db.execute(
                "INSERT INTO nudges VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
                (member, obligation, kind, day.isoformat(), text(now)),
            )


def sent(db: Database, member: str) -> dict[str, Sent]:
    """Tell of each obligation how often a digest carried it to a member, and when the last did.

    What was taken back before it left, or never arrived, doesn't count.
    """
    sql = """
        SELECT obligation, count(*) AS times, max(day) AS day FROM nudges
        WHERE member = ? AND NOT EXISTS (
            SELECT 1 FROM deliveries WHERE key = 'digest:' || member || ':' || day
            AND state IN ('cancelled', 'failed'))
        GROUP BY obligation
    """
    rows = db.query(sql, (member,))
    return {row["obligation"]: Sent(row["times"], date.fromisoformat(row["day"])) for row in rows}


def since(db: Database, at: datetime, *, kind: str) -> list[Nudge]:
    """List the lines of a kind that were sent since a time, oldest first."""
    sql = "SELECT * FROM nudges WHERE kind = ? AND sent_at >= ? ORDER BY sent_at, member"
    return [read(Nudge, row) for row in db.query(sql, (kind, text(at)))]


def of(db: Database, member: str, *, limit: int = 20) -> list[Nudge]:
    """List what a member was last reminded of, newest first."""
    sql = "SELECT * FROM nudges WHERE member = ? ORDER BY day DESC, obligation LIMIT ?"
    return [read(Nudge, row) for row in db.query(sql, (member, limit))]


def respond(
    db: Database,
    member: str,
    obligation: str,
    *,
    kind: str,
    response: Answer,
    now: datetime,
    until: str | None = None,
) -> None:
    """Keep what a reader did with a line; `until` is a day, or `run:12` for a job's end."""
    db.execute(
        """
        INSERT INTO responses (member, obligation, kind, response, until, at)
        VALUES (?, ?, ?, ?, ?, ?)
        """,
        (member, obligation, kind, response, until, text(now)),
    )


def responses(db: Database, member: str) -> dict[str, Response]:
    """Map each obligation to what its reader last said of it; a look at it is no answer."""
    sql = """
        SELECT * FROM responses WHERE member = ? AND response <> 'opened'
        GROUP BY obligation HAVING id = max(id)
    """
    return {row["obligation"]: read(Response, row) for row in db.query(sql, (member,))}


def rates(db: Database, *, since: datetime) -> dict[str, Rate]:
    """Tell by kind how many obligations were sent since a time, and how many of them acted on.

    Acting is doing, snoozing or opening; saying that a line isn't relevant is no action on it.
    """
    sql = """
        WITH sent AS (SELECT DISTINCT member, obligation, kind FROM nudges WHERE sent_at >= ?)
        SELECT kind, count(*) AS sent, sum(EXISTS (
            SELECT 1 FROM responses r WHERE r.member = sent.member
            AND r.obligation = sent.obligation AND r.response <> 'declined')) AS acted
        FROM sent GROUP BY kind
    """
    rows = db.query(sql, (text(since),))
    return {row["kind"]: Rate(row["sent"], row["acted"]) for row in rows}
