"""Skills: a level that was assessed long ago, and a critical skill that one person alone has."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from bot.language import current, listed, tr
from bot.team import said
from bot.team.facts import Facts
from bot.team.obligations import Act, Obligation, Rank
from storage.talent import Member, MemberSkill, Skill

OLD = timedelta(days=180)
NAMED = 3  # skills in one line
KNOWS = 2  # the level from which somebody has a skill


def signal(facts: Facts, reader: Member, now: datetime) -> Iterator[Obligation]:
    yield from _assess(facts, reader, now)
    if reader.user in facts.leads:
        for skill in facts.skills.values():
            if skill.critical:
                yield from _alone(facts, skill)


def name(skill: Skill) -> str:
    """Call a skill in the reader's language."""
    return said.title((skill.zh if current() == "zh" else None) or skill.name)


def _assess(facts: Facts, reader: Member, now: datetime) -> Iterator[Obligation]:
    """Put all that is old into one line, named by the oldest."""
    old = sorted(
        (assessed_at, held.skill)
        for held in facts.held.get(reader.user, ())
        if (assessed_at := held.assessed_at) and assessed_at < now - OLD
    )
    known = [facts.skills[skill] for _, skill in old if skill in facts.skills]
    if known:
        yield Obligation(
            key=f"assess:{known[0].id}:{old[0][0]:%Y-%m-%d}",
            kind="skill",
            rank=Rank.DUE,
            text=tr(
                "How well do you know {skills} today?",
                skills=listed(name(skill) for skill in known[:NAMED]),
            ),
            why=tr(
                "Levels older than 180 days are asked for again; this one is of {day}.",
                day=said.date_of(old[0][0].date()),
            ),
            act=Act(tr("Say it"), "skill_know", str(known[0].id)),
        )


def _alone(facts: Facts, skill: Skill) -> Iterator[Obligation]:
    having = [held.user for held in _all_held(facts) if held.skill == skill.id and _has(held)]
    if len(having) == 1:
        yield Obligation(
            key=f"alone:{skill.id}:{having[0]}",
            kind="skill",
            rank=Rank.SUGGESTION,
            text=tr(
                "<@{user}> alone knows {skill}: would they give a talk? `/team session add`",
                user=having[0],
                skill=name(skill),
            ),
            why=tr(
                "{skill} is a critical skill, and one person alone has level {level} or more. "
                "Only leads see this.",
                skill=name(skill),
                level=KNOWS,
            ),
        )


def _all_held(facts: Facts) -> Iterator[MemberSkill]:
    return (held for skills in facts.held.values() for held in skills)


def _has(held: MemberSkill) -> bool:
    return held.have is not None and held.have >= KNOWS
