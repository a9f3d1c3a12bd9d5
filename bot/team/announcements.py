"""Dates of sessions made ahead, announced twice in their channel, and called off again."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

from sqlite_utils import Database

from bot import blocks, calendar, figures, readers, recurrence
from bot.asking import Block, Office
from bot.calendar import WorkCalendar
from bot.language import tr, use
from bot.settings import BotSettings
from bot.team import said, session_list
from storage import channels, deliveries, members, sessions
from storage.database import immediate, opened
from storage.records import Delivery
from storage.talent import Member, Occurrence, Session

EVERY, DATES_EVERY = timedelta(seconds=30), timedelta(hours=1)
MADE_AHEAD = timedelta(days=60)
LOOKED_AHEAD = timedelta(days=21)  # further than the longest holidays
MORNING = time(9, 30)  # of the working day before, in the session's zone
SOON = timedelta(minutes=15)
DAY = timedelta(days=1)
Offset = Literal["day-before", "soon"]


@dataclass(frozen=True)
class Announcement:
    """When a date is announced; from `until` on it would come too late."""

    offset: Offset
    due_at: datetime
    until: datetime


async def tick(office: Office) -> None:
    """Announce what is due, and note what is over."""
    await asyncio.to_thread(refresh, office.settings, office.clock())


async def tick_dates(office: Office) -> None:
    """Make the dates that come into sight."""

    def work() -> None:
        with opened(office.settings.data_dir) as db:
            for session in sessions.all_open(db):
                if session.rule:
                    materialise(db, session, now=office.clock())

    await asyncio.to_thread(work)


def refresh(settings: BotSettings, now: datetime) -> None:
    with opened(settings.data_dir) as db:
        sessions.end_past(db, now=now)
        dates = sessions.between(db, now, now + LOOKED_AHEAD)
        working = calendar.read(db) if dates else WorkCalendar({})
        for one in dates:
            organiser = members.get(db, one.organiser)
            for announcement in plan(one, organiser, working):
                if announcement.due_at <= now < announcement.until:
                    _announce(db, settings, one, announcement.offset, now=now)


def materialise(db: Database, session: Session, *, now: datetime) -> None:
    """Make the dates of the next 60 days; of what doesn't repeat, its one date."""
    ahead = MADE_AHEAD if session.rule else timedelta(days=3660)
    starts = recurrence.occurrences(
        session.rule, session.starts_at, session.zone, after=now, until=now + ahead
    )
    sessions.materialise(db, session, starts)


def plan(
    one: Occurrence, organiser: Member | None, working: WorkCalendar
) -> Iterator[Announcement]:
    """Give when a date is announced: on the working day before, and 15 minutes before; pure."""
    before = date.fromisoformat(one.day) - DAY
    if organiser is not None:
        before = working.working_day_on_or_before(organiser, before)
    morning = datetime.combine(before, MORNING, ZoneInfo(one.zone))
    yield Announcement("day-before", morning, one.starts_at - SOON)
    yield Announcement("soon", one.starts_at - SOON, one.starts_at)


def key(one: Occurrence, offset: str) -> str:
    """Name an announcement; a date that was moved is another one, and is announced anew."""
    return f"session:{one.id}:{one.day}:{offset}"


async def guard(office: Office, delivery: Delivery) -> str | None:
    """Say why a date must not be announced any more: asked right before it is sent."""

    def look() -> str | None:
        with opened(office.settings.data_dir) as db:
            one = sessions.occurrence(db, int(delivery.key.split(":")[1]))
        return None if one and one.status == "planned" else "it was called off"

    return await asyncio.to_thread(look)


def call_off(
    db: Database,
    settings: BotSettings,
    one: Occurrence,
    *,
    by: str,
    now: datetime,
    moved_to: Occurrence | None = None,
) -> None:
    """Cancel what is unsent of a date, and tell who meant to come, its host, and its channel.

    The channel hears of it where the date was announced there.
    """
    deliveries.cancel(db, key(one, ""), why="called off")
    coming = [user for user, answer in sessions.attendance(db, one.id).items() if answer == "yes"]
    for user in sorted({*coming, *([one.host] if one.host else [])} - {by}):
        with use(readers.person_speaks(db, user, default=settings.language)):
            _tell(db, one, moved_to, channel=user, now=now)
    if any(_is_sent(db, key(one, offset)) for offset in ("day-before", "soon")):
        with use(channels.speaks(db, one.channel, default=settings.language)):
            _tell(db, one, moved_to, channel=one.channel, now=now)


# --- words ----------------------------------------------------------------------------------


def _announce(
    db: Database, settings: BotSettings, one: Occurrence, offset: Offset, *, now: datetime
) -> None:
    if deliveries.get(db, key(one, offset)) is not None:
        return
    with use(channels.speaks(db, one.channel, default=settings.language)), immediate(db):
        text, shown = compose(session_list.collect(db, [one]), one, offset)
        deliveries.put(
            db,
            key=key(one, offset),
            channel=one.channel,
            user=one.organiser,
            body={"text": text, "blocks": shown},
            now=now,
            expires_at=one.starts_at,
        )


def compose(found: session_list.Dates, one: Occurrence, offset: Offset) -> tuple[str, list[Block]]:
    """Write an announcement: its text reads well alone."""
    title, when = said.title(one.title), figures.when(one.starts_at)
    if offset == "soon":
        text = tr("{title} begins at {when}.", title=title, when=when)
    elif one.host:
        text = tr("{title} with <@{host}>, {when}.", title=title, host=one.host, when=when)
    else:
        text = tr("{title}, {when}.", title=title, when=when)
    return text, session_list.row(found, one, place="channel")


def _tell(
    db: Database, one: Occurrence, moved_to: Occurrence | None, *, channel: str, now: datetime
) -> None:
    title, when = said.title(one.title), figures.when(one.starts_at)
    text = tr("{title}, {when}, is called off.", title=title, when=when)
    body: dict[str, object] = {"text": text}
    if moved_to is not None:
        new = figures.when(moved_to.starts_at)
        text = tr("{title} is moved from {when} to {new}.", title=title, when=when, new=new)
        shown = session_list.row(session_list.collect(db, [moved_to]), moved_to, place="channel")
        body = {"text": text, "blocks": [blocks.section(text), *shown]}
    user = None if channel == one.channel else channel
    deliveries.put(
        db, key=f"called-off:{one.id}:{channel}", channel=channel, user=user, body=body, now=now
    )


def _is_sent(db: Database, name: str) -> bool:
    delivery = deliveries.get(db, name)
    return delivery is not None and delivery.state == "sent"
