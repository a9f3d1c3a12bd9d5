"""A running workspace: its server, its people, and what tests and the tour ask of it.

    async with Workspace(manifest) as ws:           # on ws.url; the bot's Slack is ws.api_url
        await ws.connected()                        # once the bot's socket is open
        await ws.slash("ana", "general", "/train", "list")
        message = await ws.wait_for(lambda m: "queued" in m.text)
        await ws.click("ana", message, "cancel")    # a button or a menu, by action_id
        view = await ws.wait_for_view("ana")
        await ws.submit_view("ana", view["id"], {"text": "I love it"})

What people do is in people.py, what is seen and waited for in witness.py. People are "ana" (an
admin) and "bo", channels "general" and "random" (which the bot isn't in), and `ws.dm("ana")`.
"""

from __future__ import annotations

import asyncio
import time
from typing import Self

from aiohttp import web

from bot.workspace import payloads
from bot.workspace.delivery import Delivery, SignedHttp
from bot.workspace.faults import Faults
from bot.workspace.page import Page
from bot.workspace.people import People
from bot.workspace.rate_limits import EDITS, POSTS, Rate, RateLimits
from bot.workspace.records import Change, Json
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
        self._routes = Routes(state, self.faults, RateLimits(clock, posts=posts, edits=edits))
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
