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
        await ws.sockets.drop()                     # or refresh()
        ws.use_http("http://127.0.0.1:3000/slack/events")

What people do is in people.py (`say`, `slash`, `upload`, `click`, `submit_view`, `shortcut`,
`open_home`, …); people are "ana" (an admin) and "bo", channels "general" and "random" (which the
bot isn't in), and `ws.dm("ana")`.
"""

from __future__ import annotations

import asyncio
import time
from types import TracebackType
from typing import Self

from aiohttp import web

from bot.workspace.delivery import Delivered, Delivery, SignedHttp
from bot.workspace.events import Events
from bot.workspace.faults import Faults
from bot.workspace.page import Page
from bot.workspace.people import People
from bot.workspace.rate_limits import EDITS, POSTS, Rate, RateLimits
from bot.workspace.records import Json
from bot.workspace.routes import MAX_UPLOAD, Routes, only_loopback
from bot.workspace.socket_mode import SocketMode
from bot.workspace.state import Clock, State
from bot.workspace.witness import Witness

HOST = "127.0.0.1"


class Workspace(People, Witness):
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
    ) -> None:
        """`manifest` limits commands, events and scopes to the app's own; without, all go.

        `port` 0 takes a free one. `retries_after` are the pauses before an event comes again.
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

    @property
    def deliveries(self) -> list[Delivered]:
        """Every delivery to the app so far, with the seconds until its ack."""
        return self._delivery.log
