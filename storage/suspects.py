"""Rows whose label is suspected to be wrong, until the data set's owner has looked at them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from sqlite_utils import Database

from storage import audit
from storage.database import immediate
from storage.records import Json, read, text

Decision = Literal["kept", "relabelled"]


@dataclass(frozen=True)
class Suspect:
    """A row of a data set, by its place in `rows.parquet`; its text isn't kept here."""

    dataset_hash: str
    row: int
    text_hash: str
    given: str
    suggested: str
    confidence: float  # that the suggested label is right
    decision: Decision | None
    decided_by: str | None
    decided_at: datetime | None


def register(db: Database, dataset_hash: str, name: str, found: Sequence[Json]) -> None:
    """Keep what was suspected of a data set; what is known of it already stays as it is.

    A label that was kept in an earlier version of the same name isn't suspected again.
    """
    with immediate(db):
        db.conn.executemany(
            """
            INSERT INTO suspects (dataset_hash, row, text_hash, given, suggested, confidence)
            SELECT :hash, :row, :text_hash, :given, :suggested, :confidence
            WHERE NOT EXISTS (
                SELECT 1 FROM suspects s JOIN datasets d ON d.hash = s.dataset_hash
                WHERE d.name = :name AND s.text_hash = :text_hash AND s.given = :given
                    AND s.decision = 'kept'
            )
            ON CONFLICT DO NOTHING
            """,
            [{"hash": dataset_hash, "name": name, **one} for one in found],
        )


def open_of(db: Database, dataset_hash: str, *, limit: int) -> list[Suspect]:
    """List what waits for a decision: first where another label is the most probable."""
    condition = "dataset_hash = ? AND decision IS NULL ORDER BY confidence DESC, row LIMIT ?"
    return _where(db, condition, dataset_hash, limit)


def count_open(db: Database, dataset_hash: str) -> int:
    condition = "dataset_hash = ? AND decision IS NULL"
    return int(db["suspects"].count_where(condition, [dataset_hash]))


def relabelled_in(db: Database, dataset_hash: str) -> list[Suspect]:
    """List the rows that are to have the suggested label in the data set's next version."""
    return _where(db, "dataset_hash = ? AND decision = 'relabelled' ORDER BY row", dataset_hash)


def decide(
    db: Database, dataset_hash: str, row: int, decision: Decision, *, by: str, now: datetime
) -> bool:
    """Decide on a suspect; False where somebody did so before."""
    with immediate(db):
        done = db.execute(
            """
            UPDATE suspects SET decision = ?, decided_by = ?, decided_at = ?
            WHERE dataset_hash = ? AND row = ? AND decision IS NULL
            """,
            (decision, by, text(now), dataset_hash, row),
        )
        if done.rowcount:
            told = {"subject": f"data set {dataset_hash[:12]}", "after": f"row {row} {decision}"}
            audit.note(db, by=by, action="data review", now=now, **told)
        return bool(done.rowcount)


def forget(db: Database, dataset_hash: str) -> None:
    """Delete what was suspected of a data set that goes."""
    db.execute("DELETE FROM suspects WHERE dataset_hash = ?", (dataset_hash,))


def _where(db: Database, condition: str, *values: str | int) -> list[Suspect]:
    rows = db.query(f"SELECT * FROM suspects WHERE {condition}", values)  # noqa: S608 - ours alone
    return [read(Suspect, row) for row in rows]
