"""Members as a table: who is on the team, what they do, when and where they work."""

from __future__ import annotations

from datetime import datetime

from sqlite_utils import Database

from bot.language import LANGUAGES
from bot.team.tables import cells
from bot.team.tables.table import Column, Row, Table
from storage import members

OPTIONAL = ("discipline", "country", "manager")


def rows(db: Database) -> list[Row]:
    return [
        {column.name: str(getattr(member, column.name) or "") for column in TABLE.columns}
        for member in members.all_active(db)
    ]


def write(db: Database, row: Row, before: Row | None, by: str, now: datetime) -> None:
    user = row["user"]
    if before is None:
        members.ensure(
            db,
            user,
            name=user,
            kind="person",
            zone=row["zone"],
            language=row["language"],
            now=now,
        )
    fields = {name: value for name, value in row.items() if name != "user"}
    fields["name"] = row["name"] or user
    empty = {name: fields[name] or None for name in OPTIONAL}
    members.change(db, user, by=by, now=now, **fields | empty)


TABLE = Table(
    name="members",
    columns=(
        Column("user", cells.user),
        Column("name", cells.text(80)),
        Column("discipline", cells.text(40)),
        Column("manager", cells.optional_user),
        Column("country", cells.country),
        Column("zone", cells.zone, "UTC"),
        Column("language", cells.choice(LANGUAGES), "en"),
        Column("works_from", cells.hour, "09:00"),
        Column("works_to", cells.hour, "18:00"),
        Column("work_days", cells.weekdays, "MO,TU,WE,TH,FR"),
    ),
    key=("user",),
    rows=rows,
    write=write,
    private=True,
)
