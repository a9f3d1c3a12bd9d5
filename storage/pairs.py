"""Pairs: who was matched with whom in which round, whether they met, and who asked not to."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from datetime import datetime

from sqlite_utils import Database

from storage import audit
from storage.database import immediate
from storage.records import read, text
from storage.talent import PairRecord

_PAIRS = """
    SELECT pairs.*, day, made_at, (
        SELECT json_group_array(user) FROM (
            SELECT user FROM pair_members WHERE pair = pairs.id ORDER BY user)) AS users
    FROM pairs JOIN pair_rounds ON pair_rounds.id = round
"""


def history(db: Database) -> list[PairRecord]:
    """List all pairs there ever were, dissolved ones too, oldest first."""
    return list(_where(db, "1 ORDER BY pairs.id"))


def get(db: Database, number: int) -> PairRecord | None:
    return next(_where(db, "pairs.id = ?", number), None)


def open_pairs(db: Database) -> list[PairRecord]:
    """List the pairs of the newest round that nobody has left."""
    newest = "round = (SELECT max(id) FROM pair_rounds)"
    return list(_where(db, f"{newest} AND dissolved_at IS NULL ORDER BY pairs.id"))


def of_day(db: Database, day: str) -> list[PairRecord]:
    """List the pairs of a day's round that nobody has left."""
    return list(_where(db, "day = ? AND dissolved_at IS NULL ORDER BY pairs.id", day))


def make_round(
    db: Database,
    *,
    day: str,
    seed: int,
    groups: Iterable[Iterable[str]],
    now: datetime,
    by: str | None = None,
) -> list[PairRecord] | None:
    """Keep the round of a day; None where that day has one. `by` asked for it, unless it was due."""
    with immediate(db):
        made = db.execute(
            "INSERT INTO pair_rounds (day, seed, made_at) VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
            (day, seed, text(now)),
        )
        if not made.rowcount:
            return None
        number = int(made.lastrowid or 0)
        kept = [add(db, number, group) for group in groups]
        if by is not None:
            after = f"{len(kept)} pairs"
            audit.note(db, by=by, action="pair now", subject=f"round {day}", after=after, now=now)
        return kept


def add(db: Database, round_: int, users: Iterable[str]) -> PairRecord:
    """Add two or three people to a round, who meet each other."""
    with immediate(db):
        pair = int(db.execute("INSERT INTO pairs (round) VALUES (?)", (round_,)).lastrowid or 0)
        for user in users:
            db.execute("INSERT INTO pair_members VALUES (?, ?)", (pair, user))
        return next(_where(db, "pairs.id = ?", pair))


def met(db: Database, pair: int, *, met: bool, by: str, now: datetime) -> bool:
    """Note whether a pair met; False where it was dissolved. The last answer counts."""
    with immediate(db):
        done = db.execute(
            "UPDATE pairs SET met = ?, answered_at = ? WHERE id = ? AND dissolved_at IS NULL",
            (met, text(now), pair),
        )
        if done.rowcount:
            after = "met" if met else "not met"
            audit.note(db, by=by, action="pair met", subject=f"pair {pair}", after=after, now=now)
        return bool(done.rowcount)


def dissolve(db: Database, user: str, *, now: datetime) -> list[PairRecord]:
    """Take a person's unmet pair of the newest round apart; gives what was dissolved."""
    with immediate(db):
        gone = [pair for pair in open_pairs(db) if user in pair.users and pair.met is None]
        for pair in gone:
            db.execute("UPDATE pairs SET dissolved_at = ? WHERE id = ?", (text(now), pair.id))
        return gone


def block(db: Database, user: str, other: str, *, now: datetime) -> None:
    """Never match two people again; the audit says who asked for it, not about whom."""
    with immediate(db):
        done = db.execute(
            "INSERT INTO pair_blocks VALUES (?, ?) ON CONFLICT DO NOTHING", (user, other)
        )
        if done.rowcount:
            audit.note(db, by=user, action="pair block", subject=f"<@{user}>", now=now)


def blocks(db: Database) -> frozenset[frozenset[str]]:
    """Give the pairs of people of whom one asked not to be matched with the other."""
    rows = db.query("SELECT user, other FROM pair_blocks")
    return frozenset(frozenset((row["user"], row["other"])) for row in rows)


def _where(db: Database, condition: str, *values: str | int) -> Iterator[PairRecord]:
    rows = db.query(f"{_PAIRS} WHERE {condition}", values)
    return (read(PairRecord, row | {"users": tuple(json.loads(row["users"]))}) for row in rows)
