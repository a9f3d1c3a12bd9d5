"""How people, channels, messages and files look in Slack's JSON."""

from __future__ import annotations

import hashlib
import struct

from bot.workspace.records import Channel, File, Json, Message, User
from bot.workspace.state import TEAM_DOMAIN, State

KINDS = {
    "csv": "CSV",
    "tsv": "TSV",
    "json": "JSON",
    "jsonl": "JSONL",
    "png": "PNG",
    "txt": "Plain Text",
}
PNG = b"\x89PNG\r\n\x1a\n"


def user_json(state: State, user: User) -> Json:
    return {
        "id": user.id,
        "team_id": state.team,
        "name": user.name,
        "real_name": user.real_name,
        "deleted": False,
        "is_admin": user.is_admin,
        "is_owner": user.is_admin,
        "is_bot": user.is_bot,
        "tz": "Etc/UTC",
        "tz_label": "Coordinated Universal Time",
        "tz_offset": 0,
        "profile": {
            "real_name": user.real_name,
            "display_name": user.name,
            "avatar_hash": hashlib.sha256(user.id.encode()).hexdigest()[:12],
        },
    }


def channel_json(state: State, channel: Channel) -> Json:
    shape: Json = {
        "id": channel.id,
        "is_channel": channel.kind == "channel",
        "is_group": channel.kind == "group",
        "is_im": channel.kind == "im",
        "is_private": channel.kind != "channel",
        "is_archived": channel.is_archived,
        "created": 1_700_000_000,
    }
    if channel.kind == "im":
        return shape | {"user": next(m for m in channel.members if m != state.bot_user)}
    return shape | {
        "name": channel.name,
        "name_normalized": channel.name,
        "is_member": state.bot_user in channel.members,
        "num_members": len(channel.members),
        "topic": {"value": "", "creator": "", "last_set": 0},
        "purpose": {"value": "", "creator": "", "last_set": 0},
    }


def message_json(state: State, message: Message, *, metadata: bool = False) -> Json:
    """Show a message as history, events and interactions do; metadata only on request."""
    shape: Json = {
        "type": "message",
        "user": message.user,
        "text": message.text,
        "ts": message.ts,
        "team": state.team,
        "blocks": message.blocks,
        **_sender(state, message),
        **_thread(state, message),
    }
    if message.subtype:
        shape["subtype"] = message.subtype
    if message.files:
        shape |= {"files": [file_json(state, file) for file in message.files], "upload": False}
    if message.edited_ts:
        shape["edited"] = {"user": message.user, "ts": message.edited_ts}
    if message.reactions:
        shape["reactions"] = [
            {"name": name, "users": users, "count": len(users)}
            for name, users in message.reactions.items()
        ]
    if metadata and message.metadata:
        shape["metadata"] = message.metadata
    return shape


def _sender(state: State, message: Message) -> Json:
    if message.user != state.bot_user:
        return {"client_msg_id": message.ts}
    name = state.users[state.bot_user].real_name
    profile = {"id": state.bot, "app_id": state.app, "name": name, "team_id": state.team}
    return {"bot_id": state.bot, "app_id": state.app, "bot_profile": profile}


def _thread(state: State, message: Message) -> Json:
    if message.is_reply:
        parent = state.channels[message.channel].messages.get(message.thread_ts or "")
        parent_user = {"parent_user_id": parent.user} if parent else {}
        return {"thread_ts": message.thread_ts, **parent_user}
    replies = state.replies(message)
    if not replies:
        return {}
    users = list(dict.fromkeys(reply.user for reply in replies))
    return {
        "thread_ts": message.ts,
        "reply_count": len(replies),
        "reply_users": users,
        "reply_users_count": len(users),
        "latest_reply": replies[-1].ts,
    }


def file_json(state: State, file: File) -> Json:
    filetype = file.name.rpartition(".")[2].lower()
    url = f"{state.url}/files-pri/{state.team}-{file.id}"
    shape: Json = {
        "id": file.id,
        "created": file.created,
        "timestamp": file.created,
        "name": file.name,
        "title": file.title,
        "mimetype": file.mimetype,
        "filetype": filetype,
        "pretty_type": KINDS.get(filetype, filetype.upper()),
        "user": file.user,
        "user_team": state.team,
        "mode": "tombstone" if file.deleted else "hosted",
        "is_external": False,
        "is_public": bool(file.shares),
        "size": file.size,
        "url_private": f"{url}/{file.name}",
        "url_private_download": f"{url}/download/{file.name}",
        "permalink": f"{state.url}/files/{file.user}/{file.id}/{file.name}",
        "channels": [c for c in file.shares if state.channels[c].kind == "channel"],
        "groups": [c for c in file.shares if state.channels[c].kind == "group"],
        "ims": [c for c in file.shares if state.channels[c].kind == "im"],
        "shares": {
            "public": {c: [{"ts": ts} for ts in all_ts] for c, all_ts in file.shares.items()}
        },
    }
    if file.alt_text:
        shape["alt_txt"] = file.alt_text
    return shape | _picture_size(file)


def _picture_size(file: File) -> Json:
    """Width and height in pixels of a PNG, which stand in its first 24 bytes."""
    if not file.content or not file.content.startswith(PNG):
        return {}
    width, height = struct.unpack(">II", file.content[16:24])
    return {"original_w": width, "original_h": height}


def team_json(state: State) -> Json:
    return {"id": state.team, "domain": TEAM_DOMAIN}
