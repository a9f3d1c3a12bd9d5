"""Models, and the aliases that serve them: each move of an alias is kept."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime

from sqlite_utils import Database

from storage.database import immediate
from storage.records import Job, Json, Model, Promotion, read, text


def register(db: Database, *, job: Job, path: str, summary: Json, now: datetime) -> Model:
    """Register the model that a job's attempt made; it takes the job's number."""
    with immediate(db):
        db.execute(
            """
            INSERT INTO models (id, attempt, dataset_hash, base_model, method, path, summary,
                                created_by, created_at, task)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO NOTHING
            """,
            (
                job.id,
                job.attempt,
                summary["dataset_hash"],
                summary["base_model"],
                summary["recipe"]["method"],
                path,
                json.dumps(summary, ensure_ascii=False),
                job.requested_by,
                text(now),
                summary.get("task", "classification"),  # the first versions had one task
            ),
        )
        return next(_where(db, "id = ?", job.id))


def get(db: Database, number: int) -> Model | None:
    return next(_where(db, "id = ?", number), None)


def trained_on(db: Database, dataset_hash: str) -> list[Model]:
    return list(_where(db, "dataset_hash = ? ORDER BY id", dataset_hash))


def recent(db: Database, *, limit: int = 10) -> list[Model]:
    return list(_where(db, "1 ORDER BY id DESC LIMIT ?", limit))


def serving(db: Database, alias: str) -> tuple[Promotion, Model] | None:
    """Find what an alias serves now: its newest promotion and the model."""
    newest = next(iter(history(db, alias, limit=1)), None)
    if newest is None:
        return None
    model = get(db, newest.model)
    return None if model is None else (newest, model)


def aliases(db: Database) -> dict[str, Promotion]:
    """Map every alias to its newest promotion."""
    sql = "SELECT * FROM promotions GROUP BY alias HAVING version = max(version) ORDER BY alias"
    return {row["alias"]: read(Promotion, row) for row in db.query(sql)}


def history(db: Database, alias: str, *, limit: int = 20) -> list[Promotion]:
    """List an alias's promotions, newest first."""
    sql = "SELECT * FROM promotions WHERE alias = ? ORDER BY version DESC LIMIT ?"
    return [read(Promotion, row) for row in db.query(sql, (alias, limit))]


def promoted_between(db: Database, start: datetime, end: datetime) -> list[Promotion]:
    """List the promotions after `start` and up to `end`, oldest first."""
    sql = "SELECT * FROM promotions WHERE at > ? AND at <= ? ORDER BY id"
    return [read(Promotion, row) for row in db.query(sql, (text(start), text(end)))]


def purposes(db: Database) -> dict[int, str]:
    """Map every model that was ever promoted to the alias it came to serve last."""
    rows = db.query("SELECT model, alias FROM promotions ORDER BY id")
    return {row["model"]: row["alias"] for row in rows}


def promoted_since(db: Database, at: datetime) -> list[tuple[Promotion, Model]]:
    """List the promotions since a time with their models, oldest first."""
    rows = db.query("SELECT * FROM promotions WHERE at >= ? ORDER BY id", (text(at),))
    found = [read(Promotion, row) for row in rows]
    return [(one, next(_where(db, "id = ?", one.model))) for one in found]


def promote(
    db: Database,
    *,
    alias: str,
    model: int,
    expected: int | None,
    by: str,
    now: datetime,
    reason: str | None = None,
    comparison: Json | None = None,
) -> Promotion | None:
    """Point an alias to a model, keeping who, why and the figures the gate saw.

    `expected` is the model that served when the gate judged; None is returned where another
    promotion came between, so that no one is promoted over a model he was not compared with.
    """
    with immediate(db):
        before = serving(db, alias)
        if (before[1].id if before else None) != expected:
            return None
        rows = db.query(
            """
            INSERT INTO promotions (alias, version, model, previous, by, at, reason, comparison)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?) RETURNING *
            """,
            (
                alias,
                before[0].version + 1 if before else 1,
                model,
                expected,
                by,
                text(now),
                reason,
                None if comparison is None else json.dumps(comparison),
            ),
        )
        return read(Promotion, next(iter(rows)))


def _where(db: Database, condition: str, *values: str | int) -> Iterator[Model]:
    rows = db.query(f"SELECT * FROM models WHERE {condition}", values)  # noqa: S608 - ours alone
    return (read(Model, row) for row in rows)
