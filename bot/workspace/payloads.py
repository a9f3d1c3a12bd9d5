"""What the app receives: messages, files, events and interactions in Slack's JSON."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from bot.workspace.records import Change, Channel, File, Json, Message, User
from bot.workspace.state import SLACKBOT, State

# --- messages and files ---------------------------------------------------------------------


def message_json(state: State, message: Message, *, metadata: bool = False) -> Json:
    """Show a message as history, events and interactions do; metadata only on request."""
    by_bot = message.user == state.bot_user
    below = replies(state, message)
    told = {
        "type": "message",
        "user": message.user,
        "bot_id": state.bot if by_bot else None,
        "app_id": state.app if by_bot else None,
        "ts": message.ts,
        "thread_ts": message.ts if below else message.thread_ts,
        "reply_count": len(below),
        "latest_reply": below[-1].ts if below else None,
        "subtype": "file_share" if message.files else None,
        "text": message.text,
        "blocks": message.blocks,
        "files": [file_json(state, file) for file in message.files],
        "edited": message.edited_ts and {"user": message.user, "ts": message.edited_ts},
        "metadata": message.metadata if metadata else None,
    }
    return {name: part for name, part in told.items() if part or name == "text"}


def replies(state: State, message: Message) -> list[Message]:
    """List the public replies in a message's thread, oldest first."""
    if message.is_reply:
        return []
    everyone = state.seen_by(state.channels[message.channel], "")
    return [m for m in everyone if m.is_reply and m.thread_ts == message.ts]


def file_json(state: State, file: File) -> Json:
    url = f"{state.url}/files-pri/{file.id}/{file.name}"
    plain = ("id", "name", "title", "user", "mimetype", "size")
    return {name: getattr(file, name) for name in plain} | {
        "filetype": file.name.rpartition(".")[2].lower(),
        "alt_txt": file.alt_text,
        "url_private": url,
        "url_private_download": url,
        "shares": {"public": file.shares},
    }


# --- people and channels --------------------------------------------------------------------


def user_json(state: State, user: User, *, locale: bool = False) -> Json:
    """Show a person as users.info and events do; the locale only on request."""
    offset = datetime.fromtimestamp(state.clock(), ZoneInfo(user.tz)).utcoffset() or timedelta()
    plain = ("id", "name", "real_name", "deleted", "is_admin", "is_restricted", "tz")
    return {name: getattr(user, name) for name in plain} | {
        "team_id": state.team,
        "is_bot": user.is_bot and user.id != SLACKBOT.id,  # Slack says so
        "tz_offset": int(offset.total_seconds()),
        "profile": {"real_name": user.real_name, "display_name": user.name},
        **({"locale": user.locale} if locale else {}),
    }


def channel_json(state: State, channel: Channel) -> Json:
    """Show a channel as conversations.info does."""
    return {
        "id": channel.id,
        "name": channel.name or None,
        "is_channel": bool(channel.name),
        "is_group": channel.kind == "private",
        "is_im": channel.kind == "im",
        "is_mpim": channel.kind == "mpim",
        "is_private": channel.kind != "public",
        "is_archived": channel.is_archived,
        "is_member": state.bot_user in channel.members,
    }


# --- events ---------------------------------------------------------------------------------


KINDS = {"public": "channel", "private": "group"}  # how events name a kind of channel


def events(state: State, change: Change) -> Iterator[Json]:
    """Tell what a change means to an app that is in the channel: a message, a mention, files."""
    message = change.message
    if message is None or message.ephemeral_to:
        return
    channel = state.channels[message.channel]
    if state.bot_user not in channel.members:
        return
    where = {"channel": channel.id, "channel_type": KINDS.get(channel.kind, channel.kind)}
    yield _told(state, change, message) | where
    if change.kind != "posted":
        return
    if f"<@{state.bot_user}>" in message.text and message.user != state.bot_user:
        about = {"type": "app_mention", "channel": message.channel, "event_ts": message.ts}
        yield message_json(state, message) | about | {"subtype": None}
    for file in message.files:
        shared = {"type": "file_shared", "file_id": file.id, "user_id": file.user}
        yield shared | {"channel_id": message.channel, "event_ts": message.ts}


