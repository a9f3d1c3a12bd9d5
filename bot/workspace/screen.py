"""What one person sees of a workspace, as the page draws it."""

from __future__ import annotations

from dataclasses import asdict

from bot.workspace.records import Change, Json, Message
from bot.workspace.shapes import channel_json, message_json
from bot.workspace.state import TEAM_NAME, State


def snapshot(state: State, user: str) -> Json:
    """Show everything one person sees."""
    mine = [channel for channel in state.channels.values() if user in channel.members]
    messages = [m for channel in mine for m in state.seen_by(channel, user)]
    features = (state.manifest or {}).get("features", {})
    return {
        "type": "snapshot",
        "team": TEAM_NAME,
        "bot": state.bot_user,
        "me": user,
        "present": state.present,
        "users": [asdict(person) for person in state.users.values()],
        "channels": channels(state, user),
        "messages": [on_page(state, message) for message in messages],
        "views": state.views.get(user, []),
        "home": state.homes.get(user),
        "commands": features.get("slash_commands", []),
        "shortcuts": features.get("shortcuts", []),
    }


def channels(state: State, user: str) -> list[Json]:
    mine = (channel for channel in state.channels.values() if user in channel.members)
    return [channel_json(state, channel) for channel in mine]


def on_page(state: State, message: Message) -> Json:
    about = {"channel": message.channel, "broadcast": message.broadcast, "sender": message.sender}
    return message_json(state, message) | about | {"ephemeral": message.ephemeral_to is not None}


def shown(state: State, change: Change, user: str) -> Json | None:
    """Show one change as one person sees it; None where it is none of theirs."""
    if change.message:
        return _message_shown(state, change, change.message, user)
    if change.kind == "views" and change.user == user:
        return {"type": "views", "views": state.views.get(user, [])}
    if change.kind == "home" and change.user == user:
        return {"type": "home", "home": state.homes[user]}
    if change.kind in ("joined", "channels"):
        return {"type": "channels", "channels": channels(state, user)}
    return {"type": "presence", "present": state.present} if change.kind == "presence" else None


def _message_shown(state: State, change: Change, message: Message, user: str) -> Json | None:
    theirs = user in state.channels[message.channel].members
    if not theirs or message.ephemeral_to not in (None, user):
        return None
    if change.kind == "deleted":
        return {"type": "gone", "channel": message.channel, "ts": message.ts}
    return {"type": "message", "message": on_page(state, message)}
