"""The digest: at most five lines a working day, in a member's own morning, and only with cause."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta

from sqlite_utils import Database

from bot import calendar, language
from bot.asking import Office
from bot.calendar import WorkCalendar, zone_of
from bot.pacing import spread
from bot.team import facts, lines
from bot.team.facts import Facts
from bot.team.obligations import Obligation, Rank
from bot.team.signals import obligations
from bot.team.signals.ignored import demoted
from storage import deliveries, members, nudges
from storage.database import immediate, opened
from storage.nudges import Sent
from storage.records import Delivery
from storage.talent import Member, Response

MOST = 5  # lines
SPREAD = timedelta(minutes=1)  # over which the digests of one moment go out


@dataclass(frozen=True)
class History:
    """What one reader was told before, and what they said to it, by obligation."""

    sent: Mapping[str, Sent] = field(default_factory=dict)
    responses: Mapping[str, Response] = field(default_factory=dict)
    open_jobs: frozenset[int] = frozenset()  # their jobs that have not ended


# --- what comes, pure -----------------------------------------------------------------------


def compose(
    owed: Iterable[Obligation],
    history: History,
    member: Member,
    *,
    today: date,
    last: frozenset[str] = frozenset(),
) -> list[Obligation]:
    """Choose the lines of a digest, in order; `last` are the kinds that hardly anyone acts on.

    Blocks others → overdue → due → today's session → one suggestion at most.
    """
    due = [
        one for one in owed if one.kind not in member.muted and _comes(one, history, member, today)
    ]
    ordered = sorted(due, key=lambda one: (one.kind in last, one.rank))
    suggestions = [one for one in ordered if one.rank is Rank.SUGGESTION][1:]
    return [one for one in ordered if one not in suggestions][:MOST]


def _comes(one: Obligation, history: History, member: Member, today: date) -> bool:
    sent, response = history.sent.get(one.key), history.responses.get(one.key)
    if sent is not None and sent.times >= one.nudges:
        return False
    if response is not None:
        if response.response != "snoozed" or sleeps(response, history, today):
            return False
        if sent is None or sent.day <= _day_of(response, member):
            return True  # a snooze brings a line back once, whatever its usual days
    rested = sent is None or (today - sent.day).days >= one.pause
    return one.timely and rested


def _day_of(response: Response, member: Member) -> date:
    return response.at.astimezone(zone_of(member)).date()


def sleeps(response: Response, history: History, today: date) -> bool:
    """Tell whether a line was snoozed and its time has not come."""
    until = response.until or ""
    if until.startswith("run:"):
        return int(until.removeprefix("run:")) in history.open_jobs
    return today.isoformat() < until


def is_due(member: Member, days: WorkCalendar, now: datetime) -> bool:
    """Tell whether it is their morning, and its digest was not decided on yet.

    A member who travels gets one for each local date, the date line crossed or not: a date that
    was decided, and all before it, aren't again.
    """
    local = now.astimezone(zone_of(member))
    today = local.date()
    if member.digest_at is None or (member.digested_on or "") >= today.isoformat():
        return False
    if not member.works_from <= member.digest_at < member.works_to:
        return not days.is_quiet(member, now)  # it comes when their work begins
    return f"{local:%H:%M}" >= member.digest_at and not days.is_quiet(member, now)


# --- the tick -------------------------------------------------------------------------------


async def send_due(office: Office) -> None:
    """Put the digests that are due into the outbox, each once."""
    await asyncio.to_thread(_put_due, office)


def _put_due(office: Office) -> None:
    now = office.clock()
    with opened(office.settings.data_dir) as db:
        days = calendar.read(db)
        due = [member for member in members.all_active(db) if is_due(member, days, now)]
        if due:
            put_digests(db, due, facts.gather(db, now, admins=office.settings.admins), now=now)


def put_digests(db: Database, due: Sequence[Member], known: Facts, *, now: datetime) -> None:
    last = demoted(known.rates)
    for member in due:
        with immediate(db), language.use(member.language):
            _put(db, member, known, last=last, now=now)


def _put(
    db: Database, member: Member, known: Facts, *, last: frozenset[str], now: datetime
) -> None:
    """Decide on a member's digest: with nothing to say, none is sent, nor later on that day."""
    today = known.calendar.local_day(member, now)
    members.note_digest(db, member.user, today)
    history = read_history(db, member.user, known)
    told = compose(obligations(known, member, now), history, member, today=today, last=last)
    if not told:
        return
    key = f"digest:{member.user}:{today}"
    added = deliveries.put(
        db,
        key=key,
        channel=member.user,
        body=lines.message(told, running=lines.newest(known, member)),
        now=now,
        due_at=now + spread(key, SPREAD),
        expires_at=_ends(member, today),
    )
    if added:
        nudges.note_sent(db, member.user, [(one.key, one.kind) for one in told], day=today, now=now)


def read_history(db: Database, user: str, known: Facts) -> History:
    return History(
        sent=nudges.sent(db, user),
        responses=nudges.responses(db, user),
        open_jobs=frozenset(known.open_jobs.get(user, ())),
    )


def _ends(member: Member, today: date) -> datetime:
    """Give the end of their working day: what has not reached them by then no longer does."""
    return datetime.combine(today, time.fromisoformat(member.works_to), zone_of(member))


# --- right before it is sent ----------------------------------------------------------------


async def guard(office: Office, delivery: Delivery) -> str | None:
    """Ask once more: they may have left, paused or turned it off since it was composed."""
    return await asyncio.to_thread(_objection, office, delivery)


def _objection(office: Office, delivery: Delivery) -> str | None:
    with opened(office.settings.data_dir) as db:
        member, days = members.get(db, delivery.channel), calendar.read(db)
    if member is None or not member.active or member.kind != "person":
        return "not on the team"
    if member.digest_at is None:
        return "turned off"
    return "not at work" if days.is_quiet(member, office.clock()) else None
