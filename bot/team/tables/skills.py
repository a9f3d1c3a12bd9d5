"""Skills as a table: their names, who has them at which level, who wants them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from sqlite_utils import Database

from bot.asking import RefusalError
from bot.language import tr
from bot.team.tables import cells
from bot.team.tables.table import Column, Row, Table
from bot.wording import code
from storage import skills
from storage.talent import MemberSkill, Skill


def rows(db: Database) -> list[Row]:
    held = skills.held(db)
    return [_row(skill, [one for one in held if one.skill == skill.id]) for skill in _sorted(db)]


def write(db: Database, row: Row, before: Row | None, by: str, now: datetime) -> None:
    skill = _named(db, row, before, by, now)
    had, has = (_levels(one["has"]) if one else {} for one in (before, row))
    for user in had.keys() | has.keys():
        if has.get(user) != had.get(user):
            skills.set_level(db, user, skill.id, has.get(user), by=by, source="import", now=now)
    wanted = set(cells.parts(before["wanted_by"])) if before else set()
    wants = set(cells.parts(row["wanted_by"]))
    for user in wanted ^ wants:
        skills.set_want(db, user, skill.id, want=user in wants, by=by, now=now)


def _named(db: Database, row: Row, before: Row | None, by: str, now: datetime) -> Skill:
    name, zh, critical = row["name"], row["zh"] or None, row["critical"] == "yes"
    known = skills.find(db, before["name"]) if before else None
    if known is None:
        made = skills.add(db, name, zh=zh, critical=critical, by=by, now=now)
        if made is None:
            raise RefusalError(
                tr(
                    "Nothing was imported: another skill has the name {name}.",
                    name=code(zh or name),
                )
            )
        return made
    changed = replace(known, name=name, zh=zh, critical=critical)
    if changed != known:
        skills.change(db, changed, by=by, now=now)
    return changed


def _sorted(db: Database) -> list[Skill]:
    return sorted(skills.all_skills(db), key=lambda skill: skill.id)


def _row(skill: Skill, held: Sequence[MemberSkill]) -> Row:
    by_person = sorted(held, key=lambda one: one.user)
    return {
        "name": skill.name,
        "zh": skill.zh or "",
        "critical": "yes" if skill.critical else "no",
        "has": cells.write(f"{one.user} {one.have}" for one in by_person if one.have is not None),
        "wanted_by": cells.write(one.user for one in by_person if one.want),
    }


def _levels(cell: str) -> dict[str, int]:
    split = (part.split(" ") for part in cells.parts(cell))
    return {user: int(level) for user, level in split}


TABLE = Table(
    name="skills",
    columns=(
        Column("name", cells.text(60, needed=True)),
        Column("zh", cells.text(60)),
        Column("critical", cells.choice(("yes", "no")), "no"),
        Column("has", cells.levels),
        Column("wanted_by", cells.members),
    ),
    key=("name",),
    rows=rows,
    write=write,
)
