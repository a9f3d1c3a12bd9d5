"""Skills: the list the team keeps, who has which at what level, and who wants to learn them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Literal

from sqlite_utils import Database

from storage import audit
from storage.database import immediate
from storage.records import read, text
from storage.talent import MemberSkill, Skill

Source = Literal["self", "lead", "import"]


def all_skills(db: Database) -> list[Skill]:
    """List the skills, critical ones first."""
    return list(_where(db, "1 ORDER BY critical DESC, name COLLATE NOCASE"))


def get(db: Database, number: int) -> Skill | None:
    return next(_where(db, "id = ?", number), None)


def find(db: Database, name: str) -> Skill | None:
    """Find a skill by its name in either language, however it is capitalised."""
    return next(_where(db, "name = ? OR zh = ? COLLATE NOCASE", name, name), None)


def add(
    db: Database,
    name: str,
    *,
    zh: str | None = None,
    critical: bool = False,
    by: str,
    now: datetime,
) -> Skill | None:
    """Add a skill to the list; None where it has one of that name in either language."""
    with immediate(db):
        if find(db, name) or (zh and find(db, zh)):
            return None
        db.execute(
            "INSERT INTO skills (name, zh, critical, added_by, added_at) VALUES (?, ?, ?, ?, ?)",
            (name, zh, int(critical), by, text(now)),
        )
        audit.note(db, by=by, action="skill add", subject=name, now=now)
        return find(db, name)


def change(db: Database, skill: Skill, *, by: str, now: datetime) -> None:
    """Let the skill of that number be called and count as this record says."""
    with immediate(db):
        before = get(db, skill.id)
        db.execute(
            "UPDATE skills SET name = ?, zh = ?, critical = ? WHERE id = ?",
            (skill.name, skill.zh, int(skill.critical), skill.id),
        )
        subject = f"skill {skill.id}"
        audit.note(
            db,
            by=by,
            action="skill change",
            subject=subject,
            before=_said(before),
            after=_said(skill),
            now=now,
        )


def held(db: Database) -> list[MemberSkill]:
    """List what each active member has or wants."""
    rows = db.query(
        """
        SELECT member_skills.* FROM member_skills JOIN members USING (user)
        WHERE active ORDER BY skill, have DESC, user
        """
    )
    return [read(MemberSkill, row) for row in rows]


def of(db: Database, user: str) -> dict[int, MemberSkill]:
    """Give what one person has or wants, by the skill's number."""
    rows = db.query("SELECT * FROM member_skills WHERE user = ? ORDER BY skill", (user,))
    return {row["skill"]: read(MemberSkill, row) for row in rows}


def set_level(
    db: Database,
    user: str,
    skill: int,
    level: int | None,
    *,
    by: str,
    now: datetime,
    source: Source = "self",
) -> None:
    """Note what a person says of their own level, or what a file says; None takes it back."""
    _set_level(db, user, skill, level, source=source, by=by, action="skill have", now=now)


def assess(db: Database, user: str, skill: int, level: int, *, by: str, now: datetime) -> None:
    """Note the level that somebody's manager or lead sees."""
    _set_level(db, user, skill, level, source="lead", by=by, action="skill assess", now=now)


def set_want(db: Database, user: str, skill: int, want: bool, *, by: str, now: datetime) -> bool:
    """Note whether a person wants to learn a skill; False where that is known already."""
    with immediate(db):
        known = of(db, user).get(skill)
        if want == (known is not None and known.want):
            return False
        db.execute(
            """
            INSERT INTO member_skills (user, skill, want) VALUES (?, ?, ?)
            ON CONFLICT (user, skill) DO UPDATE SET want = excluded.want
            """,
            (user, skill, int(want)),
        )
        subject = f"<@{user}> skill {skill}"
        audit.note(db, by=by, action="skill want", subject=subject, after=want, now=now)
        return True


def _set_level(
    db: Database,
    user: str,
    skill: int,
    level: int | None,
    *,
    source: Source,
    by: str,
    action: str,
    now: datetime,
) -> None:
    with immediate(db):
        known = of(db, user).get(skill)
        db.execute(
            """
            INSERT INTO member_skills (user, skill, have, source, assessed_by, assessed_at)
            VALUES (?, ?, ?, ?, ?, ?)
            ON CONFLICT (user, skill) DO UPDATE SET have = excluded.have, source = excluded.source,
                assessed_by = excluded.assessed_by, assessed_at = excluded.assessed_at
            """,
            (user, skill, level, source, *((by, text(now)) if level is not None else (None, None))),
        )
        subject, before = f"<@{user}> skill {skill}", known and known.have
        audit.note(db, by=by, action=action, subject=subject, before=before, after=level, now=now)


def _said(skill: Skill | None) -> str:
    if skill is None:
        return ""
    return f"{skill.name} / {skill.zh or ''}" + (" (critical)" if skill.critical else "")


def _where(db: Database, condition: str, *values: str | int) -> Iterator[Skill]:
    rows = db.query(f"SELECT * FROM skills WHERE {condition}", values)  # noqa: S608 - ours alone
    return (read(Skill, row) for row in rows)
