"""What is due in a learning plan: three days and one day before, once when it is overdue."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta

from bot.language import tr
from bot.team import said
from bot.team.facts import Facts
from bot.team.obligations import NUDGES, Obligation, Rank
from storage.talent import Assignment, Member

BEFORE = (3, 1)  # working days
FAR = timedelta(days=21)  # three working days are never so far away, but for a long leave
ESCALATED_AFTER = 2  # working days overdue: whose plan it is hears of it


def signal(facts: Facts, reader: Member, now: datetime) -> Iterator[Obligation]:
    today = facts.calendar.local_day(reader, now)
    for assignment in facts.assignments.get(reader.user, ()):
        if assignment.due_on and assignment.due_on < str(today + FAR):
            yield from _own(facts, reader, assignment, today)
    for assignment in facts.led.get(reader.user, ()):
        learner = facts.members.get(assignment.user)
        if learner and learner != reader and assignment.due_on and assignment.due_on < str(today):
            yield from _led(facts, learner, assignment, now)


def _own(facts: Facts, reader: Member, assignment: Assignment, today: date) -> Iterator[Obligation]:
    """Something due on a day off is due on the working day before it."""
    due = date.fromisoformat(assignment.due_on or "")
    last = facts.calendar.working_day_on_or_before(reader, due)
    left = facts.calendar.working_days_between(reader, today, last)
    if last < today:
        timely = _overdue_by(facts, reader, last, today) == 1
        yield _line(assignment, due, Rank.OVERDUE, timely=timely, nudges=NUDGES + 1)
    elif left <= BEFORE[0]:
        yield _line(assignment, due, Rank.DUE, timely=left in {*BEFORE, 0}, nudges=NUDGES)


def _overdue_by(facts: Facts, member: Member, due: date, today: date) -> int:
    """Count the working days since; what is long overdue needn't be counted to its end."""
    return facts.calendar.working_days_between(member, max(due, today - FAR), today)


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
    facts: Facts, learner: Member, assignment: Assignment, now: datetime
) -> Iterator[Obligation]:
    due, today = date.fromisoformat(assignment.due_on or ""), facts.calendar.local_day(learner, now)
    if _overdue_by(facts, learner, due, today) >= ESCALATED_AFTER:
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
