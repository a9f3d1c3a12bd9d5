"""An interview without a scorecard: its interviewer hears of it, then the hiring owner."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta

from bot.language import tr
from bot.team import said
from bot.team.facts import Facts
from bot.team.obligations import Act, Obligation, Rank
from storage.talent import Interview, Member

FIRST_AFTER = timedelta(hours=1)  # of the interview's end
FORGOTTEN = timedelta(days=60)  # ten working days are over by then, but for a long leave
ESCALATED_AFTER, STOPS_AFTER = 2, 10  # working days


def signal(facts: Facts, reader: Member, now: datetime) -> Iterator[Obligation]:
    for interview in facts.owed:
        if not now - FORGOTTEN < interview.ends_at <= now - FIRST_AFTER:
            continue
        age = _age(facts, reader, interview, now)
        if age > STOPS_AFTER:
            continue
        if interview.interviewer == reader.user:
            yield _owed(facts, reader, interview)
        elif facts.owners.get(interview.candidate) == reader.user and age >= ESCALATED_AFTER:
            yield _escalated(facts, reader, interview)


def _owed(facts: Facts, reader: Member, interview: Interview) -> Obligation:
    return Obligation(
        key=f"score:{interview.id}",
        kind="scorecard",
        rank=Rank.BLOCKS_OTHERS,
        text=tr("The scorecard of interview {number} is yours to fill in.", number=interview.id),
        why=tr(
            "Interview {number} ended on {day} and has no scorecard. You hear of it every working "
            "day, up to the tenth; its hiring owner does after two.",
            number=interview.id,
            day=said.day(_ended(facts, reader, interview)),
        ),
        act=_fill_in(interview),
        nudges=STOPS_AFTER,
        pause=1,
    )


def _escalated(facts: Facts, reader: Member, interview: Interview) -> Obligation:
    return Obligation(
        key=f"score:{interview.id}:owner",
        kind="scorecard",
        rank=Rank.BLOCKS_OTHERS,
        text=tr(
            "Interview {number} of {day} still has no scorecard from <@{interviewer}>.",
            number=interview.id,
            day=said.day(_ended(facts, reader, interview)),
            interviewer=interview.interviewer,
        ),
        why=tr(
            "You own the candidate of interview {number}, and its scorecard is owed for two "
            "working days. You are told once.",
            number=interview.id,
        ),
        nudges=1,
    )


def _fill_in(interview: Interview) -> Act:
    return Act(tr("Fill in"), "interview_score", str(interview.id))


def _age(facts: Facts, reader: Member, interview: Interview, now: datetime) -> int:
    """Count the reader's working days since the interview."""
    today = facts.calendar.local_day(reader, now)
    return facts.calendar.working_days_between(reader, _ended(facts, reader, interview), today)


def _ended(facts: Facts, reader: Member, interview: Interview) -> date:
    return facts.calendar.local_day(reader, interview.ends_at)
