"""An open survey that somebody was invited to and hasn't answered."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from bot.language import tr
from bot.team import said
from bot.team.facts import Facts
from bot.team.obligations import Act, Obligation, Rank
from storage.talent import Member, Survey


def signal(facts: Facts, reader: Member, now: datetime) -> Iterator[Obligation]:
    for survey in facts.surveys:
        invited = reader.user in survey.invited.get("users", ())
        if invited and reader.user not in facts.took_part.get(survey.id, frozenset()):
            yield _line(facts, reader, survey, now)


def _line(facts: Facts, reader: Member, survey: Survey, now: datetime) -> Obligation:
    """Remind on its first working day and its last."""
    opened, closes, today = (
        facts.calendar.local_day(reader, at) for at in (survey.opened_at, survey.closes_at, now)
    )
    old = facts.calendar.working_days_between(reader, opened, today)
    left = facts.calendar.working_days_between(reader, today, closes)
    return Obligation(
        key=f"survey:{survey.id}",
        kind="survey",
        rank=Rank.DUE,
        text=tr(
            "{title} is open until {day}; answers are anonymous.",
            title=said.title(survey.title),
            day=said.day(closes),
        ),
        why=tr(
            "You were invited to survey {number} and Coach has no answer of yours. It knows who "
            "took part, never what anybody answered.",
            number=survey.id,
        ),
        act=Act(tr("Answer"), "survey_answer", str(survey.id)),
        pause=1,
        timely=old <= 1 or left <= 1,
    )
