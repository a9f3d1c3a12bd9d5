"""Deliver events, commands and clicks to the app, over Socket Mode or signed HTTP."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Coroutine
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

import aiohttp
from slack_sdk.signature import SignatureVerifier

from bot.workspace.faults import Faults
from bot.workspace.records import Json
from bot.workspace.socket_mode import SocketMode


@dataclass(frozen=True)
class Delivered:
    """How one delivery went: `error` is what the person reads when it was not acknowledged."""

    kind: str
    seconds: float
    reply: Json | None = None
    error: str | None = None


class SignedHttp:
    """The request URL of an app in HTTP mode; every request is signed as Slack signs it."""

    def __init__(self, signing_secret: str) -> None:
        self.request_url: str | None = None
        self._verifier = SignatureVerifier(signing_secret)

    async def send(self, kind: str, payload: Json, *, retry: int) -> Json | None:
        """Post one payload; ConnectionError where the app can't be reached or refuses."""
        body, content_type = _encoded(kind, payload)
        headers = self._signed(body) | {"Content-Type": content_type}
        if retry:
            headers |= {"X-Slack-Retry-Num": str(retry), "X-Slack-Retry-Reason": "http_timeout"}
        url = self.request_url or ""
        try:
            async with (
                aiohttp.ClientSession(raise_for_status=True) as session,
                session.post(url, data=body, headers=headers) as answer,
            ):
                return _decoded(await answer.text())
        except aiohttp.ClientError as error:
            raise ConnectionError("the app can't be reached, or refuses") from error

    def _signed(self, body: str) -> dict[str, str]:
        timestamp = str(int(time.time()))
        signature = self._verifier.generate_signature(timestamp=timestamp, body=body)
        return {"X-Slack-Request-Timestamp": timestamp, "X-Slack-Signature": signature or ""}


def _encoded(kind: str, payload: Json) -> tuple[str, str]:
    if kind == "events_api":
        return json.dumps(payload), "application/json"
    form = payload if kind == "slash_commands" else {"payload": json.dumps(payload)}
    return urlencode(form), "application/x-www-form-urlencoded"


def _decoded(body: str) -> Json | None:
    """Read what an ack carries: nothing, a payload, or words to say."""
    try:
        reply = json.loads(body)
    except ValueError:
        return {"text": body} if body.strip() else None
    return reply if isinstance(reply, dict) else {"text": body}


@dataclass
class Delivery:
    """Sends each payload once, or as often as the faults and Slack's retries want it."""

    sockets: SocketMode
    http: SignedHttp
    faults: Faults
    ack_seconds: float
    retries_after: tuple[float, ...]
    log: list[Delivered] = field(default_factory=list)
    _tasks: set[asyncio.Task[Any]] = field(default_factory=set)

    async def interaction(self, kind: str, payload: Json) -> Delivered:
        """Deliver a command or a click, which Slack never repeats, and wait for the ack."""
        copies, late = self.faults.next_delivery()
        await asyncio.sleep(late)
        for _ in range(copies - 1):
            self._start(self._attempt(kind, payload))
        return await self._attempt(kind, payload)

    def event(self, payload: Json) -> None:
        """Deliver an event in the background, again while it stays unacknowledged."""
        copies, late = self.faults.next_delivery()
        for _ in range(copies):
            self._start(self._with_retries(payload, late))

    async def close(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _start(self, work: Coroutine[Any, Any, Any]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _with_retries(self, payload: Json, late: float) -> None:
        for retry, pause in enumerate((late, *self.retries_after)):
            await asyncio.sleep(pause)
            delivered = await self._attempt("events_api", payload, retry)
            if delivered.error is None:
                return

    async def _attempt(self, kind: str, payload: Json, retry: int = 0) -> Delivered:
        transport = self.http if self.http.request_url else self.sockets
        started, reply, error = time.perf_counter(), None, None
        try:
            async with asyncio.timeout(self.ack_seconds):
                reply = await transport.send(kind, payload, retry=retry)
                if self.faults.strikes("unheard", "ack"):
                    await asyncio.Future()
        except TimeoutError:
            error = "operation_timeout"
        except ConnectionError:
            error = "dispatch_failed"
        delivered = Delivered(kind, time.perf_counter() - started, reply, error)
        self.log.append(delivered)
        return delivered
