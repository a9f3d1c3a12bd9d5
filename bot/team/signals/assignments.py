"""What is due in a learning plan: three days and one day before, once when it is overdue."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime

from bot.language import tr
from bot.team import said
from bot.team.facts import Facts
from bot.team.obligations import NUDGES, Obligation, Rank
from storage.talent import Assignment, Member

BEFORE = (3, 1)  # working days
ESCALATED_AFTER = 2  # working days overdue: whose plan it is hears of it


def signal(facts: Facts, reader: Member, now: datetime) -> Iterator[Obligation]:
    today = facts.calendar.local_day(reader, now)
    for assignment in facts.assignments.get(reader.user, ()):
        if assignment.due_on:
            yield from _own(facts, reader, assignment, today)
    for user in facts.assignments:
        for assignment in facts.assignments[user]:
            if assignment.owner == reader.user != user and assignment.due_on:
                yield from _led(facts, facts.members.get(user), assignment, now)


def _own(facts: Facts, reader: Member, assignment: Assignment, today: date) -> Iterator[Obligation]:
    """Something due on a day off is due on the working day before it."""
    due = date.fromisoformat(assignment.due_on or "")
    last = facts.calendar.working_day_on_or_before(reader, due)
    left = facts.calendar.working_days_between(reader, today, last)
    if last < today:
        overdue_by = facts.calendar.working_days_between(reader, last, today)
        yield _line(assignment, due, Rank.OVERDUE, timely=overdue_by == 1, nudges=NUDGES + 1)
    elif left <= BEFORE[0]:
        yield _line(assignment, due, Rank.DUE, timely=left in {*BEFORE, 0}, nudges=NUDGES)


def _line(
    assignment: Assignment, due: date, rank: Rank, *, timely: bool, nudges: int
) -> Obligation:
    title, day = said.title(assignment.title), said.day(due)
    text = (
        tr("{title} was due on {day}.") if rank is Rank.OVERDUE else tr("{title} is due on {day}.")
    )
    return Obligation(
        key=f"assignment:{assignment.id}",
        kind="assignment",
        rank=rank,
        text=text.format(title=title, day=day),
        why=tr(
            "Assignment {number} in your learning plan, given by <@{by}>, is due on {day}. You "
            "hear of it 3 working days and 1 working day before, and once when it is overdue.",
            number=assignment.id,
            by=assignment.assigned_by,
            day=day,
        ),
        nudges=nudges,
        pause=1,
        timely=timely,
    )


def _led(
    facts: Facts, learner: Member | None, assignment: Assignment, now: datetime
) -> Iterator[Obligation]:
    if learner is None:
        return
    due, today = date.fromisoformat(assignment.due_on or ""), facts.calendar.local_day(learner, now)
    if facts.calendar.working_days_between(learner, due, today) >= ESCALATED_AFTER:
        yield Obligation(
            key=f"assignment:{assignment.id}:owner",
            kind="assignment",
            rank=Rank.OVERDUE,
            text=tr(
                "{title} of <@{user}> was due on {day}.",
                title=said.title(assignment.title),
                user=learner.user,
                day=said.day(due),
            ),
            why=tr(
                "You own the learning plan that assignment {number} is in, and it is overdue by "
                "two working days. You are told once, and nobody else is.",
                number=assignment.id,
            ),
            nudges=1,
        )
