"""What the team is made of: its disciplines against their targets, and how many people have a skill."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from sqlite_utils import Database

from bot import figures
from bot.language import listed, tr, trn
from bot.team.signals.skills import KNOWS, name
from bot.wording import escape
from storage import members, skills, targets
from storage.talent import Member, MemberSkill, Skill

BAR = 12  # characters


@dataclass(frozen=True)
class Share:
    """A discipline: how many people it has, and how many it should have where that is known."""

    discipline: str
    people: int
    target: int | None


@dataclass(frozen=True)
class Makeup:
    """Disciplines, those with the widest gap first; and skills by how many people have them."""

    shares: Sequence[Share]
    unknown: int  # people who have not told their discipline
    several: Sequence[Skill]
    single: Sequence[Skill]  # that one person alone has
    nobody: Sequence[Skill]


def look(db: Database) -> Makeup:
    return make(
        members.all_active(db),
        targets=targets.of_team(db),
        skills=skills.all_skills(db),
        held=skills.held(db),
    )


def make(
    everyone: Iterable[Member],
    *,
    targets: Mapping[str, int],
    skills: Iterable[Skill],
    held: Iterable[MemberSkill],
) -> Makeup:
    """Count people by discipline, however it is capitalised, and those who have each skill."""
    counts = Counter((member.discipline or "").strip().casefold() for member in everyone)
    unknown = counts.pop("", 0)
    wanted = {discipline.casefold(): people for discipline, people in targets.items()}
    shares = [Share(d, counts[d], wanted.get(d)) for d in {*counts, *wanted}]
    shares.sort(key=lambda one: (one.people - (one.target or one.people), one.discipline))
    having = Counter(one.skill for one in held if one.have is not None and one.have >= KNOWS)
    by_count: dict[int, list[Skill]] = {0: [], 1: [], 2: []}
    for skill in skills:
        by_count[min(2, having[skill.id])].append(skill)
    return Makeup(shares, unknown, by_count[2], by_count[1], by_count[0])


def say_shares(makeup: Makeup) -> str:
    """Draw the disciplines as bars of text, each against its target."""
    if not makeup.shares:
        return tr("Nobody has told their discipline yet: `/team me` has the form.")
    most = max(max(one.people, one.target or 0) for one in makeup.shares)
    rows = [
        [one.discipline, figures.bar(one.people / most, BAR), _say_people(one)]
        for one in makeup.shares
    ]
    missing = trn(
        "{count} person has not told their discipline yet: `/team me` has the form.",
        "{count} people have not told their discipline yet: `/team me` has the form.",
        makeup.unknown,
    )
    table = f"```\n{escape(figures.table(rows))}\n```"
    return f"{table}\n{missing}" if makeup.unknown else table


def say_coverage(makeup: Makeup) -> str:
    """Say which skills two people or more have, one alone, and nobody."""
    groups = (makeup.several, makeup.single, makeup.nobody)
    if not any(groups):
        return tr("There are no skills on the list yet: `/team skill add` adds one.")
    several, single, nobody = (
        listed(map(_say_skill, group)) if group else tr("none") for group in groups
    )
    return "\n".join(
        [
            tr("Two people or more have: {skills}.", skills=several),
            tr("One person alone has: {skills}.", skills=single),
            tr("Nobody has: {skills}.", skills=nobody),
        ]
    )


def _say_people(one: Share) -> str:
    if one.target is None:
        return str(one.people)
    return tr("{people} of {target}", people=one.people, target=one.target)


def _say_skill(skill: Skill) -> str:
    return tr("{skill} (critical)", skill=name(skill)) if skill.critical else name(skill)
