"""Recommendations: what each person would be shown next, and how well the order was found to be."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime

from sqlite_utils import Database

from storage.database import immediate
from storage.records import read, text
from storage.talent import Ranking


def replace(db: Database, chosen: Mapping[str, int], *, now: datetime) -> None:
    """Keep one resource a person, in the place of all that was kept before."""
    with immediate(db):
        db.execute("DELETE FROM recommendations")
        for user, resource in chosen.items():
            db.execute("INSERT INTO recommendations VALUES (?, ?, ?)", (user, resource, text(now)))


def current(db: Database) -> dict[str, int]:
    """Give each person's resource, by the person."""
    rows = db.query("SELECT user, resource FROM recommendations")
    return {row["user"]: row["resource"] for row in rows}


def note_ranking(db: Database, ranking: Ranking) -> None:
    """Keep what leave-one-out found."""
    db.execute(
        """
        INSERT INTO rankings (at, completions, hits, popularity_hits, bm25_hits,
                              model, model_tried, model_hits, order_hits, model_better)
        VALUES (:at, :completions, :hits, :popularity_hits, :bm25_hits,
                :model, :model_tried, :model_hits, :order_hits, :model_better)
        """,
        asdict(ranking) | {"at": text(ranking.at)},
    )


def last_ranking(db: Database) -> Ranking | None:
    rows = db.query("SELECT * FROM rankings ORDER BY id DESC LIMIT 1")
    return next((read(Ranking, row) for row in rows), None)
