"""Deliver each message once, in order within its channel, whatever fails on the way."""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections import defaultdict
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import aiohttp
from slack_sdk.errors import SlackApiError, SlackClientError
from slack_sdk.web.async_client import AsyncWebClient

from bot import language, pacing, posting
from bot.answers import trace, words
from bot.asking import Clock
from bot.language import tr
from bot.pacing import POSTS_A_MINUTE
from bot.posting import Place
from bot.readers import person_speaks
from storage import deliveries
from storage.database import opened
from storage.records import Delivery

log = logging.getLogger(__name__)

# The channel refuses the bot, so the message goes to its person.
CLOSED = {"not_in_channel", "channel_not_found", "is_archived", "user_not_in_channel"}
PASSING = {"internal_error", "fatal_error", "service_unavailable", "request_timeout"}
PEOPLE = ("U", "W")  # their ids begin so
TOO_MANY, SERVER_ERROR = 429, 500  # HTTP
LONGEST_PAUSE_S = 60
SEND_S = 60  # one try, a file's upload included

# Says why a delivery must not go after all, or until when it must wait; None lets it go.
Guard = Callable[[Delivery], Awaitable[str | datetime | None]]


class WithdrawnError(Exception):
    """A delivery that must not go: its guard says so, or it was cancelled in the meantime."""


class TooEarlyError(Exception):
    """A delivery that must wait: its readers are at rest."""

    def __init__(self, until: datetime) -> None:
        super().__init__()
        self.until = until


