"""Resources as a table: what there is to learn from, and which skills and failures it helps with."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any, get_args

from sqlite_utils import Database

from bot.asking import RefusalError
from bot.language import tr
from bot.team.tables import cells
from bot.team.tables.table import Column, Row, Table
from bot.wording import code
from storage import resources, skills
from storage.talent import Resource, ResourceKind, Track
from trainer.spec import Cause

KINDS: tuple[ResourceKind, ...] = get_args(ResourceKind)
TRACKS: tuple[Track, ...] = get_args(Track)
OPTIONAL = ("link", "discipline", "mends")


def rows(db: Database) -> list[Row]:
    names = {skill.id: skill.name for skill in skills.all_skills(db)}
    served = resources.skills_of(db)
    listed = sorted(resources.all_open(db), key=lambda resource: resource.id)
    return [_row(one, [names[skill] for skill in served.get(one.id, ())]) for one in listed]


def write(db: Database, row: Row, before: Row | None, by: str, now: datetime) -> None:
    found = [skills.find(db, name) for name in cells.parts(row["skills"])]
    served = [skill.id for skill in found if skill is not None]
    values: dict[str, Any] = {name: value for name, value in row.items() if name != "skills"}
    values |= {"minutes": int(row["minutes"])} | {name: row[name] or None for name in OPTIONAL}
    known = resources.find(db, before["title"]) if before else None
    if known is not None:
        resources.change(db, replace(known, **values), skills=served, by=by, now=now)
    elif resources.add(db, **values, skills=served, by=by, now=now) is None:
        raise RefusalError(
            tr("Nothing was imported: the title {title} is taken.", title=code(row["title"]))
        )


def _row(resource: Resource, served: list[str]) -> Row:
    row = {column.name: str(getattr(resource, column.name, "") or "") for column in TABLE.columns}
    return row | {"skills": cells.write(sorted(served))}


TABLE = Table(
    name="resources",
    columns=(
        Column("title", cells.text(200, needed=True)),
        Column("kind", cells.choice(KINDS), "article"),
        Column("link", cells.link),
        Column("minutes", cells.whole(1, 100_000), "30"),
        Column("about", cells.text(1000)),
        Column("track", cells.choice(TRACKS), "technical"),
        Column("discipline", cells.text(40)),
        Column("skills", cells.skills),
        Column("mends", cells.choice(get_args(Cause), optional=True)),
    ),
    key=("title",),
    rows=rows,
    write=write,
)
