"""Privacy reviews: which data sets the committee signed off, by which checklist."""

from __future__ import annotations

import json
from datetime import datetime

from sqlite_utils import Database

from storage import audit, datasets
from storage.database import immediate
from storage.records import Dataset, Json, read, text
from storage.talent import PrivacyReview


def review_of(db: Database, content_hash: str) -> PrivacyReview | None:
    rows = db.query("SELECT * FROM privacy_reviews WHERE dataset_hash = ?", (content_hash,))
    return next((read(PrivacyReview, row) for row in rows), None)


def reviews(db: Database) -> dict[str, PrivacyReview]:
    """Give all reviews by their data set's hash."""
    rows = db.query("SELECT * FROM privacy_reviews")
    return {row["dataset_hash"]: read(PrivacyReview, row) for row in rows}


def unreviewed(db: Database) -> list[Dataset]:
    """List the newest versions of data sets that nobody has signed off, by name."""
    signed = reviews(db)
    return [dataset for dataset in datasets.all_newest(db) if dataset.hash not in signed]


def sign(db: Database, dataset: Dataset, *, checklist: Json, by: str, now: datetime) -> None:
    """Sign a data set off, or sign it anew: the newest review holds."""
    with immediate(db):
        before = review_of(db, dataset.hash)
        db.execute(
            "INSERT OR REPLACE INTO privacy_reviews VALUES (?, ?, ?, ?)",
            (dataset.hash, by, json.dumps(checklist, ensure_ascii=False), text(now)),
        )
        audit.note(
            db,
            by=by,
            action="review sign",
            subject=f"data set {dataset.title}",
            before=f"signed by <@{before.by}>" if before else None,
            after=f"signed by <@{by}>",
            now=now,
        )
