"""Sessions: today's, the pre-read of the next day's, and those that want a host."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta

from bot.language import tr
from bot.team import said
from bot.team.facts import Facts
from bot.team.obligations import Act, Obligation, Rank
from storage.talent import Member, Occurrence

HOSTED = frozenset({"lecture", "exchange", "cross-talk"})  # kinds that can't do without a host
HOST_WANTED = 5  # working days ahead


def signal(facts: Facts, reader: Member, now: datetime) -> Iterator[Obligation]:
    today = facts.calendar.local_day(reader, now)
    tomorrow = facts.calendar.next_working_day(reader, today)
    for date_ in facts.occurrences:
        day = facts.calendar.local_day(reader, date_.starts_at)
        if date_.starts_at + timedelta(minutes=date_.minutes) <= now:
            continue
        if day == today and _concerns(facts, reader, date_):
            yield _today(reader, date_)
        if today < day <= tomorrow:
            yield from _pre_read(facts, reader, date_)
        if _wants_host(facts, reader, date_, today):
            yield _host_wanted(date_, day)


def _concerns(facts: Facts, reader: Member, date_: Occurrence) -> bool:
    """Tell whether today's session is theirs: they come, or could and didn't say no."""
    answer = facts.answers.get(date_.id, {}).get(reader.user)
    if date_.host == reader.user or answer in {"yes", "maybe"}:
        return True
    return answer is None and not facts.calendar.is_quiet(reader, date_.starts_at)


def _today(reader: Member, date_: Occurrence) -> Obligation:
    hosting = date_.host == reader.user
    text = tr("You host {title} at {time}.") if hosting else tr("Today at {time}: {title}.")
    return Obligation(
        key=f"session:{date_.id}",
        kind="session",
        rank=Rank.TODAY,
        text=text.format(title=said.title(date_.title), time=said.clock(date_.starts_at, reader)),
        why=tr(
            "Session {number} is today, in <#{channel}>, and your answer to it is not no.",
            number=date_.session,
            channel=date_.channel,
        ),
        nudges=1,
    )


def _pre_read(facts: Facts, reader: Member, date_: Occurrence) -> Iterator[Obligation]:
    """Name what to read before a session on a skill that the reader wants."""
    found = facts.resources.get(date_.pre_read or 0)
    wanted = {skill.skill for skill in facts.held.get(reader.user, ()) if skill.want}
    if found is None or wanted.isdisjoint(facts.session_skills.get(date_.session, ())):
        return
    if "done" in facts.marks.get((reader.user, found.id), frozenset()):
        return
    yield Obligation(
        key=f"pre-read:{date_.id}",
        kind="session",
        rank=Rank.SUGGESTION,
        text=tr(
            "Before {title}, read {resource} ({minutes} min).",
            title=said.title(date_.title),
            resource=said.resource(found),
            minutes=found.minutes,
        ),
        why=tr(
            "Session {number} is on your next working day, and it is about a skill you want.",
            number=date_.session,
        ),
        nudges=1,
    )


def _wants_host(facts: Facts, reader: Member, date_: Occurrence, today: date) -> bool:
    """Tell whether its organiser has to look for a host; the leads, where the organiser left."""
    gone = date_.organiser not in facts.members
    looks = reader.user in facts.leads if gone else reader.user == date_.organiser
    if not looks or date_.host or date_.kind not in HOSTED:
        return False
    day = facts.calendar.local_day(reader, date_.starts_at)
    return facts.calendar.working_days_between(reader, today, day) <= HOST_WANTED


def _host_wanted(date_: Occurrence, day: date) -> Obligation:
    return Obligation(
        key=f"host:{date_.id}",
        kind="session",
        rank=Rank.BLOCKS_OTHERS,
        text=tr("{title} on {day} has no host.", title=said.title(date_.title), day=said.day(day)),
        why=tr(
            "Session {number} is at most 5 working days ahead, and nobody hosts it. "
            "`/team session host {number}` makes you its host.",
            number=date_.session,
        ),
        act=Act(tr("Host it"), "session_host", str(date_.id)),
        pause=3,
    )
