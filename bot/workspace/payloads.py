"""What the app receives: events, slash commands, clicks, submissions and shortcuts."""

from __future__ import annotations

import secrets

from bot.workspace.records import Channel, Json, Message, User
from bot.workspace.shapes import message_json, team_json
from bot.workspace.state import State

KIND_NAMES = {"im": "directmessage", "group": "privategroup"}


def event(state: State, inner: Json) -> Json:
    """Wrap an event as the Events API does."""
    authorization = {
        "enterprise_id": None,
        "team_id": state.team,
        "user_id": state.bot_user,
        "is_bot": True,
        "is_enterprise_install": False,
    }
    return {
        "token": "verification-is-by-signature",
        "team_id": state.team,
        "api_app_id": state.app,
        "event": inner,
        "type": "event_callback",
        "event_id": state.new_id("Ev"),
        "event_time": int(state.clock()),
        "authorizations": [authorization],
        "is_ext_shared_channel": False,
        "event_context": f"4-{secrets.token_hex(8)}",
    }


def message_event(state: State, message: Message) -> Json:
    channel = state.channels[message.channel]
    shape = message_json(state, message)
    where = {"channel": channel.id, "channel_type": channel.kind, "event_ts": message.ts}
    return shape | where


def slash_command(state: State, user: User, channel: Channel, command: str, text: str) -> Json:
    """Build the form fields of a slash command; every value is a string."""
    return {
        "token": "verification-is-by-signature",
        "team_id": state.team,
        "team_domain": team_json(state)["domain"],
        "channel_id": channel.id,
        "channel_name": KIND_NAMES.get(channel.kind, channel.name),
        "user_id": user.id,
        "user_name": user.name,
        "command": command,
        "text": text,
        "api_app_id": state.app,
        "is_enterprise_install": "false",
        "response_url": state.new_response_url(channel.id, user.id),
        "trigger_id": state.new_trigger(user.id),
    }


def _interaction(state: State, kind: str, user: User) -> Json:
    who = {"id": user.id, "username": user.name, "name": user.name, "team_id": state.team}
    return {
        "type": kind,
        "user": who,
        "api_app_id": state.app,
        "token": "verification-is-by-signature",
        "trigger_id": state.new_trigger(user.id),
        "team": team_json(state),
        "enterprise": None,
        "is_enterprise_install": False,
    }


def _place(channel: Channel) -> Json:
    return {"id": channel.id, "name": KIND_NAMES.get(channel.kind, channel.name)}


def message_actions(state: State, user: User, message: Message, action: Json) -> Json:
    """Build the block_actions of a click in a message; an ephemeral one isn't sent along."""
    channel = state.channels[message.channel]
    container = {
        "type": "message",
        "message_ts": message.ts,
        "channel_id": channel.id,
        "is_ephemeral": message.ephemeral_to is not None,
    }
    if message.thread_ts:
        container["thread_ts"] = message.thread_ts
    shape = _interaction(state, "block_actions", user) | {
        "container": container,
        "channel": _place(channel),
        "state": {"values": message.selected.get(user.id, {})},
        "response_url": state.new_response_url(channel.id, user.id, message),
        "actions": [action | {"action_ts": state.new_ts()}],
    }
    if message.ephemeral_to is None:
        shape["message"] = message_json(state, message, metadata=True)
    return shape


def view_actions(state: State, user: User, view: Json, action: Json) -> Json:
    return _interaction(state, "block_actions", user) | {
        "container": {"type": "view", "view_id": view["id"]},
        "view": view,
        "actions": [action | {"action_ts": state.new_ts()}],
    }


def view_submission(state: State, user: User, view: Json) -> Json:
    return _interaction(state, "view_submission", user) | {"view": view, "response_urls": []}


def view_closed(state: State, user: User, view: Json) -> Json:
    return _interaction(state, "view_closed", user) | {"view": view, "is_cleared": False}


def shortcut(state: State, user: User, callback_id: str, message: Message | None) -> Json:
    """Build a global shortcut, or a message shortcut where there is a message."""
    action = {"callback_id": callback_id, "action_ts": state.new_ts()}
    if message is None:
        return _interaction(state, "shortcut", user) | action
    channel = state.channels[message.channel]
    about = {
        "channel": _place(channel),
        "message_ts": message.ts,
        "message": message_json(state, message),
        "response_url": state.new_response_url(channel.id, user.id, message),
    }
    return _interaction(state, "message_action", user) | action | about
