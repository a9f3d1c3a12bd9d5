"""Slack's Web API: how a method is called, and those for the app, conversations and people."""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

from bot.workspace.payloads import channel_json, message_json, replies, user_json
from bot.workspace.records import Channel, Json, Message, SlackError
from bot.workspace.state import State

T = TypeVar("T")
STRUCTURED = {"blocks", "metadata", "view", "files"}  # JSON inside a form
OF_THE_APP = "connections:write"  # the one scope of the app-level token
FAMILIES = {"public": "channels", "private": "groups"}  # how scopes name a kind of channel
TOGETHER = 8  # people in a group conversation, beside the bot


class Args(dict[str, Any]):
    """The arguments of one call, whether they came as JSON or as a form."""

    def __init__(self, raw: Mapping[str, Any]) -> None:
        super().__init__({key: _parsed(key, value) for key, value in raw.items()})

    def need(self, name: str) -> str:
        if self.get(name) in (None, ""):
            raise SlackError("invalid_arguments", f"[ERROR] missing required field: {name}")
        return str(self[name])

    def flag(self, name: str) -> bool:
        return self.get(name) in (True, "1", "true")


def _parsed(key: str, value: object) -> object:
    if key not in STRUCTURED or not isinstance(value, str):
        return value
    try:
        return json.loads(value)
    except ValueError:
        raise SlackError("invalid_arguments", f"[ERROR] invalid JSON: {key}") from None


Method = Callable[[State, Args], Json]
METHODS: dict[str, tuple[Method, str]] = {}  # name -> what it does, the scope it needs


def method(name: str, scope: str = "") -> Callable[[Method], Method]:
    """Register a function as a Web API method."""

    def register(run: Method) -> Method:
        METHODS[name] = (run, scope)
        return run

    return register


def call(state: State, name: str, token: str, raw: Mapping[str, Any]) -> Json:
    """Perform a method as Slack would; a refusal is raised as SlackError."""
    if name not in METHODS:
        raise SlackError("unknown_method", req_method=name)
    run, scope = METHODS[name]
    _authorise(state, scope, token)
    return {"ok": True, **run(state, Args(raw))}


def _authorise(state: State, scope: str, token: str) -> None:
    if not token:
        raise SlackError("not_authed")
    if token not in (state.bot_token, state.app_token):
        raise SlackError("invalid_auth")
    if (token == state.app_token) is not (scope == OF_THE_APP):
        raise SlackError("not_allowed_token_type")
    if scope != OF_THE_APP:
        _need_scope(state, scope)


def _need_scope(state: State, scope: str) -> None:
    if scope and scope not in state.scopes:
        raise SlackError("missing_scope", needed=scope, provided=",".join(state.scopes))


@method("auth.test")
def _auth_test(state: State, _: Args) -> Json:
    user = state.users[state.bot_user]
    who = {"user": user.name, "user_id": user.id, "bot_id": state.bot}
    return who | {"url": f"{state.url}/", "team": "Try Coach", "team_id": state.team}


@method("apps.connections.open", OF_THE_APP)
def _connections_open(state: State, _: Args) -> Json:
    """Give out a WebSocket address that is good for one connection."""
    ticket = secrets.token_urlsafe(16)
    state.tickets.add(ticket)
    return {"url": f"{state.url.replace('http', 'ws', 1)}/link/?ticket={ticket}"}


# --- conversations --------------------------------------------------------------------------


def visible(state: State, ref: str) -> Channel:
    """Find a channel that the bot may know of: a private one only as its member."""
    channel = state.channel(ref)
    if channel.kind != "public" and state.bot_user not in channel.members:
        raise SlackError("channel_not_found")
    return channel


def joined(state: State, ref: str) -> Channel:
    """Find a channel that the bot is in, by its own id: here a person's means nothing."""
    channel = visible(state, "" if ref in state.users else ref)
    if state.bot_user not in channel.members:
        raise SlackError("not_in_channel")
    return channel


def _asked(state: State, args: Args, right: str) -> Channel:
    """Find the channel that is asked about, where the scope for its kind is there."""
    channel = visible(state, args.need("channel"))
    _need_scope(state, f"{FAMILIES.get(channel.kind, channel.kind)}:{right}")
    return channel


@method("conversations.open")
def _conversations_open(state: State, args: Args) -> Json:
    users = [user.strip() for user in args.need("users").split(",")]
    _need_scope(state, "im:write" if len(users) == 1 else "mpim:write")
    if len(users) > TOGETHER:
        raise SlackError("too_many_users")
    if any(state.user(user).deleted for user in users):
        raise SlackError("user_disabled")
    return {"channel": {"id": state.dm(*users).id}}


@method("conversations.info")
def _conversations_info(state: State, args: Args) -> Json:
    return {"channel": channel_json(state, _asked(state, args, "read"))}


@method("conversations.members")
def _conversations_members(state: State, args: Args) -> Json:
    members, about = _page(_asked(state, args, "read").members, args)
    return {"members": members} | about


@method("conversations.history")
def _conversations_history(state: State, args: Args) -> Json:
    channel = joined(state, _asked(state, args, "history").id)
    shown = [m for m in state.seen_by(channel, "") if not m.is_reply]
    return _messages(state, shown[::-1], args)


@method("conversations.replies")
def _conversations_replies(state: State, args: Args) -> Json:
    channel = joined(state, _asked(state, args, "history").id)
    parent = channel.messages.get(args.need("ts"))
    if parent is None or parent.ephemeral_to:
        raise SlackError("thread_not_found")
    return _messages(state, [parent, *replies(state, parent)], args)


def _messages(state: State, messages: list[Message], args: Args) -> Json:
    """Cut out what `oldest` and `latest` ask for, and of that one page."""
    within, about = _page([m for m in messages if _is_within(float(m.ts), args)], args)
    metadata = args.flag("include_all_metadata")
    return {"messages": [message_json(state, m, metadata=metadata) for m in within]} | about


def _page(items: Sequence[T], args: Args) -> tuple[Sequence[T], Json]:
    """Cut out what `cursor` and `limit` ask for, and say how it goes on."""
    start = int(args.get("cursor") or 0)
    end = start + int(args.get("limit") or 100)
    cursor = str(end) if end < len(items) else ""
    return items[start:end], {"response_metadata": {"next_cursor": cursor}}


def _is_within(ts: float, args: Args) -> bool:
    oldest, latest = float(args.get("oldest") or 0), float(args.get("latest") or "inf")
    return oldest < ts < latest or (args.flag("inclusive") and ts in (oldest, latest))


# --- people ---------------------------------------------------------------------------------


@method("users.info", "users:read")
def _users_info(state: State, args: Args) -> Json:
    user = state.users.get(args.need("user"))
    if user is None:
        raise SlackError("user_not_found")
    return {"user": user_json(state, user, locale=args.flag("include_locale"))}


@method("users.list", "users:read")
def _users_list(state: State, args: Args) -> Json:
    users, about = _page(list(state.users.values()), args)
    locale = args.flag("include_locale")
    return {"members": [user_json(state, user, locale=locale) for user in users]} | about
