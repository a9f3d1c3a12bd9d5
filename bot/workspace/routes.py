"""The HTTP face of Slack: Web API, uploads, downloads and response_url, on loopback only."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from aiohttp import web

from bot.workspace import views  # noqa: F401  (registers its methods)
from bot.workspace.chat import respond
from bot.workspace.faults import Faults
from bot.workspace.methods import call
from bot.workspace.rate_limits import RateLimits
from bot.workspace.records import Json, SlackError
from bot.workspace.state import State

MAX_UPLOAD = 200 * 2**20  # bytes
LOOPBACK = {"127.0.0.1", "localhost", "[::1]"}
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@web.middleware
async def only_loopback(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Refuse a request that names another host (DNS rebinding) or comes from another site.

    Outside the Web API, what Slack refuses is a 404 with its word.
    """
    if request.host.rpartition(":")[0] not in LOOPBACK:
        raise web.HTTPForbidden(text="This server answers on loopback only.")
    origin = request.headers.get("Origin")
    if origin and origin != f"http://{request.host}":
        raise web.HTTPForbidden(text="This server answers its own page only.")
    try:
        return await handler(request)
    except SlackError as refused:
        raise web.HTTPNotFound(text=refused.error) from None


class Routes:
    """Slack's addresses, answered from the state."""

    def __init__(self, state: State, faults: Faults, limits: RateLimits) -> None:
        self._state, self._faults, self._limits = state, faults, limits

    def table(self) -> list[web.RouteDef]:
        return [
            web.get("/api/{method}", self._api),
            web.post("/api/{method}", self._api),
            web.post("/upload/v1/{file}", self._upload),
            web.get("/files-pri/{file}/{tail:.+}", self._download),
            web.post("/respond/{key}", self._respond),
            web.get("/archives/{channel}/{message}", self._archive),
        ]

    async def _api(self, request: web.Request) -> web.StreamResponse:
        method = request.match_info["method"]
        raw = await _arguments(request)
        if refusal := await self._spoilt(method, raw):
            return refusal
        try:
            answer = call(self._state, method, _bearer(request) or raw.get("token", ""), raw)
        except SlackError as refused:
            answer = refused.answer
        if self._faults.strikes("lost", method) and request.transport:
            request.transport.abort()
        return web.json_response(answer, headers={"x-oauth-scopes": ",".join(self._state.scopes)})

    async def _archive(self, request: web.Request) -> web.StreamResponse:
        """Lead a message's link to its channel on the page."""
        raise web.HTTPFound(f"/#{self._state.channel(request.match_info['channel']).name}")

    async def _spoilt(self, method: str, raw: Json) -> web.Response | None:
        """Answer in place of the method where a fault or a rate limit says so."""
        await asyncio.sleep(self._faults.slow.get(method, 0))
        if self._faults.strikes("broken", method):
            return web.Response(status=500, text="upstream connect error")
        if method in self._faults.unavailable:
            return web.json_response({"ok": False, "error": "unknown_method", "req_method": method})
        limited = self._faults.strikes("limited", method)
        wait = self._faults.retry_after if limited else self._limits.wait(method, raw)
        if not wait:
            return None
        refusal = {"ok": False, "error": "ratelimited"}
        return web.json_response(refusal, status=429, headers={"Retry-After": str(wait)})

    async def _upload(self, request: web.Request) -> web.Response:
        """Take the bytes of a file whose place files.getUploadURLExternal made."""
        file, content = self._state.file(request.match_info["file"]), await request.read()
        if len(content) != file.size:
            raise web.HTTPBadRequest(text="the length is not the one announced")
        file.content = content
        return web.Response(text=f"OK - {file.size}")

    async def _download(self, request: web.Request) -> web.Response:
        """Serve a private file; without its token Slack leads to a sign-in page, not to an error."""
        if _bearer(request) != self._state.bot_token or "files:read" not in self._state.scopes:
            sign_in = "<!doctype html><title>Sign in</title>"
            return web.Response(text=sign_in, content_type="text/html")
        file = self._state.file(request.match_info["file"])
        return web.Response(body=file.content, content_type=file.mimetype)

    async def _respond(self, request: web.Request) -> web.Response:
        respond(self._state, request.match_info["key"], await request.json())
        return web.Response(text="ok")


def _bearer(request: web.Request) -> str:
    return request.headers.get("Authorization", "").removeprefix("Bearer ")


async def _arguments(request: web.Request) -> Json:
    is_json = request.content_type == "application/json"
    body = await request.json() if is_json else await request.post()
    return {**request.query, **body}
