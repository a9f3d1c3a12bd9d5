"""Send what schedules make due: once, or not at all where it comes too late."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Literal
from zoneinfo import ZoneInfo

from sqlite_utils import Database

from bot import recurrence
from bot.answers import trace
from storage import deliveries, schedules
from storage.database import immediate, opened
from storage.records import Json
from storage.talent import Schedule

log = logging.getLogger(__name__)

GRACE = timedelta(hours=4)  # how late a report may come


@dataclass(frozen=True)
class Part:
    """One of the messages of an occurrence: the first is posted, the others stand in its thread."""

    body: Json  # as of a delivery
    kind: Literal["post", "file"] = "post"


# What to send for an occurrence of a schedule, composed from the records: (db, schedule,
# occurrence, now) -> its parts, or None where there is nothing to say. It may raise: then it is
# asked again at the next ticks. `schedule.handled_until` is when it was last seen to.
Compose = Callable[[Database, Schedule, datetime, datetime], Sequence[Part] | None]


def send_due(data_dir: Path, compose: Compose, *, now: datetime) -> None:
    """Put what is due of every open schedule into the outbox; one that fails holds up no other.

    A feature calls it in a tick, with its own `compose`:

        Tick(every, lambda office: asyncio.to_thread(send_due, data_dir, compose, now=…))
    """
    with opened(data_dir) as db:
        found = schedules.all_open(db)
    for schedule in found:
        try:
            if times := _due(schedule, now):
                with opened(data_dir) as db:
                    _send(db, schedule, times, compose, now=now)
        except Exception as error:  # noqa: BLE001 - it is composed again at the next tick
            log.error("schedule %d failed\n%s", schedule.id, trace(error))  # noqa: TRY400 - no text


def choose(due: Sequence[datetime], *, now: datetime) -> datetime | None:
    """Choose what to send of the occurrences since the last one: the newest, unless it is late.

    A bot that was down for a week must not tell the week day by day.
    """
    return due[-1] if due and now - due[-1] < GRACE else None


def _due(schedule: Schedule, now: datetime) -> list[datetime]:
    return recurrence.occurrences(
        schedule.rule,
        schedule.starts_at,
        schedule.zone,
        after=schedule.handled_until,
        until=now,
    )


def _send(
    db: Database, schedule: Schedule, due: Sequence[datetime], compose: Compose, *, now: datetime
) -> None:
    chosen = choose(due, now=now)
    parts = compose(db, schedule, chosen, now) if chosen else None
    with immediate(db):
        if not schedules.move_cursor(db, schedule, to=due[-1]):
            return  # another bot has sent it, or it was stopped
        if chosen:
            _put(db, schedule, chosen, parts or (), now=now)
    if missed := len(due) - bool(chosen):
        log.warning("schedule %d lets go what came too late", schedule.id, extra={"times": missed})


def _put(
    db: Database, schedule: Schedule, at: datetime, parts: Sequence[Part], *, now: datetime
) -> None:
    local = at.astimezone(ZoneInfo(schedule.zone))
    key = schedules.delivery_key(schedule.id, f"{local:%Y-%m-%dT%H:%M}")
    put(db, key, parts, channel=schedule.channel, now=now, expires_at=at + GRACE)


def put(
    db: Database,
    key: str,
    parts: Sequence[Part],
    *,
    channel: str,
    now: datetime,
    expires_at: datetime | None = None,
) -> None:
    """Put the parts of a report into the outbox: the first under its key, the others below it."""
    for number, part in enumerate(parts):
        deliveries.put(
            db,
            key=f"{key}:{number}" if number else key,
            channel=channel,
            kind=part.kind,
            body=part.body,
            parent=key if number else None,
            expires_at=expires_at,
            now=now,
        )
