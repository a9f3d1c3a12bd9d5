"""Corrections: kept redacted, decided on in batches, used in a version of their data set."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from sqlite_utils import Database

from storage import audit
from storage.answering import Correction
from storage.database import immediate
from storage.records import read, text

Verdict = Literal["accepted", "rejected"]


@dataclass(frozen=True)
class Waiting:
    """What waits in a data set: for a decision, or accepted for its next version."""

    dataset: str
    open: int
    accepted: int
    oldest: int | None = None  # number of the first that is open


@dataclass(frozen=True)
class CorrectionCount:
    """How many corrections there were from one label to another."""

    told: str
    label: str
    state: Literal["open", "accepted", "rejected"]
    n: int


def add(
    db: Database,
    *,
    key: str,
    alias: str,
    model: int,
    dataset: str,
    redacted: str,
    told: str,
    label: str,
    by: str,
    now: datetime,
    keep_until: datetime,
) -> Correction:
    """Keep a correction under its key; while it is open, the same key changes its label."""
    with immediate(db):
        db.execute(
            """
            INSERT INTO corrections (key, alias, model, dataset, text, told, label, by, at,
                                     keep_until)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
            ON CONFLICT (key) DO UPDATE SET label = excluded.label WHERE state = 'open'
            """,
            (
                key,
                alias,
                model,
                dataset,
                redacted,
                told,
                label,
                by,
                text(now),
                text(keep_until),
            ),
        )
        return next(_where(db, "key = ?", key))


def get(db: Database, number: int) -> Correction | None:
    return next(_where(db, "id = ?", number), None)


def open_of(
    db: Database, dataset: str, *, after: int = 0, limit: int | None = None
) -> list[Correction]:
    """List what waits for a decision in a data set, beyond a number, oldest first."""
    condition = "dataset = ? AND state = 'open' AND id > ? ORDER BY id LIMIT ?"
    return list(_where(db, condition, dataset, after, -1 if limit is None else limit))


def accepted_of(db: Database, dataset: str) -> list[Correction]:
    """List what was accepted and is in no version of the data set yet, oldest first."""
    condition = "dataset = ? AND state = 'accepted' AND used_in IS NULL ORDER BY id"
    return list(_where(db, condition, dataset))


def of_person(db: Database, user: str) -> list[Correction]:
    return list(_where(db, "by = ? ORDER BY id", user))


def used_in(db: Database, dataset_hash: str) -> list[Correction]:
    """List what went into a version of a data set."""
    return list(_where(db, "used_in = ? ORDER BY id", dataset_hash))


def waiting(db: Database) -> list[Waiting]:
    """Count what waits, by data set."""
    rows = db.query(
        """
        SELECT dataset, sum(state = 'open') AS open, sum(state = 'accepted') AS accepted,
               min(CASE state WHEN 'open' THEN id END) AS oldest
        FROM corrections WHERE state = 'open' OR (state = 'accepted' AND used_in IS NULL)
        GROUP BY dataset ORDER BY dataset
        """
    )
    return [read(Waiting, row) for row in rows]


def between(db: Database, start: datetime, end: datetime) -> list[CorrectionCount]:
    """Count the corrections of labels from `start` on and before `end`, the most frequent first."""
    rows = db.query(
        """
        SELECT told, label, state, count(*) AS n FROM corrections WHERE at >= ? AND at < ?
            AND model NOT IN (SELECT id FROM models WHERE task = 'retrieval')
        GROUP BY told, label, state ORDER BY n DESC, told, label
        """,
        (text(start), text(end)),
    )
    return [read(CorrectionCount, row) for row in rows]


def decide(
    db: Database, dataset: str, verdicts: Mapping[int, Verdict], *, by: str, now: datetime
) -> list[Correction]:
    """Decide on a batch of a data set; gives those that were still open, as they are now."""
    with immediate(db):
        done = [
            read(Correction, row)
            for number, verdict in verdicts.items()
            for row in db.query(
                """
                UPDATE corrections SET state = ?, decided_by = ?, decided_at = ?
                WHERE id = ? AND dataset = ? AND state = 'open' RETURNING *
                """,
                (verdict, by, text(now), number, dataset),
            )
        ]
        if done:
            counts = Counter(one.state for one in done)
            after = ", ".join(f"{n} {state}" for state, n in sorted(counts.items()))
            subject = f"data set {dataset}"
            audit.note(db, by=by, action="corrections", subject=subject, after=after, now=now)
        return done


def withdraw(db: Database, number: int, *, by: str) -> bool:
    """Delete an open correction for its person; False where it is decided, gone or another's."""
    done = db.execute(
        "DELETE FROM corrections WHERE id = ? AND by = ? AND state = 'open'", (number, by)
    )
    return bool(done.rowcount)


def mark_used(db: Database, numbers: Sequence[int], dataset_hash: str) -> None:
    """Note in which version of the data set accepted corrections are."""
    db.execute(
        "UPDATE corrections SET used_in = ? WHERE id IN (SELECT value FROM json_each(?))",
        (dataset_hash, json.dumps(numbers)),
    )


def forget(db: Database, user: str, *, by: str, now: datetime) -> list[Correction]:
    """Delete all of a person's; gives what was deleted: some may be rows of a data set already."""
    with immediate(db):
        gone = of_person(db, user)
        delete(db, [one.id for one in gone])
        if gone:
            told = {"subject": f"<@{user}>", "before": f"{len(gone)} corrections"}
            audit.note(db, by=by, action="privacy forget", now=now, **told)
        return gone


def due_for_deletion(db: Database, now: datetime) -> list[Correction]:
    """List those whose time is over."""
    return list(_where(db, "keep_until <= ? ORDER BY id", text(now)))


def delete(db: Database, numbers: Sequence[int]) -> None:
    """Delete corrections; what became a row of a data set stays there."""
    db.execute(
        "DELETE FROM corrections WHERE id IN (SELECT value FROM json_each(?))",
        (json.dumps(numbers),),
    )


def _where(db: Database, condition: str, *values: str | int) -> Iterator[Correction]:
    rows = db.query(f"SELECT * FROM corrections WHERE {condition}", values)  # noqa: S608 - ours alone
    return (read(Correction, row) for row in rows)
