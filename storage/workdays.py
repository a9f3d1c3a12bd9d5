"""Working days that people corrected, where the calendar of holidays is wrong or not yet there."""

from __future__ import annotations

from datetime import date, datetime

from sqlite_utils import Database

from storage import audit
from storage.database import immediate


def overrides(db: Database) -> dict[tuple[str, date], bool]:
    """Give what was corrected: (country, day) -> whether people there work."""
    return {
        (row["country"], date.fromisoformat(row["day"])): bool(row["works"])
        for row in db.query("SELECT country, day, works FROM workday_overrides")
    }


def set_override(
    db: Database, country: str, day: date, *, works: bool, by: str, now: datetime
) -> None:
    """Correct a day of a country, given by its two capital letters."""
    with immediate(db):
        before = overrides(db).get((country, day))
        db.execute(
            """
            INSERT INTO workday_overrides (country, day, works) VALUES (?, ?, ?)
            ON CONFLICT (country, day) DO UPDATE SET works = excluded.works
            """,
            (country, day.isoformat(), works),
        )
        audit.note(
            db,
            by=by,
            action="workday",
            subject=f"{country} {day}",
            before=None if before is None else _kind(works=before),
            after=_kind(works=works),
            now=now,
        )


def _kind(*, works: bool) -> str:
    return "work" if works else "holiday"
