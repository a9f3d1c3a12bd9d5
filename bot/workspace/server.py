"""A running workspace: its server, its people, and what tests and the tour ask of it.

    async with Workspace(manifest) as ws:           # on ws.url; the bot's Slack is ws.api_url
        await ws.connected()                        # once the bot's socket is open
        await ws.slash("ana", "general", "/train", "list")
        message = await ws.wait_for(lambda m: "queued" in m.text)
        await ws.click("ana", message, "cancel")    # a button or a menu, by action_id
        view = await ws.wait_for_view("ana")
        await ws.submit_view("ana", view["id"], {"text": "I love it"})

What people do is in people.py. People are "ana" (an admin) and "bo"; `await ws.join("cy")` brings
another. Channels are "general" and "random" (which the bot isn't in), what `ws.make_private("hiring",
"ana")` makes, and `ws.dm("ana")`.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterable
from datetime import UTC, datetime
from typing import Self, TypeVar

from aiohttp import web

from bot.workspace import payloads
from bot.workspace.delivery import Delivery, SignedHttp
from bot.workspace.faults import Faults
from bot.workspace.page import Page
from bot.workspace.people import People
from bot.workspace.rate_limits import ALL_POSTS, EDITS, POSTS, Rate, RateLimits
from bot.workspace.records import Change, Channel, Json, Message
from bot.workspace.routes import MAX_UPLOAD, Routes, only_loopback
from bot.workspace.socket_mode import SocketMode
from bot.workspace.state import Clock, State

T = TypeVar("T")
HOST = "127.0.0.1"
PLACES = {"im": "direct message", "mpim": "group message"}  # where a channel has no name


class Workspace(People):
    """A local Slack with two people, two channels and one app."""

    def __init__(
        self,
        manifest: Json | None = None,
        *,
        port: int = 0,
        clock: Clock = time.time,
        ack_seconds: float = 3,
        trigger_seconds: float = 3,
        retries_after: tuple[float, ...] = (60, 300),
        posts: Rate = POSTS,
        edits: Rate = EDITS,
        all_posts: Rate = ALL_POSTS,
    ) -> None:
        """`manifest` limits commands, events and scopes to the app's own; without, all go.

        `port` 0 takes a free one. `retries_after` are the pauses before an event comes again.
        """
        state = State(manifest=manifest, clock=clock, trigger_seconds=trigger_seconds)
        self.bot_token, self.app_token = state.bot_token, state.app_token
        self.signing_secret = state.signing_secret
        self.faults = Faults()
        self.http = SignedHttp(state.signing_secret)
        self.sockets = SocketMode(state)
        delivery = Delivery(
            self.sockets,
            self.http,
            self.faults,
            ack_seconds=ack_seconds,
            retries_after=retries_after,
        )
        self.deliveries = delivery.log  # every one so far, with the seconds until its ack
        super().__init__(state, delivery)
        state.listeners.append(self._raise_events)
        limits = RateLimits(clock, posts=posts, edits=edits, all_posts=all_posts)
        self._routes = Routes(state, self.faults, limits)
        self._port = port
        self._runner = web.AppRunner(
            self._served(), access_log=None, shutdown_timeout=1, handler_cancellation=True
        )

    def _served(self) -> web.Application:
        app = web.Application(client_max_size=MAX_UPLOAD, middlewares=[only_loopback])
        app.add_routes([*self._routes.table(), *Page(self).table()])
        app.router.add_get("/link/", self.sockets.serve)
        return app

    def use_http(self, request_url: str) -> None:
        """Deliver everything as signed requests to this address, no longer by Socket Mode."""
        self.http.request_url = request_url
        self.state.present = True

    async def connected(self, within: float = 10) -> None:
        """Wait until the app holds a Socket Mode connection; `within` is in seconds."""
        async with asyncio.timeout(within):
            await self.sockets.opened.wait()

    async def __aenter__(self) -> Self:
        await self._runner.setup()
        await web.TCPSite(self._runner, HOST, self._port).start()
        self.url = self.state.url = f"http://{HOST}:{self._runner.addresses[0][1]}"
        self.api_url = f"{self.url}/api/"  # what SLACK_API_URL is set to
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._delivery.close()
        await self.sockets.close()
        await self._runner.cleanup()

    def _raise_events(self, change: Change) -> None:
        for event in payloads.events(self.state, change):
            self._send(event)

    # --- what there is to see ---

    def dm(self, *users: str) -> Channel:
        """Give the bot's conversation with one person, or with several."""
        return self.state.dm(*users)

    def messages(
        self, channel: str, thread_ts: str | None = None, seen_by: str | None = None
    ) -> list[Message]:
        """Messages oldest first: of the channel with its threads, or of one thread.

        `seen_by` leaves out what is ephemeral to others.
        """
        eyes = self.state.user(seen_by).id if seen_by else None
        seen = self.state.seen_by(self.state.channel(channel), eyes)
        return [m for m in seen if thread_ts in (None, m.thread_ts, m.ts)]

    def views(self, user: str) -> list[Json]:
        """Give the modals a person has open, the topmost last."""
        return self.state.views.get(self.state.user(user).id, [])

    def home(self, user: str) -> Json | None:
        """Give the Home tab published for a person."""
        return self.state.homes.get(self.state.user(user).id)

    def transcript(self) -> str:
        """Tell all messages as lines of text, in the order they were posted."""
        return "\n".join(map(self.line, sorted(self._everything(), key=lambda m: float(m.ts))))

    def line(self, message: Message) -> str:
        """Tell one message as a line: when, where, who, what."""
        at = datetime.fromtimestamp(float(message.ts), UTC)
        channel = self.state.channels[message.channel]
        place = f"#{channel.name}" if channel.name else PLACES[channel.kind]
        who = self.state.users[message.user].real_name
        reply = " (in thread)" if message.is_reply else ""
        only = " (only visible to one)" if message.ephemeral_to else ""
        files = "".join(f" [{file.name}]" for file in message.files)
        return f"{at:%H:%M:%S} {place} {who}{reply}{only}: {message.text}{files}"

    def _everything(self) -> Iterable[Message]:
        return [m for channel in self.state.channels.values() for m in channel.messages.values()]

    # --- waiting ---

    def watch(self) -> AsyncIterator[Change]:
        """Stream every change from now on; what happens before the first `anext` is kept."""
        changes: asyncio.Queue[Change] = asyncio.Queue()
        self.state.listeners.append(changes.put_nowait)
        return self._drain(changes)

    async def _drain(self, changes: asyncio.Queue[Change]) -> AsyncIterator[Change]:
        try:
            while True:
                yield await changes.get()
        finally:
            self.state.listeners.remove(changes.put_nowait)

    async def wait_for(self, wanted: Callable[[Message], object], within: float = 10) -> Message:
        """Wait for a message that is as wanted, already there or still to come or be edited.

        TimeoutError after `within` seconds, with the transcript.
        """
        return await self._first(self._everything, wanted, within)

    async def wait_for_view(
        self, user: str, wanted: Callable[[Json], object] = bool, within: float = 10
    ) -> Json:
        """Wait for a person's topmost modal to be as wanted."""
        return await self._first(lambda: self.views(user)[-1:], wanted, within)

    async def wait_for_home(
        self, user: str, wanted: Callable[[Json], object] = bool, within: float = 10
    ) -> Json:
        """Wait for a person's Home tab to be as wanted."""
        return await self._first(lambda: filter(None, [self.home(user)]), wanted, within)

    async def _first(
        self, look: Callable[[], Iterable[T]], wanted: Callable[[T], object], within: float
    ) -> T:
        try:
            async with asyncio.timeout(within):
                while True:
                    changed = self.state.changed
                    for found in filter(wanted, look()):
                        return found
                    await changed.wait()
        except TimeoutError:
            raise TimeoutError(f"it did not happen. What did:\n{self.transcript()}") from None
