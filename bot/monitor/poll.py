"""Look at feeds and streams again and again, the more seldom the longer they are in trouble."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from datetime import datetime, timedelta

from bot.answers import trace, words
from bot.asking import Office
from bot.monitor import feed, fetch, reading, stream, trouble
from bot.monitor.fetch import FetchError
from bot.monitor.reading import Item, NoModelError
from bot.sentiment.serving import BusyError
from storage import monitors
from storage.answering import Monitor
from storage.database import opened
from storage.records import Json

log = logging.getLogger(__name__)

EVERY = timedelta(minutes=1)  # what is due is looked for
PAUSE, LONGEST = timedelta(minutes=5), timedelta(hours=2)  # between two looks at one address
TOLD_AFTER = 3  # failures in a row: an address that is gone for ten minutes is no news
AT_ONCE = 4


async def look(office: Office) -> None:
    """Look at all addresses that are due."""
    due = await asyncio.to_thread(_due, office)
    places = asyncio.Semaphore(AT_ONCE)

    async def one(monitor: Monitor) -> None:
        async with places:
            await look_at(office, monitor)

    await asyncio.gather(*map(one, due))


async def look_at(office: Office, monitor: Monitor) -> None:
    """Read what is new at one address; never raises."""
    try:
        items, cursor = await find_new(office, monitor)
        await reading.note(office, monitor, items)
    except FetchError as error:
        await _fail(office, monitor, str(error))
    except NoModelError:
        await trouble.begin(office, monitor, trouble.NO_MODEL)
    except BusyError:
        return
    except Exception as error:  # noqa: BLE001 - one address never keeps the others from being read
        log.error("monitor %s failed: %s\n%s", monitor.id, words(error), trace(error))  # noqa: TRY400
        await asyncio.to_thread(_note_failure, office, monitor)
    else:
        await asyncio.to_thread(_move, office, monitor, cursor)
        await trouble.end(office, monitor)


async def find_new(office: Office, monitor: Monitor) -> tuple[list[Item], Json]:
    """Fetch what was not there before, with the cursor behind it. Raise FetchError."""
    allowed = fetch.anywhere if office.settings.feeds_allow_private else fetch.is_public
    cursor, now = monitor.cursor, office.clock()
    if monitor.kind == "feed":
        answer = await fetch.fetch(monitor.source, feed.ask(cursor), allowed=allowed)
        return await asyncio.to_thread(feed.read, answer, cursor, now=now)
    if cursor is not None:
        answer = await fetch.fetch(monitor.source, stream.ask(cursor), allowed=allowed)
        if (found := await asyncio.to_thread(stream.read, answer, cursor, now=now)) is not None:
            return found
    answer = await fetch.fetch(monitor.source, allowed=allowed)
    return await asyncio.to_thread(stream.read_whole, answer, cursor, now=now)


def choose_due(open_: Sequence[Monitor], now: datetime) -> list[Monitor]:
    """Choose what is to be looked at: every 5 minutes, in trouble up to every 2 hours; pure."""
    return [
        monitor
        for monitor in open_
        if monitor.kind != "channel"
        and (monitor.read_at is None or monitor.read_at + pause_of(monitor) <= now)
    ]


def pause_of(monitor: Monitor) -> timedelta:
    return min(LONGEST, (1 << min(monitor.failures, 10)) * PAUSE)


def _due(office: Office) -> list[Monitor]:
    with opened(office.settings.data_dir) as db:
        return choose_due(monitors.all_open(db), office.clock())


async def _fail(office: Office, monitor: Monitor, why: str) -> None:
    if await asyncio.to_thread(_note_failure, office, monitor) >= TOLD_AFTER:
        await trouble.begin(office, monitor, why)


def _note_failure(office: Office, monitor: Monitor) -> int:
    with opened(office.settings.data_dir) as db:
        return monitors.note_failure(db, monitor.id, now=office.clock())


def _move(office: Office, monitor: Monitor, cursor: Json) -> None:
    with opened(office.settings.data_dir) as db:
        monitors.move_cursor(db, monitor.id, cursor, now=office.clock())
