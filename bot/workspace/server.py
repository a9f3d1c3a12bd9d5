"""A running workspace: its server, its people, and what tests and the tour ask of it.

    async with Workspace(manifest) as ws:           # loopback, a free port
        client = AsyncWebClient(token=ws.bot_token, base_url=ws.api_url)
        await ws.connected()                        # once the bot's socket is open
        await ws.slash("ana", "general", "/train", "list")
        message = await ws.wait_for(lambda m: "queued" in m.text)
        await ws.click("ana", message, "cancel")    # a button or a menu, by action_id
        await ws.upload("ana", "general", "reviews.csv", b"text,label", comment="@coach")
        view = await ws.wait_for_view("ana")
        await ws.submit_view("ana", view["id"], {"text": "I love it"})
        ws.messages("general", seen_by="ana")
        ws.faults.lose_reply("chat.postMessage")    # faults.py has them all

What people do is in people.py (`say`, `slash`, `upload`, `click`, `submit_view`, `shortcut`,
`open_home`, …); people are "ana" (an admin) and "bo", channels "general" and "random" (which the
bot isn't in), and `ws.dm("ana")`.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime
from types import TracebackType
from typing import Self, TypeVar

from aiohttp import web

from bot.workspace.delivery import Delivered, Delivery, SignedHttp
from bot.workspace.events import Events
from bot.workspace.faults import Faults
from bot.workspace.page import Page
from bot.workspace.people import People
from bot.workspace.rate_limits import EDITS, POSTS, Rate, RateLimits
from bot.workspace.routes import MAX_UPLOAD, Routes, only_loopback
from bot.workspace.socket_mode import SocketMode
from bot.workspace.state import Change, Channel, Clock, Json, Message, State

T = TypeVar("T")
HOST = "127.0.0.1"


class Workspace(People):
    """A local Slack with two people, two channels and one app."""

    def __init__(
        self,
        manifest: Json | None = None,
        *,
        port: int = 0,
        request_url: str | None = None,
        clock: Clock = time.time,
        ack_seconds: float = 3,
        trigger_seconds: float = 3,
        retries_after: tuple[float, ...] = (60, 300),
        posts: Rate = POSTS,
        edits: Rate = EDITS,
    ) -> None:
        """`manifest` limits commands, events and scopes to the app's own; without, all go.

        `port` 0 takes a free one. `request_url` turns HTTP mode on, as `use_http` does later.
        """
        state = State(manifest=manifest, clock=clock, trigger_seconds=trigger_seconds)
        self.faults = Faults()
        self.http = SignedHttp(state.signing_secret)
        self.sockets = SocketMode(state)
        self._delivery = Delivery(
            self.sockets,
            self.http,
            self.faults,
            ack_seconds=ack_seconds,
            retries_after=retries_after,
        )
        events = Events(state, self._delivery.event)
        super().__init__(state, self._delivery, events)
        state.listeners.append(events.on_change)
        self._routes = Routes(state, self.faults, RateLimits(clock, posts=posts, edits=edits))
        self._page = Page(self)
        self._port = port
        self._runner: web.AppRunner | None = None
        if request_url:
            self.use_http(request_url)

    # --- the server ---

    @property
    def url(self) -> str:
        """The page's address, without a slash at its end."""
        return self.state.url

    @property
    def api_url(self) -> str:
        """What SLACK_API_URL is set to."""
        return f"{self.state.url}/api/"

    @property
    def bot_token(self) -> str:
        return self.state.bot_token

    @property
    def app_token(self) -> str:
        return self.state.app_token

    @property
    def signing_secret(self) -> str:
        return self.state.signing_secret

    def use_http(self, request_url: str) -> None:
        """Deliver everything as signed requests to this address, no longer by Socket Mode."""
        self.http.request_url = request_url
        self.state.present = True

    async def start(self) -> None:
        app = web.Application(client_max_size=MAX_UPLOAD, middlewares=[only_loopback])
        app.add_routes(self._routes.table())
        app.router.add_get("/link/", self.sockets.serve)
        app.add_routes(self._page.table())
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=1)
        await self._runner.setup()
        await web.TCPSite(self._runner, HOST, self._port).start()
        self.state.url = f"http://{HOST}:{self._runner.addresses[0][1]}"

    async def stop(self) -> None:
        self._page.close()
        await self._delivery.close()
        await self.sockets.close()
        if self._runner:
            await self._runner.cleanup()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        await self.stop()

    async def connected(self, within: float = 10) -> None:
        """Wait until the app holds a Socket Mode connection; `within` is in seconds."""
        async with asyncio.timeout(within):
            await self.sockets.opened.wait()

    # --- what can be seen ---

    @property
    def deliveries(self) -> list[Delivered]:
        """Every delivery to the app so far, with the seconds until its ack."""
        return self._delivery.log

    def dm(self, user: str) -> Channel:
        return self.state.dm(user)

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
        everything = [
            m for channel in self.state.channels.values() for m in channel.messages.values()
        ]
        return "\n".join(map(self.line, sorted(everything, key=lambda m: float(m.ts))))

    def line(self, message: Message) -> str:
        """Tell one message as a line: when, where, who, what."""
        at = datetime.fromtimestamp(float(message.ts), UTC)
        channel = self.state.channels[message.channel]
        place = f"#{channel.name}" if channel.name else "direct message"
        user = self.state.users.get(message.user)
        who = message.sender or (user.real_name if user else message.user)
        reply = " (in thread)" if message.is_reply else ""
        only = " (only visible to one)" if message.ephemeral_to else ""
        files = "".join(f" [{file.name}]" for file in message.files)
        return f"{at:%H:%M:%S} {place} {who}{reply}{only}: {message.text}{files}"

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

        def look() -> Message | None:
            channels = self.state.channels.values()
            everything = (m for channel in channels for m in channel.messages.values())
            return next((m for m in everything if wanted(m)), None)

        return await self._until(look, within)

    async def wait_for_view(
        self, user: str, wanted: Callable[[Json], object] = bool, within: float = 10
    ) -> Json:
        """Wait for a person's topmost modal to be as wanted."""

        def look() -> Json | None:
            stack = self.views(user)
            return stack[-1] if stack and wanted(stack[-1]) else None

        return await self._until(look, within)

    async def wait_for_home(
        self, user: str, wanted: Callable[[Json], object] = bool, within: float = 10
    ) -> Json:
        """Wait for a person's Home tab to be as wanted."""

        def look() -> Json | None:
            home = self.home(user)
            return home if home and wanted(home) else None

        return await self._until(look, within)

    async def _until(self, look: Callable[[], T | None], within: float) -> T:
        happened = asyncio.Event()

        def wake(_: Change) -> None:
            happened.set()

        self.state.listeners.append(wake)
        try:
            async with asyncio.timeout(within):
                while (found := look()) is None:
                    await happened.wait()
                    happened.clear()
                return found
        except TimeoutError:
            raise TimeoutError(f"it did not happen. What did:\n{self.transcript()}") from None
        finally:
            self.state.listeners.remove(wake)
