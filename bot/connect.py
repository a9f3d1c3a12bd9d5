"""Keep the bot reachable: Socket Mode with proof that messages arrive, or signed HTTP."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Mapping
from typing import Any

from aiohttp import web
from slack_sdk.socket_mode.aiohttp import SocketModeClient
from slack_sdk.socket_mode.async_client import AsyncBaseSocketModeClient

log = logging.getLogger(__name__)

SILENCE_S = 300  # a quiet channel is no fault, so after this the connection is put to the proof
PROOF_S = 30  # for the new connection's hello
PROOFS = 2


class DeafError(Exception):
    """The connection is open and nothing comes through it; only a new process helps."""


class Watch:
    """Puts a silent connection to the proof.

    After idling, the client may reconnect and yet hand nothing on (bolt-python issue 1529). So not
    the socket counts but what comes out at the end of the client's own queue: each new connection
    begins with Slack's `hello`, which takes the same way as every request.
    """

    def __init__(self, client: SocketModeClient, *, silence_s: float, proof_s: float) -> None:
        self._client = client
        self._silence_s, self._proof_s = silence_s, proof_s
        self._heard = asyncio.Event()
        self._heard_at = time.monotonic()
        self._says_hello = False  # some stand-ins for Slack do not
        client.message_listeners.append(self._note)

    async def _note(
        self, _: AsyncBaseSocketModeClient, message: Mapping[str, Any], __: str | None
    ) -> None:
        self._says_hello |= message.get("type") == "hello"
        self._heard_at = time.monotonic()
        self._heard.set()

    async def keep(self) -> None:
        """Watch until the connection can't be brought back to hearing: DeafError."""
        while True:
            await asyncio.sleep(max(0.0, self._heard_at + self._silence_s - time.monotonic()))
            if time.monotonic() - self._heard_at >= self._silence_s:
                await self._prove()

    async def _prove(self) -> None:
        for _ in range(PROOFS):
            self._heard.clear()
            try:
                async with asyncio.timeout(self._proof_s):
                    await self._client.connect_to_new_endpoint(force=True)
                    if self._says_hello:
                        await self._heard.wait()
            except TimeoutError:
                log.warning("the new connection stays silent")
            else:
                self._heard_at = time.monotonic()
                return
        raise DeafError("Slack can't be heard any more, not even over a new connection.")


async def hold_socket(
    client: SocketModeClient, *, silence_s: float = SILENCE_S, proof_s: float = PROOF_S
) -> None:
    """Connect over Socket Mode and stay so until cancelled; DeafError when it is beyond help."""
    watch = Watch(client, silence_s=silence_s, proof_s=proof_s)
    try:
        await client.connect()  # type: ignore[no-untyped-call]
        await watch.keep()
    finally:
        await client.close()  # type: ignore[no-untyped-call]


async def serve_http(app: web.Application, *, host: str, port: int) -> None:
    """Listen for Slack's signed requests until cancelled."""
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    try:
        await web.TCPSite(runner, host, port).start()
        log.info("listening", extra={"addresses": runner.addresses})
        await asyncio.Future()
    finally:
        await runner.cleanup()
