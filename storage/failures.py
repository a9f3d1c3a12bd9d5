"""Failures: which runs failed of late and of what, and who has recovered from which cause."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime

from sqlite_utils import Database

from storage.records import read, text


@dataclass(frozen=True)
class FailedRun:
    """A training job that failed."""

    job: int
    user: str
    cause: str  # trainer.spec.Cause
    at: datetime


def since(db: Database, at: datetime) -> list[FailedRun]:
    """List the training jobs that failed since a time and were not run again, oldest first."""
    sql = """
        SELECT id AS job, requested_by AS user, json_extract(failure, '$.cause') AS cause,
               ended_at AS at
        FROM jobs WHERE kind = 'train' AND state = 'failed' AND ended_at >= ? ORDER BY ended_at
    """
    return [read(FailedRun, row) for row in db.query(sql, (text(at),))]


def recovered(db: Database, at: datetime) -> dict[str, tuple[str, ...]]:
    """Give by cause who failed of it since a time and then succeeded on the same data, newest first."""
    sql = """
        SELECT json_extract(f.failure, '$.cause') AS cause, f.requested_by AS user
        FROM jobs f WHERE f.kind = 'train' AND f.state = 'failed' AND f.ended_at >= ?
        AND EXISTS (
            SELECT 1 FROM jobs s WHERE s.requested_by = f.requested_by AND s.id > f.id
            AND s.kind = 'train' AND s.state = 'succeeded'
            AND json_extract(s.work, '$.dataset_hash') = json_extract(f.work, '$.dataset_hash'))
        GROUP BY 1, 2 ORDER BY max(f.ended_at) DESC
    """
    found: defaultdict[str, tuple[str, ...]] = defaultdict(tuple)
    for row in db.query(sql, (text(at),)):
        found[row["cause"]] += (row["user"],)
    return dict(found)
