"""Factories of records, for tests that need some in the database."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlite_utils import Database

from storage import jobs
from storage.records import Job, Json

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
RECIPE = {"method": "full", "epochs": 3, "lr": 5e-5, "batch": 32, "max_length": 64}
TRAIN_WORK: Json = {
    "kind": "train",
    "dataset": "reviews",
    "dataset_hash": "d" * 64,
    "base_model": "minilm",
    "recipe": RECIPE,
    "recipe_why": "few rows",
}
INTAKE_WORK: Json = {
    "kind": "intake",
    "upload": "uploads/1.csv",
    "filename": "reviews.csv",
    "name": "reviews",
}
_numbers = itertools.count(1)


def enqueue(db: Database, *, now: datetime = NOON, **changes: Any) -> Job:
    """Queue a training job, with a new key unless one is given."""
    values = {"work": TRAIN_WORK, "requested_by": "U1", "channel": "C1"} | changes
    return jobs.enqueue(db, key=values.pop("key", f"request-{next(_numbers)}"), now=now, **values)


def start(db: Database, job: Job, *, slot: str = "cpu:0", now: datetime = NOON) -> Job:
    """Claim a job, which must be there to be claimed."""
    claimed = jobs.claim(db, job.id, slot=slot, now=now)
    assert claimed is not None
    return claimed


def pretend_newer(db: Database) -> None:
    """Leave the mark of a migration that this version does not know."""
    later = ("coach", "m999_later", NOON.isoformat())
    sql = "INSERT INTO _sqlite_migrations (migration_set, name, applied_at) VALUES (?, ?, ?)"
    db.execute(sql, later)


def make_summary(**changes: Any) -> Json:
    """Give what a register reads of a TrainSummary."""
    return {"dataset_hash": "d" * 64, "base_model": "minilm", "recipe": RECIPE} | changes


def make_card(**changes: Any) -> Json:
    """Give what a register reads of a DataCard."""
    return {"hash": "d" * 64, "name": "reviews", "rows": 60} | changes
