"""The page's own routes: what it shows, live, and what people do on it."""

from __future__ import annotations

import asyncio
import json
import secrets
from collections.abc import Awaitable, Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from aiohttp import web

from bot.workspace.delivery import Delivered
from bot.workspace.people import People
from bot.workspace.records import Change, Json, Message, SlackError
from bot.workspace.screen import shown, snapshot

STATIC = Path(__file__).parent / "static"
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}
PICTURES = {"image/png", "image/jpeg", "image/gif", "image/webp"}
PULSE_S = 15  # between signs of life on a quiet stream, so that a closed page is noticed


class Page:
    """Serves the page and speaks with it; a cookie keeps everyone else out."""

    def __init__(self, people: People) -> None:
        self._people = people
        self._state = people.state
        self._key = secrets.token_urlsafe(24)
        self._streams: set[asyncio.Task[Any]] = set()

    def table(self) -> list[web.RouteDef]:
        return [
            web.get("/", self._index),
            web.get("/archives/{channel}/{message}", self._permalink),
            web.get(r"/static/{name:[a-z]+\.(?:js|css)}", self._static),
            web.get("/page/live", self._for_page(self._live)),
            web.get("/page/files/{file}", self._for_page(self._file)),
            web.post("/page/do/{verb}", self._for_page(self._do)),
            web.post("/page/upload", self._for_page(self._upload)),
        ]

    def close(self) -> None:
        """End the live streams."""
        for stream in self._streams:
            stream.cancel()

    # --- the page itself ---

    def _cookie(self, request: web.Request) -> str:
        return f"page-{request.url.port}"  # cookies don't tell ports apart

    async def _index(self, request: web.Request) -> web.StreamResponse:
        page = web.FileResponse(STATIC / "page.html", headers=HEADERS)
        page.set_cookie(
            self._cookie(request), self._key, path="/page", httponly=True, samesite="Strict"
        )
        return page

    async def _static(self, request: web.Request) -> web.StreamResponse:
        path = STATIC / request.match_info["name"]
        if not path.is_file():
            raise web.HTTPNotFound
        return web.FileResponse(path, headers=HEADERS)

    async def _permalink(self, request: web.Request) -> web.StreamResponse:
        where = "/".join(request.match_info[part] for part in ("channel", "message"))
        raise web.HTTPFound(f"/#{where}")

    def _for_page(
        self, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
    ) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
        async def guarded(request: web.Request) -> web.StreamResponse:
            key = request.cookies.get(self._cookie(request), "")
            if not secrets.compare_digest(key.encode(), self._key.encode()):
                raise web.HTTPForbidden(text="Open the page first.")
            return await handler(request)

        return guarded

    # --- what it shows ---

    async def _live(self, request: web.Request) -> web.StreamResponse:
        """Stream the whole state, then every change, as server-sent events."""
        user = self._state.user(request.query["user"]).id
        stream = web.StreamResponse(headers=HEADERS | {"Content-Type": "text/event-stream"})
        await stream.prepare(request)
        changes: asyncio.Queue[Change] = asyncio.Queue()
        task = asyncio.current_task()
        assert task  # noqa: S101  (a handler always runs in one)
        self._streams.add(task)
        self._state.listeners.append(changes.put_nowait)
        try:
            await stream.write(_sse(snapshot(self._state, user)))
            while True:
                await stream.write(await self._next(changes, user))
        except (ConnectionResetError, asyncio.CancelledError):
            return stream  # the page was closed, or the workspace stops
        finally:
            self._streams.discard(task)
            self._state.listeners.remove(changes.put_nowait)

    async def _next(self, changes: asyncio.Queue[Change], user: str) -> bytes:
        try:
            change = await asyncio.wait_for(changes.get(), PULSE_S)
        except TimeoutError:
            return b": still here\n\n"
        seen = shown(self._state, change, user)
        return _sse(seen) if seen else b""

    async def _file(self, request: web.Request) -> web.StreamResponse:
        file = self._state.files.get(request.match_info["file"])
        if file is None or file.content is None:
            raise web.HTTPNotFound
        shown_inline = file.mimetype in PICTURES
        headers = HEADERS if shown_inline else HEADERS | {"Content-Disposition": "attachment"}
        kind = file.mimetype if shown_inline else "application/octet-stream"
        return web.Response(body=file.content, headers=headers, content_type=kind)

    # --- what people do ---

    async def _do(self, request: web.Request) -> web.StreamResponse:
        verb = VERBS.get(request.match_info["verb"])
        if verb is None or request.content_type != "application/json":
            raise web.HTTPNotFound
        try:
            done = await verb(self._people, await request.json())
        except (SlackError, LookupError) as refused:
            return web.json_response({"error": str(refused)})
        return web.json_response(asdict(done) if done else {"reply": None})

    async def _upload(self, request: web.Request) -> web.StreamResponse:
        """Take a file's bytes: into a channel, or for a modal's file_input where none is named."""
        about, content = request.query, await request.read()
        if "channel" not in about:
            file = self._people.keep(about["user"], about["name"], content)
            return web.json_response({"reply": {"id": file.id}})
        await self._people.upload(
            about["user"],
            about["channel"],
            about["name"],
            content,
            comment=about.get("comment", ""),
            thread_ts=about.get("thread_ts"),
        )
        return web.json_response({"reply": None})


def _sse(event: Json) -> bytes:
    return f"data: {json.dumps(event)}\n\n".encode()


# --- the verbs of the page ------------------------------------------------------------------


async def _say(people: People, about: Json) -> None:
    await people.say(about["user"], about["channel"], about["text"], about.get("thread_ts"))


async def _slash(people: People, about: Json) -> Delivered:
    command, _, text = about["text"].partition(" ")
    return await people.slash(about["user"], about["channel"], command, text)


async def _click(people: People, about: Json) -> Delivered:
    where: Message | Json
    if "view" in about:
        where = people.view(about["user"], about["view"])
    else:
        where = people.state.message(about["channel"], about["ts"])
    return await people.click(about["user"], where, about["action_id"], about.get("value"))


async def _submit(people: People, about: Json) -> Delivered:
    return await people.submit_view(about["user"], about["view"], about["values"])


async def _close(people: People, about: Json) -> None:
    await people.close_view(about["user"], about["view"])


async def _shortcut(people: People, about: Json) -> Delivered:
    message = people.state.message(about["channel"], about["ts"]) if "ts" in about else None
    return await people.shortcut(about["user"], about["callback_id"], message)


async def _home(people: People, about: Json) -> None:
    await people.open_home(about["user"])


VERBS: dict[str, Callable[[People, Json], Awaitable[Delivered | None]]] = {
    "say": _say,
    "slash": _slash,
    "click": _click,
    "submit": _submit,
    "close": _close,
    "shortcut": _shortcut,
    "home": _home,
}
