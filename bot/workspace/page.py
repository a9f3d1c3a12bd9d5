"""The page: what one person sees of the workspace, live, and what people do on it."""

from __future__ import annotations

import asyncio
import json
import secrets
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path

from aiohttp import web

from bot.workspace.delivery import Delivered
from bot.workspace.payloads import message_json
from bot.workspace.people import People
from bot.workspace.records import Channel, Json, Message, SlackError
from bot.workspace.state import State

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
TOGETHER_S = 0.03  # changes this close together are shown at once
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
VERBS = {"say", "slash", "click", "submit_view", "close_view", "shortcut", "open_home"}


class Page:
    """Serves the page and speaks with it; a cookie keeps everyone else out."""

    def __init__(self, people: People) -> None:
        self._people, self._state = people, people.state
        self._key = secrets.token_urlsafe(24)

    def table(self) -> list[web.AbstractRouteDef]:
        return [
            web.get("/", self._index),
            web.static("/static", STATIC),
            web.get("/page/live", self._for_page(self._live)),
            web.get("/page/files/{file}", self._for_page(self._file)),
            web.post("/page/do/{verb}", self._for_page(self._do)),
            web.post("/page/upload", self._for_page(self._upload)),
        ]

    async def _index(self, request: web.Request) -> web.StreamResponse:
        page = web.FileResponse(STATIC / "page.html", headers=HEADERS)
        cookie = _cookie(request)
        page.set_cookie(cookie, self._key, path="/page", httponly=True, samesite="Strict")
        return page

    def _for_page(self, handler: Handler) -> Handler:
        async def guarded(request: web.Request) -> web.StreamResponse:
            key = request.cookies.get(_cookie(request), "")
            if not secrets.compare_digest(key.encode(), self._key.encode()):
                raise web.HTTPForbidden(text="Open the page first.")
            return await handler(request)

        return guarded

    async def _live(self, request: web.Request) -> web.StreamResponse:
        """Stream what a person sees, anew after each change, as server-sent events."""
        user = self._state.user(request.query["user"]).id
        stream = web.StreamResponse(headers=HEADERS | {"Content-Type": "text/event-stream"})
        await stream.prepare(request)
        with suppress(ConnectionResetError):  # when the page is closed
            while True:
                changed = self._state.changed
                await stream.write(f"data: {json.dumps(seen_by(self._state, user))}\n\n".encode())
                await changed.wait()
                await asyncio.sleep(TOGETHER_S)
        return stream

    async def _file(self, request: web.Request) -> web.StreamResponse:
        file = self._state.file(request.match_info["file"])
        if file.mimetype in PICTURES:
            return web.Response(body=file.content, headers=HEADERS, content_type=file.mimetype)
        attached = HEADERS | {"Content-Disposition": "attachment"}
        return web.Response(body=file.content, headers=attached)

    async def _do(self, request: web.Request) -> web.StreamResponse:
        """Do what a person did: a verb with the arguments of its method."""
        verb, about = request.match_info["verb"], await request.json()
        if verb not in VERBS:
            raise web.HTTPNotFound
        try:
            done = await getattr(self._people, verb)(**self._found(about))
        except (SlackError, LookupError) as refused:
            return web.json_response({"error": str(refused)})
        return web.json_response(asdict(done) if isinstance(done, Delivered) else {})

    def _found(self, about: Json) -> Json:
        """Put messages and views in the place of their names."""
        for name in about.keys() & {"message", "where"}:
            ref = about[name]
            view = isinstance(ref, str) and self._people.view(about["user"], ref)
            about[name] = view or self._state.message(*ref)
        return about

    async def _upload(self, request: web.Request) -> web.StreamResponse:
        """Take a file's bytes: into a channel, or for a modal's file_input where none is named."""
        about, content = dict(request.query), await request.read()
        if "channel" in about:
            await self._people.upload(content=content, **about)
            return web.json_response({})
        return web.json_response({"id": self._people.keep(content=content, **about).id})


def _cookie(request: web.Request) -> str:
    return f"page-{request.url.port}"  # cookies don't tell ports apart


# --- what one person sees -------------------------------------------------------------------


def seen_by(state: State, user: str) -> Json:
    """Show all that one person sees, as the page draws it."""
    mine = [channel for channel in state.channels.values() if user in channel.members]
    return {
        "bot": state.bot_user,
        "me": user,
        "present": state.present,
        "users": [asdict(person) for person in state.users.values()],
        "channels": [_channel(state, channel, user) for channel in mine],
        "messages": [_message(state, m) for one in mine for m in state.seen_by(one, user)],
        "views": state.views.get(user, []),
        "home": state.homes.get(user),
        "commands": state.features.get("slash_commands", []),
        "shortcuts": state.features.get("shortcuts", []),
    }


def _channel(state: State, channel: Channel, user: str) -> Json:
    """Show a channel; one without a name is called by the others in it."""
    others = [state.users[member].real_name for member in channel.members if member != user]
    about = {"id": channel.id, "name": channel.name, "kind": channel.kind}
    return about | {"title": channel.name or ", ".join(others), "members": len(channel.members)}


def _message(state: State, message: Message) -> Json:
    about = {"channel": message.channel, "ephemeral": message.ephemeral_to is not None}
    return message_json(state, message) | about