class Outbox:
    """The one sender of a data directory's deliveries: `coach bot` holds a lock on it.

    `client` must not retry by itself: a call whose reply was lost may have worked, so its key is
    looked up before it is made again. `guards`, by the first part of a delivery's key, are asked
    right before a message is posted; one that fails holds its message back.
    """

    def __init__(
        self,
        *,
        data_dir: Path,
        client: AsyncWebClient,
        clock: Clock,
        guards: Mapping[str, Guard] | None = None,
        default_language: str = "en",
        posts_a_minute: float = POSTS_A_MINUTE,
    ) -> None:
        self._data_dir, self._client, self._clock = data_dir, client, clock
        self._default_language = default_language
        self._guards = guards or {}
        self._ceiling = pacing.ceiling(posts_a_minute)
        self._direct: dict[str, str] = {}  # users, by commas -> their conversation with the bot
        self._me = secrets.token_hex(8)
        self._lanes: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._sending: set[asyncio.Task[None]] = set()

    async def flush(self) -> None:
        """Begin to send what is due; a slow channel delays only its own messages."""
        for delivery in await asyncio.to_thread(self._claim):
            task = asyncio.create_task(self._deliver(delivery))
            self._sending.add(task)
            task.add_done_callback(self._sending.discard)

    async def drain(self) -> None:
        """Send what is due and wait until all that was begun is done."""
        await self.flush()
        while self._sending:
            await asyncio.wait(self._sending)

    async def close(self) -> None:
        """Stop sending; what was claimed is looked up and sent by the next sender."""
        for task in self._sending:
            task.cancel()
        await asyncio.gather(*self._sending, return_exceptions=True)

    def _claim(self) -> list[Delivery]:
        with opened(self._data_dir) as db:
            return deliveries.claim_due(db, by=self._me, now=self._clock())

    async def _deliver(self, delivery: Delivery) -> None:
        # Nothing is awaited before the lane: its lock is first come, first served, so messages of
        # a channel go out in the order in which they were put.
        async with self._lanes[delivery.channel]:
            try:
                place = await asyncio.to_thread(self._place, delivery)
                await self._send(delivery, place)
            except WithdrawnError as error:
                await asyncio.to_thread(self._withdraw, delivery, str(error))
            except TooEarlyError as error:
                await asyncio.to_thread(self._put_back, delivery, error.until, "too early")
            except SlackApiError as error:
                await self._judge(delivery, error)
            except (SlackClientError, aiohttp.ClientError, OSError, TimeoutError) as error:
                await self._postpone(delivery, error)
            except Exception as error:  # noqa: BLE001 - one broken message never costs another
                log.error("a delivery broke\n%s", trace(error))  # noqa: TRY400 - without its text
                await self._postpone(delivery, error)

    def _place(self, delivery: Delivery) -> Place:
        if delivery.parent is None:
            return Place(delivery.channel, delivery.thread_ts)
        with opened(self._data_dir) as db:
            parent = deliveries.get(db, delivery.parent)
        if parent is None or parent.sent_to is None:
            return Place(delivery.channel)
        return Place(parent.sent_to, parent.ts)

    async def _send(self, delivery: Delivery, place: Place) -> None:
        try:
            await self._send_to(delivery, place)
        except SlackApiError as error:
            if words(error) not in CLOSED or not delivery.user:
                raise
            note = await asyncio.to_thread(self._say_why, delivery.user, place.channel)
            await self._send_to(delivery, Place(delivery.user, note=note))

    def _say_why(self, user: str, channel: str) -> str:
        with opened(self._data_dir) as db:
            spoken = person_speaks(db, user, default=self._default_language)
        with language.use(spoken):
            return tr("I can't write in <#{channel}>, so this comes to you alone.", channel=channel)

    async def _send_to(self, delivery: Delivery, place: Place) -> None:
        """Put it there unless an earlier try did, and note it."""
        while True:
            await self._ceiling.acquire()
            try:
                async with asyncio.timeout(SEND_S):
                    there = await self._opened(place)
                    ts = await self._once(delivery, there)
            except SlackApiError as error:
                if (pause := _retry_after(error)) is None:
                    raise
                await asyncio.sleep(pause)
            else:
                await asyncio.to_thread(self._confirm, delivery, ts, there.channel)
                return

    async def _opened(self, place: Place) -> Place:
        """Give the conversation with people where they are named instead of a channel.

        Slack would post to a user's id too, but nothing could be looked up there.
        """
        if place.channel[0] not in PEOPLE:
            return place
        if place.channel not in self._direct:
            opened = await self._client.conversations_open(users=place.channel)
            self._direct[place.channel] = opened["channel"]["id"]
        return replace(place, channel=self._direct[place.channel])

    async def _once(self, delivery: Delivery, place: Place) -> str | None:
        if delivery.tries > 1 and (there := await self._look_up(delivery, place)):
            return there
        await self._ask_whether_to(delivery)
        return await posting.put(self._client, delivery, place, self._data_dir)

    async def _ask_whether_to(self, delivery: Delivery) -> None:
        """Raise WithdrawnError or TooEarlyError unless it may go; the last thing before it goes."""
        guard = self._guards.get(delivery.key.partition(":")[0])
        objection = await guard(delivery) if guard else None
        if isinstance(objection, datetime):
            raise TooEarlyError(objection)
        if objection:
            raise WithdrawnError(objection)
        if not await asyncio.to_thread(self._is_claimed, delivery):
            raise WithdrawnError("cancelled")

    async def _look_up(self, delivery: Delivery, place: Place) -> str | None:
        try:
            return await posting.look_up(self._client, delivery, place)
        except SlackApiError as error:
            if words(error) not in {"unknown_method", "missing_scope"}:
                raise
            log.warning("can't look up what was sent", extra={"why": words(error)})
            return None

    # --- how it ended -----------------------------------------------------------------------

    async def _judge(self, delivery: Delivery, error: SlackApiError) -> None:
        status = getattr(error.response, "status_code", SERVER_ERROR)
        if words(error) in PASSING or status >= SERVER_ERROR:
            await self._postpone(delivery, error)
        else:
            await self._give_up(delivery, words(error))

    def _is_claimed(self, delivery: Delivery) -> bool:
        with opened(self._data_dir) as db:
            return deliveries.is_claimed(db, delivery.key, by=self._me)

    def _withdraw(self, delivery: Delivery, why: str) -> None:
        log.info("%s does not go", delivery.key, extra={"why": why})
        with opened(self._data_dir) as db:
            deliveries.withdraw(db, delivery.key, by=self._me, why=why)

    def _confirm(self, delivery: Delivery, ts: str | None, channel: str) -> None:
        with opened(self._data_dir) as db:
            deliveries.confirm(db, delivery.key, by=self._me, ts=ts, sent_to=channel)

    async def _postpone(self, delivery: Delivery, error: BaseException) -> None:
        if isinstance(error, FileNotFoundError):  # a picture that is gone won't come back
            await self._give_up(delivery, "its file is gone")
            return
        pause = timedelta(seconds=min(LONGEST_PAUSE_S, 2**delivery.tries))
        log.warning("will send %s again", delivery.key, extra={"why": words(error)})
        until = self._clock() + pause
        await asyncio.to_thread(self._put_back, delivery, until, words(error))

    def _put_back(self, delivery: Delivery, until: datetime, why: str) -> None:
        with opened(self._data_dir) as db:
            deliveries.postpone(db, delivery.key, by=self._me, until=until, error=why)

    async def _give_up(self, delivery: Delivery, why: str) -> None:
        log.error("could not send %s", delivery.key, extra={"why": why})
        await asyncio.to_thread(self._fail, delivery, why)

    def _fail(self, delivery: Delivery, why: str) -> None:
        with opened(self._data_dir) as db:
            deliveries.fail(db, delivery.key, by=self._me, error=why)


def _retry_after(error: SlackApiError) -> float | None:
    """Give the seconds to wait where Slack says that there was too much; else None."""
    response = error.response
    if getattr(response, "status_code", None) != TOO_MANY:
        return None
    return float(response.headers.get("Retry-After", 1))
