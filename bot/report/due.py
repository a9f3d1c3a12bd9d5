"""Reports that are due: composed for their channel since the last one, and looked at before they go."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlite_utils import Database

from bot import blocks, language, readers
from bot.asking import Office
from bot.language import tr
from bot.report import files, now, rooms
from bot.report.kinds import Kind, Scope
from bot.report.registry import KINDS
from bot.schedules import Part, send_due
from storage import deliveries, schedules
from storage.database import opened
from storage.records import Delivery
from storage.talent import Schedule


async def send(office: Office) -> None:
    """Put the reports that are due into the outbox."""

    def compose(
        db: Database, schedule: Schedule, at: datetime, _: datetime
    ) -> Sequence[Part] | None:
        return compose_one(office, db, schedule, at)

    data_dir = office.settings.data_dir
    await asyncio.to_thread(send_due, data_dir, compose, now=office.clock())


async def purge(office: Office) -> None:
    await asyncio.to_thread(files.purge, office.settings.data_dir, now=office.clock())


async def guard(office: Office, delivery: Delivery) -> str | None:
    """Say why a report must not go, though it was composed: who may read it is asked once more."""
    kind, schedule = await asyncio.to_thread(_origin_of, office, delivery.key)
    why = await rooms.why_not(office, kind, delivery.channel) if kind else None
    if why and schedule:
        await asyncio.to_thread(_tell_withheld, office, delivery, schedule)
    return why


def compose_one(
    office: Office, db: Database, schedule: Schedule, at: datetime
) -> Sequence[Part] | None:
    """Compose what a schedule sends at a time, in its channel's language; None for nothing new."""
    kind = KINDS.get(schedule.kind)
    if kind is None:  # of another version of Coach
        return None
    settings = office.settings
    since = _last_sent(db, schedule) or at - kind.covers
    scope = Scope(schedule.channel, since, at, schedule.zone, settings)
    by, usual = schedule.created_by, settings.language
    with language.use(readers.channel_speaks(db, schedule.channel, user=by, default=usual)):
        if kind.prepare:
            kind.prepare(db, scope)
        report = kind.compose(db, scope)
        return now.parts(report, kind, scope, settings.data_dir) if report else None


def _last_sent(db: Database, schedule: Schedule) -> datetime | None:
    """Give the time of the newest report of a schedule that went out or will; its key says it."""
    newest = deliveries.newest(db, schedules.delivery_key(schedule.id))
    if newest is None:
        return None
    local = datetime.fromisoformat(newest.key.split(":", 2)[2])
    return local.replace(tzinfo=ZoneInfo(schedule.zone)).astimezone(ZoneInfo("UTC"))


def _origin_of(office: Office, key: str) -> tuple[Kind | None, Schedule | None]:
    """Find what a delivery's key names: `report:7:…` is a schedule's, else the kind stands there."""
    named = key.split(":")[1]
    if not named.isdecimal():
        return KINDS.get(named), None
    with opened(office.settings.data_dir) as db:
        schedule = schedules.get(db, int(named))
    return (KINDS.get(schedule.kind) if schedule else None), schedule


def _tell_withheld(office: Office, delivery: Delivery, schedule: Schedule) -> None:
    """Tell whoever made the schedule that its report did not go, so that it isn't missed silently."""
    settings, who = office.settings, schedule.created_by
    with opened(settings.data_dir) as db:
        with language.use(readers.person_speaks(db, who, default=settings.language)):
            said = tr(
                "The report of schedule {number} was not sent to {channel}: not everyone there "
                "may read it. `/report list` shows the schedule.",
                number=schedule.id,
                channel=rooms.name_of(schedule.channel),
            )
        body = {"text": said, "blocks": [blocks.section(said)]}
        key = f"withheld:{delivery.key}"
        deliveries.put(db, key=key, channel=who, body=body, now=office.clock())
