"""Socket Mode: envelopes to the app over WebSockets, and its acks back."""

from __future__ import annotations

import asyncio
import itertools
import json
import uuid

from aiohttp import WSMessage, WSMsgType, web

from bot.workspace.records import Change, Json
from bot.workspace.state import State

CONNECTIONS = 10  # one app may hold


class SocketMode:
    """The connections of one app; each payload goes to any one of them."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._sockets: dict[web.WebSocketResponse, web.Request] = {}
        self.opened = asyncio.Event()  # set while a connection is open
        self._turns = itertools.count()
        self._waiting: dict[str, asyncio.Future[Json | None]] = {}

    @property
    def connections(self) -> int:
        return len(self._sockets)

    async def serve(self, request: web.Request) -> web.StreamResponse:
        """Hold one connection open until either side closes it."""
        ticket = request.query.get("ticket", "")
        if ticket not in self._state.tickets:
            return web.Response(status=403, text="invalid ticket")
        self._state.tickets.discard(ticket)
        socket = web.WebSocketResponse(heartbeat=30, max_msg_size=2**20)
        await socket.prepare(request)
        if self.connections >= CONNECTIONS:
            await _say_goodbye(socket, "too_many_websockets")
            return socket
        self._sockets[socket] = request
        try:
            await socket.send_json({"type": "hello", "num_connections": self.connections})
            self._say_present()
            async for message in socket:
                self._receive(message)
        finally:
            self._forget(socket)
        return socket

    async def send(self, kind: str, payload: Json, *, retry: int) -> Json | None:
        """Deliver one envelope and wait for its ack; ConnectionError where nobody listens."""
        if not self._sockets:
            raise ConnectionError("no Socket Mode connection is open")
        socket = list(self._sockets)[next(self._turns) % len(self._sockets)]
        envelope: Json = {"envelope_id": str(uuid.uuid4()), "type": kind, "payload": payload}
        envelope["accepts_response_payload"] = kind != "events_api"
        if kind == "events_api":
            envelope |= {"retry_attempt": retry, "retry_reason": "timeout" if retry else ""}
        acked: asyncio.Future[Json | None] = asyncio.get_running_loop().create_future()
        self._waiting[envelope["envelope_id"]] = acked
        try:
            await socket.send_json(envelope)
            return await acked
        finally:
            del self._waiting[envelope["envelope_id"]]

    async def refresh(self) -> None:
        """Do what Slack does about hourly: warn, then ask every connection to be renewed."""
        for socket in list(self._sockets):
            await socket.send_json(_disconnect("warning"))
        for socket in list(self._sockets):
            self._forget(socket)
            await _say_goodbye(socket, "refresh_requested")

    async def drop(self) -> None:
        """Cut every connection without a word, as a broken network does."""
        for socket, request in list(self._sockets.items()):
            self._forget(socket)
            if request.transport:
                request.transport.abort()

    async def close(self) -> None:
        for socket in list(self._sockets):
            await socket.close()

    def _receive(self, message: WSMessage) -> None:
        if message.type is not WSMsgType.TEXT:
            return
        ack = json.loads(message.data)
        waiting = self._waiting.get(ack.get("envelope_id", ""))
        if waiting and not waiting.done():
            waiting.set_result(ack.get("payload"))

    def _forget(self, socket: web.WebSocketResponse) -> None:
        self._sockets.pop(socket, None)
        self._say_present()

    def _say_present(self) -> None:
        present = bool(self._sockets)
        (self.opened.set if present else self.opened.clear)()
        if present is not self._state.present:
            self._state.present = present
            self._state.tell(Change("other"))


async def _say_goodbye(socket: web.WebSocketResponse, reason: str) -> None:
    await socket.send_json(_disconnect(reason))
    await socket.close()


def _disconnect(reason: str) -> Json:
    return {"type": "disconnect", "reason": reason, "debug_info": {"host": "workspace"}}
