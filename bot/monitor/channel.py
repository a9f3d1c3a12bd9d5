"""Hear a watched channel: each message as it comes, and every ten minutes what was missed."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from slack_sdk.errors import SlackApiError, SlackClientError

from bot.answers import words
from bot.asking import Asker, Office
from bot.monitor import reading, trouble
from bot.monitor.reading import Item, NoModelError
from bot.sentiment import messages
from bot.sentiment.serving import BusyError
from storage import monitors
from storage.answering import Monitor
from storage.database import opened

log = logging.getLogger(__name__)

EVERY = timedelta(minutes=10)
OVERLAP = timedelta(minutes=10)  # Slack delivers an event again for five
THREADS = timedelta(days=1)  # how far back a message may lie whose new replies are found
FURTHEST = timedelta(days=7)  # caught up with after a downtime
GONE = {"not_in_channel", "channel_not_found", "is_archived"}
CHANGES = {"message_changed", "message_deleted"}

Message = Mapping[str, Any]


def concerns(event: Message) -> bool:
    """Tell whether an event is what people say in a channel, or have changed there; pure."""
    said = event.get("subtype", "") in messages.SAID | CHANGES
    return said and not event.get("bot_id") and event.get("channel_type") in {"channel", "group"}


async def hear(office: Office, _: Asker, event: Message) -> None:
    """Note a message of a watched channel, or that it was edited or deleted."""
    watching = await asyncio.to_thread(_watching, office, event["channel"])
    key, item = read(event, coach=office.bot_user)
    for monitor in watching:
        if item is None:
            await asyncio.to_thread(_drop, office, monitor, key)
        elif item.at >= monitor.created_at:
            await _note(office, monitor, [item])


async def leave(office: Office, _: Asker, event: Message) -> None:
    """Tell who began them that the monitors of a channel hear nothing more: Coach was removed."""
    for monitor in await asyncio.to_thread(_watching, office, event["channel"]):
        await trouble.begin(office, monitor, trouble.REMOVED)


async def sweep(office: Office) -> None:
    """Note what no event told of, such as what was said while Coach was down."""
    for monitor in await asyncio.to_thread(_open_channels, office):
        began = office.clock()
        try:
            items = await _missed(office, monitor)
        except SlackApiError as error:
            if words(error) in GONE:
                await trouble.begin(office, monitor, trouble.REMOVED)
        except (SlackClientError, OSError, TimeoutError) as error:
            log.warning("a watched channel can't be read", extra={"why": words(error)})
        else:
            if await _note(office, monitor, items):
                await asyncio.to_thread(_move, office, monitor, began)


async def _note(office: Office, monitor: Monitor, items: list[Item]) -> bool:
    """Note what was said; False where that has to wait for the next sweep."""
    try:
        await reading.note(office, monitor, items)
    except NoModelError:
        await trouble.begin(office, monitor, trouble.NO_MODEL)
        return False
    except BusyError:
        return False
    await trouble.end(office, monitor)
    return True


# --- what was said --------------------------------------------------------------------------


def read(event: Message, *, coach: str) -> tuple[str, Item | None]:
    """Give the key of a message and what it says now: None where nothing is left of it; pure."""
    if event.get("subtype") == "message_deleted":
        return str(event["deleted_ts"]), None
    message = event["message"] if event.get("subtype") == "message_changed" else event
    return str(message["ts"]), _item(message, coach=coach)


def _item(message: Message, *, coach: str) -> Item | None:
    if not messages.is_said(message, coach=coach):
        return None
    ts = str(message["ts"])
    said = messages.readable(str(message["text"]))
    return Item(ts, _time(ts), said, author=str(message["user"]))


def _time(ts: str) -> datetime:
    return datetime.fromtimestamp(float(ts), UTC)


def start_of(monitor: Monitor, now: datetime) -> datetime:
    """Say from when on a channel is to be read: a little before the last sweep; pure."""
    earliest = max(monitor.created_at, now - FURTHEST)
    if monitor.cursor is None:
        return earliest
    return max(earliest, datetime.fromisoformat(monitor.cursor["swept_at"]) - OVERLAP)


async def _missed(office: Office, monitor: Monitor) -> list[Item]:
    """Read what was said or edited since the last sweep and isn't known; also in threads."""
    since = start_of(monitor, office.clock())
    found = [
        (message, item)
        async for message in _messages(office, monitor.source, since)
        if max(_time(message["ts"]), _edited(message)) >= since
        and (item := _item(message, coach=office.bot_user))
        and item.at >= monitor.created_at
    ]
    keys = [item.key for _, item in found]
    known = await asyncio.to_thread(_known, office, monitor, keys)
    return [item for message, item in found if item.key not in known or message.get("edited")]


async def _messages(office: Office, channel: str, since: datetime) -> AsyncIterator[Message]:
    """Give the messages of a channel and of the threads below them that go on after `since`."""
    client = office.client
    oldest = f"{(since - THREADS).timestamp():.6f}"
    async for message in messages.pages(
        client.conversations_history, channel=channel, oldest=oldest
    ):
        yield message
        latest = message.get("latest_reply")
        if latest and _time(latest) >= since:
            below = messages.pages(
                client.conversations_replies,
                channel=channel,
                ts=message["ts"],
                oldest=f"{since.timestamp():.6f}",
            )
            async for reply in below:
                if reply["ts"] != message["ts"]:
                    yield reply


def _edited(message: Message) -> datetime:
    return _time((message.get("edited") or {}).get("ts", "0"))


# --- records --------------------------------------------------------------------------------


def _watching(office: Office, channel: str) -> list[Monitor]:
    with opened(office.settings.data_dir) as db:
        return monitors.watching(db, channel)


def _open_channels(office: Office) -> list[Monitor]:
    with opened(office.settings.data_dir) as db:
        return [monitor for monitor in monitors.all_open(db) if monitor.kind == "channel"]


def _known(office: Office, monitor: Monitor, keys: list[str]) -> set[str]:
    with opened(office.settings.data_dir) as db:
        return monitors.known(db, monitor.id, keys)


def _drop(office: Office, monitor: Monitor, key: str) -> None:
    with opened(office.settings.data_dir) as db:
        monitors.drop_text(db, monitor.id, key)


def _move(office: Office, monitor: Monitor, began: datetime) -> None:
    cursor = {"swept_at": began.isoformat()}
    with opened(office.settings.data_dir) as db:
        monitors.move_cursor(db, monitor.id, cursor, now=office.clock())
