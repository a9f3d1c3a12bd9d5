"""Firsts: when somebody first added a data set, ran a job, had a model promoted, gave a talk."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlite_utils import Database

from storage.records import read


@dataclass(frozen=True)
class Firsts:
    """The time of each; None for what is still to come."""

    dataset: datetime | None = None
    run: datetime | None = None
    promotion: datetime | None = None
    talk: datetime | None = None


def of(db: Database, user: str) -> Firsts:
    sql = """
        SELECT
            (SELECT min(added_at) FROM datasets WHERE added_by = :user) AS dataset,
            (SELECT created_at FROM jobs WHERE requested_by = :user AND kind = 'train'
             ORDER BY id LIMIT 1) AS run,
            (SELECT min(at) FROM promotions JOIN models ON models.id = model
             WHERE created_by = :user) AS promotion,
            (SELECT min(starts_at) FROM occurrences
             WHERE host = :user AND status = 'held') AS talk
    """
    return read(Firsts, next(iter(db.query(sql, {"user": user}))))
