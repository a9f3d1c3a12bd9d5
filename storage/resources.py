"""Resources: what there is to learn from, which skills it serves, and what people made of it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from datetime import datetime
from typing import Any, Literal

from sqlite_utils import Database

from storage import audit
from storage.database import immediate
from storage.records import read, text
from storage.talent import Marked, Resource

Mark = Literal["shown", "started", "done", "declined"]
CHANGEABLE = ("kind", "title", "link", "minutes", "about", "track", "discipline", "mends")


def all_open(db: Database) -> list[Resource]:
    """List what isn't retired, newest first."""
    return list(_where(db, "retired_at IS NULL ORDER BY id DESC"))


def get(db: Database, number: int) -> Resource | None:
    return next(_where(db, "id = ?", number), None)


def find(db: Database, number_or_title: str) -> Resource | None:
    """Find one that isn't retired by `12`, `#12` or its title, however it is capitalised."""
    number = number_or_title.removeprefix("#")
    if number.isdecimal() and (found := get(db, int(number))) and found.retired_at is None:
        return found
    condition = "title = ? COLLATE NOCASE AND retired_at IS NULL"
    return next(_where(db, condition, number_or_title), None)


def skills_of(db: Database) -> dict[int, tuple[int, ...]]:
    """Give the skills that each resource serves, by the resource's number."""
    found: defaultdict[int, tuple[int, ...]] = defaultdict(tuple)
    for row in db.query("SELECT resource, skill FROM resource_skills ORDER BY resource, skill"):
        found[row["resource"]] += (row["skill"],)
    return dict(found)


def add(
    db: Database,
    *,
    kind: str,
    title: str,
    minutes: int,
    by: str,
    now: datetime,
    about: str = "",
    track: str = "technical",
    link: str | None = None,
    discipline: str | None = None,
    mends: str | None = None,
    skills: Iterable[int] = (),
) -> Resource | None:
    """Add something to learn from; None where its title is taken."""
    with immediate(db):
        done = db.execute(
            """
            INSERT INTO resources (kind, title, link, minutes, about, track, discipline, mends,
                                   added_by, added_at)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING
            """,
            (kind, title, link, minutes, about, track, discipline, mends, by, text(now)),
        )
        if not done.rowcount:
            return None
        (made,) = _where(db, "title = ?", title)
        _set_skills(db, made.id, skills)
        audit.note(
            db, by=by, action="learn add", subject=f"resource {made.id}", after=title, now=now
        )
        return made


def change(
    db: Database, resource: Resource, *, skills: Iterable[int], by: str, now: datetime
) -> None:
    """Let the resource of that number say what this record says, and serve these skills."""
    said = asdict(resource)
    values: dict[str, Any] = {name: said[name] for name in CHANGEABLE}
    columns = ", ".join(f"{name} = :{name}" for name in CHANGEABLE)
    with immediate(db):
        db.execute(
            f"UPDATE resources SET {columns} WHERE id = :id",  # noqa: S608 - ours alone
            values | {"id": resource.id},
        )
        db.execute("DELETE FROM resource_skills WHERE resource = ?", (resource.id,))
        _set_skills(db, resource.id, skills)
        subject = f"resource {resource.id}"
        audit.note(db, by=by, action="learn change", subject=subject, after=resource.title, now=now)


def mark(db: Database, user: str, resource: int, mark: Mark, *, now: datetime) -> None:
    """Note what a person did with a resource; the first time counts."""
    db.execute(
        "INSERT INTO resource_marks VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING",
        (user, resource, mark, text(now)),
    )


def marks(db: Database) -> dict[tuple[str, int], frozenset[str]]:
    """Give what each person did with each resource."""
    found: defaultdict[tuple[str, int], frozenset[str]] = defaultdict(frozenset)
    for row in db.query("SELECT user, resource, mark FROM resource_marks"):
        found[row["user"], row["resource"]] |= {row["mark"]}
    return dict(found)


def timeline(db: Database) -> list[Marked]:
    """List what people did with resources, the earliest first."""
    rows = db.query("SELECT * FROM resource_marks ORDER BY at, user, resource, mark")
    return [read(Marked, row) for row in rows]


def completions(db: Database) -> dict[int, int]:
    """Count the people who finished each resource."""
    rows = db.query(
        "SELECT resource, count(*) AS people FROM resource_marks WHERE mark = 'done' GROUP BY 1"
    )
    return {row["resource"]: row["people"] for row in rows}


def _set_skills(db: Database, resource: int, skills: Iterable[int]) -> None:
    for skill in skills:
        db.execute(
            "INSERT INTO resource_skills VALUES (?, ?) ON CONFLICT DO NOTHING", (resource, skill)
        )


def _where(db: Database, condition: str, *values: str | int) -> Iterator[Resource]:
    rows = db.query(f"SELECT * FROM resources WHERE {condition}", values)  # noqa: S608 - ours alone
    return (read(Resource, row) for row in rows)
