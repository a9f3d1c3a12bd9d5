"""Targets: how many people of each discipline the team should have."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from sqlite_utils import Database

from storage import audit
from storage.database import immediate


def of_team(db: Database) -> dict[str, int]:
    """Give the people wanted by discipline."""
    rows = db.query("SELECT * FROM discipline_targets ORDER BY people DESC, discipline")
    return {row["discipline"]: row["people"] for row in rows}


def set_all(db: Database, targets: Mapping[str, int], *, by: str, now: datetime) -> None:
    """Put these targets, each above 0, in the place of those there were."""
    with immediate(db):
        before = _said(of_team(db))
        db.execute("DELETE FROM discipline_targets")
        for discipline, people in targets.items():
            db.execute("INSERT INTO discipline_targets VALUES (?, ?)", (discipline, people))
        after = _said(targets)
        audit.note(
            db, by=by, action="balance target", subject="team", before=before, after=after, now=now
        )


def _said(targets: Mapping[str, int]) -> str | None:
    return " ".join(f"{discipline} {people}" for discipline, people in targets.items()) or None
