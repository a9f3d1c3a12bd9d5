"""Data sets: registered once by content, found by the names people give them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import datetime

from sqlite_utils import Database

from storage import audit, suspects
from storage.database import immediate
from storage.records import Dataset, Json, read, text

_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,39}")


def is_name(name: str) -> bool:
    """Tell whether a data set may be called so: what a person types without quotes."""
    return _NAME.fullmatch(name) is not None


def register(db: Database, *, card: Json, added_by: str, now: datetime) -> Dataset:
    """Register a data set under its card's name; the same content is the same data set.

    New content under a name that is taken becomes that name's next version.
    """
    with immediate(db):
        known = get(db, card["hash"])
        if known is not None:
            return known
        db.execute(
            """
            INSERT INTO datasets (hash, name, version, rows, card, added_by, added_at)
            VALUES (:hash, :name, 1 + coalesce(
                (SELECT max(version) FROM datasets WHERE name = :name), 0),
                :rows, :card, :added_by, :added_at)
            """,
            {
                "hash": card["hash"],
                "name": card["name"],
                "rows": card["rows"],
                "card": json.dumps(card, ensure_ascii=False),
                "added_by": added_by,
                "added_at": text(now),
            },
        )
        return next(_where(db, "hash = ?", card["hash"]))


def get(db: Database, content_hash: str) -> Dataset | None:
    return next(_where(db, "hash = ?", content_hash), None)


def find(db: Database, title: str) -> Dataset | None:
    """Find `name` (its newest version) or `name@2`."""
    name, _, version = title.partition("@")
    if version:
        if not version.isdecimal():
            return None
        return next(_where(db, "name = ? AND version = ?", name, int(version)), None)
    return next(_where(db, "name = ? ORDER BY version DESC LIMIT 1", name), None)


def all_newest(db: Database) -> list[Dataset]:
    """List the newest version of each name, by name."""
    condition = "version = (SELECT max(version) FROM datasets d WHERE d.name = datasets.name)"
    return list(_where(db, f"{condition} ORDER BY name"))


def rename(db: Database, *, name: str, new_name: str, by: str, now: datetime) -> bool:
    """Rename all versions of a name; False where the new name is taken."""
    with immediate(db):
        if find(db, new_name) is not None:
            return False
        db.execute("UPDATE datasets SET name = ? WHERE name = ?", (new_name, name))
        db.execute("UPDATE corrections SET dataset = ? WHERE dataset = ?", (new_name, name))
        told = {"subject": f"data set {name}", "before": name, "after": new_name}
        audit.note(db, by=by, action="data rename", now=now, **told)
        return True


def forget(db: Database, content_hash: str, *, by: str, now: datetime) -> None:
    """Take a data set out of the register; its rows on disk are the caller's to delete."""
    with immediate(db):
        dataset = get(db, content_hash)
        if dataset is None:
            return
        db.execute("DELETE FROM datasets WHERE hash = ?", (content_hash,))
        suspects.forget(db, content_hash)
        told = {
            "subject": f"data set {dataset.name}",
            "before": f"{dataset.title}, {dataset.rows} rows",
        }
        audit.note(db, by=by, action="data delete", now=now, **told)


def _where(db: Database, condition: str, *values: str | int) -> Iterator[Dataset]:
    rows = db.query(f"SELECT * FROM datasets WHERE {condition}", values)  # noqa: S608 - ours alone
    return (read(Dataset, row) for row in rows)
