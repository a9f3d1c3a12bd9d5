"""Slack's Web API: how a method is called, and those for the app itself and conversations."""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable, Mapping
from typing import Any

from bot.workspace.payloads import message_json, replies
from bot.workspace.records import Channel, Json, Message, SlackError
from bot.workspace.state import State

STRUCTURED = {"blocks", "metadata", "view", "files"}  # JSON inside a form
OF_THE_APP = "connections:write"  # the one scope of the app-level token


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
    if scope and scope not in [*state.scopes, OF_THE_APP]:
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


def joined(state: State, ref: str) -> Channel:
    """Find a channel that the bot is in."""
    channel = state.channel(ref)
    if state.bot_user not in channel.members:
        raise SlackError("not_in_channel")
    return channel


@method("conversations.open", "im:write")
def _conversations_open(state: State, args: Args) -> Json:
    return {"channel": {"id": state.dm(args.need("users")).id}}


@method("conversations.history", "channels:history")
def _conversations_history(state: State, args: Args) -> Json:
    everything = state.seen_by(joined(state, args.need("channel")), "")
    return _page(state, [m for m in everything if not m.is_reply][::-1], args)


@method("conversations.replies", "channels:history")
def _conversations_replies(state: State, args: Args) -> Json:
    parent = joined(state, args.need("channel")).messages.get(args.need("ts"))
    if parent is None or parent.ephemeral_to:
        raise SlackError("thread_not_found")
    return _page(state, [parent, *replies(state, parent)], args)


def _page(state: State, messages: list[Message], args: Args) -> Json:
    """Cut out what `oldest`, `latest`, `cursor` and `limit` ask for."""
    within = [m for m in messages if _is_within(float(m.ts), args)]
    start = int(args.get("cursor") or 0)
    end = start + int(args.get("limit") or 100)
    cursor = str(end) if end < len(within) else ""
    metadata = args.flag("include_all_metadata")
    shown = [message_json(state, m, metadata=metadata) for m in within[start:end]]
    return {"messages": shown, "response_metadata": {"next_cursor": cursor}}


def _is_within(ts: float, args: Args) -> bool:
    oldest, latest = float(args.get("oldest") or 0), float(args.get("latest") or "inf")
    return oldest < ts < latest or (args.flag("inclusive") and ts in (oldest, latest))
