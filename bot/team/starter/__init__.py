"""The starter list: skills and resources that a team can begin with, as the tables they are read from."""

from __future__ import annotations

from datetime import datetime
from importlib import resources as files

from sqlite_utils import Database

from bot import sheet
from bot.team.tables import TABLES
from bot.team.tables.cells import Known
from bot.team.tables.table import compare, read, write
from storage import members, resources, skills
from storage.database import immediate


def known(db: Database) -> Known:
    """Gather what a table's cells may refer to."""
    return Known(
        people={member.user for member in members.all_active(db)},
        skills={skill.name.casefold(): skill.name for skill in skills.all_skills(db)},
        resources={one.title.casefold(): one.title for one in resources.all_open(db)},
    )


def add(db: Database, *, by: str, now: datetime) -> None:
    """Add what the team lacks of the starter list; what it has under a name stays as it is."""
    with immediate(db):
        for name in ("skills", "resources"):
            table, old = TABLES[name], TABLES[name].rows(db)
            data = files.files(__name__).joinpath(f"{name}.csv").read_bytes()
            found = compare(table, old, read(table, sheet.read(data), known(db), old))
            found.changed.clear()
            write(db, table, found, by=by, now=now)