def _told(state: State, change: Change, message: Message) -> Json:
    """Show a message that was posted, edited or deleted as its event does."""
    shown = message_json(state, message)
    if change.kind == "posted":
        return shown | {"event_ts": message.ts}
    about: Json = {"type": "message", "hidden": True, "event_ts": state.new_ts()}
    if change.kind == "deleted":
        gone = {"subtype": "message_deleted", "deleted_ts": message.ts}
        return about | gone | {"previous_message": shown}
    before = {"previous_message": shown | {"text": change.before}}
    return about | {"subtype": "message_changed", "message": shown} | before


def left_channel(state: State, channel: Channel) -> Json:
    """Tell the app that it was taken out of a channel."""
    kind = "group_left" if channel.kind == "private" else "channel_left"
    return {"type": kind, "channel": channel.id, "event_ts": state.new_ts()}


def home_opened(state: State, user: str) -> Json:
    opened = {"type": "app_home_opened", "user": user, "tab": "home", "event_ts": state.new_ts()}
    return opened | {"channel": state.dm(user).id}


def person_event(state: State, kind: str, user: User) -> Json:
    """Tell that somebody came into the workspace (`team_join`) or changed (`user_change`)."""
    told = user_json(state, user, locale=True)
    return {"type": kind, "user": told, "event_ts": state.new_ts()}


def joined_channel(state: State, channel: Channel, user: User) -> Json:
    told = {"type": "member_joined_channel", "user": user.id, "channel": channel.id}
    return told | {"channel_type": channel.id[0], "team": state.team, "event_ts": state.new_ts()}


def envelope(state: State, event: Json) -> Json:
    """Wrap an event as the Events API does."""
    return {
        "type": "event_callback",
        "team_id": state.team,
        "api_app_id": state.app,
        "event": event,
        "event_id": state.new_id("Ev"),
        "event_time": int(state.clock()),
    }


# --- interactions ---------------------------------------------------------------------------


def slash_command(state: State, user: User, channel: Channel, command: str, text: str) -> Json:
    """Build the form fields of a slash command; every value is a string."""
    return {
        "team_id": state.team,
        "api_app_id": state.app,
        "channel_id": channel.id,
        "channel_name": _called(channel),
        "user_id": user.id,
        "user_name": user.name,
        "command": command,
        "text": text,
        "response_url": state.new_response_url(channel.id, user.id),
        "trigger_id": state.new_trigger(user.id),
    }


def interaction(state: State, kind: str, user: User, about: Json) -> Json:
    return {
        "type": kind,
        "user": {"id": user.id, "username": user.name, "team_id": state.team},
        "team": {"id": state.team},
        "api_app_id": state.app,
        "trigger_id": state.new_trigger(user.id),
        **about,
    }


def on_message(state: State, user: User, message: Message) -> Json:
    """Say about an interaction on which message it was; an ephemeral one isn't sent along."""
    channel = state.channels[message.channel]
    where = {"message_ts": message.ts, "channel_id": channel.id}
    where |= {"thread_ts": message.thread_ts} if message.thread_ts else {}
    about: Json = {
        "container": {"type": "message", "is_ephemeral": bool(message.ephemeral_to), **where},
        "channel": {"id": channel.id, "name": _called(channel)},
        "message_ts": message.ts,
        "response_url": state.new_response_url(channel.id, user.id, message),
    }
    if not message.ephemeral_to:
        about["message"] = message_json(state, message, metadata=True)
    return about


def _called(channel: Channel) -> str:
    return "privategroup" if channel.kind == "private" else channel.name or "directmessage"
