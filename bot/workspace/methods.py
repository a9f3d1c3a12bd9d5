"""Slack's Web API methods for people, conversations and connections, and how one is called."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from bot.workspace.records import Channel, Json, Message, SlackError
from bot.workspace.shapes import channel_json, message_json, user_json
from bot.workspace.state import TEAM_NAME, State

STRUCTURED = {"blocks", "metadata", "view", "files", "attachments"}  # JSON inside a form


class Args(dict[str, Any]):
    """The arguments of one call, whether they came as JSON or as a form."""

    def __init__(self, raw: Mapping[str, Any]) -> None:
        super().__init__({key: _parsed(key, value) for key, value in raw.items()})

    def need(self, name: str) -> str:
        value = self.get(name)
        if value in (None, ""):
            raise SlackError("invalid_arguments", f"[ERROR] missing required field: {name}")
        return str(value)

    def flag(self, name: str) -> bool:
        return self.get(name) in (True, 1, "1", "true", "True")


def _parsed(key: str, value: object) -> object:
    if key not in STRUCTURED or not isinstance(value, str):
        return value
    try:
        return json.loads(value)
    except ValueError:
        error = "invalid_blocks_format" if key == "blocks" else "invalid_arguments"
        raise SlackError(error) from None


@dataclass(frozen=True)
class Method:
    run: Callable[[State, Args], Json]
    scope: str | None
    holder: Literal["bot", "app"]


METHODS: dict[str, Method] = {}


def method(
    name: str, scope: str | None = None, *, holder: Literal["bot", "app"] = "bot"
) -> Callable[[Callable[[State, Args], Json]], Callable[[State, Args], Json]]:
    """Register a function as a Web API method that asks for a scope."""

    def register(run: Callable[[State, Args], Json]) -> Callable[[State, Args], Json]:
        METHODS[name] = Method(run, scope, holder)
        return run

    return register


def call(state: State, name: str, token: str | None, raw: Mapping[str, Any]) -> Json:
    """Perform a method as Slack would; a refusal is raised as SlackError."""
    found = METHODS.get(name)
    if found is None:
        raise SlackError("unknown_method", req_method=name)
    if name != "api.test":
        _authorise(state, found, token)
    return {"ok": True, **found.run(state, Args(raw))}


def _authorise(state: State, found: Method, token: str | None) -> None:
    if not token:
        raise SlackError("not_authed")
    tokens = {"bot": state.bot_token, "app": state.app_token}
    if token not in tokens.values():
        raise SlackError("invalid_auth")
    if token != tokens[found.holder]:
        raise SlackError("not_allowed_token_type")
    if found.scope and found.scope not in state.scopes:
        provided = ",".join(state.scopes)
        raise SlackError("missing_scope", needed=found.scope, provided=provided)


def paged(items: Sequence[Any], args: Args, *, limit: int) -> tuple[list[Any], Json]:
    """Cut out the page that `cursor` and `limit` ask for."""
    try:
        start = int(base64.b64decode(args.get("cursor") or "MA=="))
    except ValueError:
        raise SlackError("invalid_cursor") from None
    end = start + int(args.get("limit") or limit)
    cursor = base64.b64encode(str(end).encode()).decode() if end < len(items) else ""
    return list(items[start:end]), {"response_metadata": {"next_cursor": cursor}}


# --- the app itself -------------------------------------------------------------------------


@method("api.test")
def _api_test(_: State, args: Args) -> Json:
    if "error" in args:
        raise SlackError(str(args["error"]), args=dict(args))
    return {"args": dict(args)}


@method("auth.test")
def _auth_test(state: State, _: Args) -> Json:
    return {
        "url": f"{state.url}/",
        "team": TEAM_NAME,
        "user": state.users[state.bot_user].name,
        "team_id": state.team,
        "user_id": state.bot_user,
        "bot_id": state.bot,
        "is_enterprise_install": False,
    }


@method("apps.connections.open", holder="app")
def _connections_open(state: State, _: Args) -> Json:
    return {"url": state.new_socket_url()}


@method("bots.info", "users:read")
def _bots_info(state: State, args: Args) -> Json:
    if args.get("bot", state.bot) != state.bot:
        raise SlackError("bot_not_found")
    user = state.users[state.bot_user]
    shape = {"id": state.bot, "app_id": state.app, "user_id": user.id, "name": user.real_name}
    return {"bot": shape | {"deleted": False, "updated": 1_700_000_000}}


# --- people ---------------------------------------------------------------------------------


@method("users.info", "users:read")
def _users_info(state: State, args: Args) -> Json:
    user_id = args.need("user")
    if user_id not in state.users:
        raise SlackError("user_not_found")
    return {"user": user_json(state, state.users[user_id])}


@method("users.list", "users:read")
def _users_list(state: State, args: Args) -> Json:
    users, more = paged(list(state.users.values()), args, limit=1000)
    return {"members": [user_json(state, user) for user in users], **more}


# --- conversations --------------------------------------------------------------------------


def visible(state: State, ref: str) -> Channel:
    """Find a channel by id for the bot, which can't see private ones that it isn't in."""
    channel = state.channels.get(ref)
    if channel is None or (channel.kind != "channel" and state.bot_user not in channel.members):
        raise SlackError("channel_not_found")
    return channel


def joined(state: State, ref: str) -> Channel:
    channel = visible(state, ref)
    if state.bot_user not in channel.members:
        raise SlackError("not_in_channel")
    return channel


@method("conversations.open", "im:write")
def _conversations_open(state: State, args: Args) -> Json:
    user = args.need("users")
    if user not in state.users or user == state.bot_user:
        raise SlackError("user_not_found")
    return {"channel": {"id": state.dm(user).id}, "no_op": True, "already_open": True}


@method("conversations.info", "channels:read")
def _conversations_info(state: State, args: Args) -> Json:
    return {"channel": channel_json(state, visible(state, args.need("channel")))}


@method("conversations.list", "channels:read")
def _conversations_list(state: State, args: Args) -> Json:
    names = {"public_channel": "channel", "private_channel": "group", "im": "im"}
    kinds = {names.get(kind) for kind in str(args.get("types", "public_channel")).split(",")}
    hidden = args.flag("exclude_archived")
    found = [
        channel
        for channel in state.channels.values()
        if channel.kind in kinds and not (hidden and channel.is_archived)
        if channel.kind == "channel" or state.bot_user in channel.members
    ]
    channels, more = paged(found, args, limit=100)
    return {"channels": [channel_json(state, channel) for channel in channels], **more}


@method("conversations.members", "channels:read")
def _conversations_members(state: State, args: Args) -> Json:
    members, more = paged(visible(state, args.need("channel")).members, args, limit=100)
    return {"members": members, **more}


@method("conversations.history", "channels:history")
def _conversations_history(state: State, args: Args) -> Json:
    channel = joined(state, args.need("channel"))
    found = [
        message
        for message in state.seen_by(channel, "")
        if (message.broadcast or not message.is_reply) and _within(message, args)
    ]
    messages, more = paged(found[::-1], args, limit=100)
    return _messages(state, messages, args) | more


@method("conversations.replies", "channels:history")
def _conversations_replies(state: State, args: Args) -> Json:
    channel = joined(state, args.need("channel"))
    parent = channel.messages.get(args.need("ts"))
    if parent is None or parent.ephemeral_to:
        raise SlackError("thread_not_found")
    found = [parent, *(m for m in state.replies(parent) if _within(m, args))]
    messages, more = paged(found, args, limit=1000)
    return _messages(state, messages, args) | more


def _within(message: Message, args: Args) -> bool:
    oldest, latest = float(args.get("oldest") or 0), float(args.get("latest") or "inf")
    ts = float(message.ts)
    return oldest <= ts <= latest if args.flag("inclusive") else oldest < ts < latest


def _messages(state: State, messages: list[Message], args: Args) -> Json:
    metadata = args.flag("include_all_metadata")
    shapes = [message_json(state, message, metadata=metadata) for message in messages]
    return {"messages": shapes, "has_more": False}
