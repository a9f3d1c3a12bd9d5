"""The HTTP face of Slack: Web API, uploads, downloads and response_url, on loopback only."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import web

from bot.workspace import chat, files, views  # noqa: F401  (each registers its methods)
from bot.workspace.faults import Faults
from bot.workspace.methods import METHODS, call
from bot.workspace.rate_limits import RateLimits
from bot.workspace.records import Json, SlackError
from bot.workspace.responses import answer
from bot.workspace.state import State

MAX_UPLOAD = 200 * 2**20  # bytes
LOOPBACK = {"127.0.0.1", "localhost", "[::1]"}
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@web.middleware
async def only_loopback(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Refuse a request that names another host (DNS rebinding) or comes from another site."""
    if request.host.rpartition(":")[0] not in LOOPBACK:
        raise web.HTTPForbidden(text="This server answers on loopback only.")
    origin = request.headers.get("Origin")
    if origin and origin != f"http://{request.host}":
        raise web.HTTPForbidden(text="This server answers its own page only.")
    return await handler(request)


class Routes:
    """Slack's addresses, answered from the state."""

    def __init__(self, state: State, faults: Faults, limits: RateLimits) -> None:
        self._state = state
        self._faults = faults
        self._limits = limits

    def table(self) -> list[web.RouteDef]:
        return [
            web.get("/api/{method}", self._api),
            web.post("/api/{method}", self._api),
            web.post("/upload/v1/{file}", self._upload),
            web.get("/files-pri/{file}/{tail:.+}", self._download),
            web.post("/respond/{team}/{key}", self._respond),
        ]

    async def _api(self, request: web.Request) -> web.StreamResponse:
        method = request.match_info["method"]
        raw = await _arguments(request)
        token = _bearer(request) or raw.pop("token", None)
        refusal = await self._spoilt(method, raw)
        if refusal:
            return refusal
        answer = self._perform(method, token, raw)
        if self._faults.takes_reply(method) and request.transport:
            request.transport.abort()
        return web.json_response(answer, headers=self._scopes(method))

    def _perform(self, method: str, token: str | None, raw: Json) -> Json:
        try:
            return call(self._state, method, token, raw)
        except SlackError as refused:
            return refused.answer

    async def _spoilt(self, method: str, raw: Json) -> web.Response | None:
        """Answer in place of the method where a fault or a rate limit says so."""
        await asyncio.sleep(self._faults.slow.get(method, 0))
        if self._faults.is_broken(method):
            return web.Response(status=500, text="upstream connect error")
        if method in self._faults.unavailable:
            return web.json_response({"ok": False, "error": "unknown_method", "req_method": method})
        if self._faults.is_limited(method):
            return _too_many(self._faults.retry_after)
        wait = self._limits.wait(method, raw)
        return _too_many(wait) if wait else None

    def _scopes(self, method: str) -> dict[str, str]:
        known = METHODS.get(method)
        accepted = known.scope if known and known.scope else ""
        return {"x-oauth-scopes": ",".join(self._state.scopes), "x-accepted-oauth-scopes": accepted}

    async def _upload(self, request: web.Request) -> web.Response:
        """Take the bytes of a file whose place files.getUploadURLExternal made."""
        try:
            file = self._state.file(request.match_info["file"])
        except SlackError:
            raise web.HTTPNotFound from None
        content = await _body(request)
        if len(content) != file.size:
            raise web.HTTPBadRequest(text="the length is not the one announced")
        file.content = content
        return web.Response(text=f"OK - {file.size}")

    async def _download(self, request: web.Request) -> web.Response:
        """Serve a private file; without its token Slack leads to a sign-in page, not to an error."""
        if _bearer(request) != self._state.bot_token or "files:read" not in self._state.scopes:
            return web.Response(
                text="<!doctype html><title>Sign in</title>", content_type="text/html"
            )
        try:
            file = self._state.file(request.match_info["file"].partition("-")[2])
        except SlackError:
            raise web.HTTPNotFound from None
        if file.content is None:
            raise web.HTTPNotFound
        return web.Response(body=file.content, content_type=file.mimetype)

    async def _respond(self, request: web.Request) -> web.Response:
        try:
            answer(self._state, request.match_info["key"], await request.json())
        except SlackError as refused:
            status = 404 if refused.error in ("used_url", "expired_url") else 400
            return web.Response(status=status, text=refused.error)
        except ValueError:
            return web.Response(status=400, text="invalid_payload")
        return web.Response(text="ok")


def _bearer(request: web.Request) -> str | None:
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" and token else None


async def _arguments(request: web.Request) -> dict[str, Any]:
    raw: dict[str, Any] = dict(request.query)
    if request.content_type == "application/json":
        try:
            body = json.loads(await request.text() or "{}")
        except ValueError:
            body = {}
        return raw | body if isinstance(body, dict) else raw
    return raw | dict(await request.post())


async def _body(request: web.Request) -> bytes:
    if not request.content_type.startswith("multipart/"):
        return await request.read()
    for part in (await request.post()).values():
        if isinstance(part, web.FileField):
            return part.file.read()
    return b""


def _too_many(seconds: int) -> web.Response:
    refusal = {"ok": False, "error": "ratelimited"}
    return web.json_response(refusal, status=429, headers={"Retry-After": str(seconds)})
