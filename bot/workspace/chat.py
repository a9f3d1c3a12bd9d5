"""Slack's Web API methods for messages: post, update, delete, react."""

from __future__ import annotations

import re

from bot.workspace.limits import check_blocks
from bot.workspace.methods import Args, joined, method, visible
from bot.workspace.records import Channel, Json, Message, SlackError
from bot.workspace.shapes import message_json
from bot.workspace.state import TEXT_CUT, State

UPDATE_LIMIT = 4_000  # characters; chat.update refuses more, chat.postMessage does not
MARKDOWN_LIMIT = 12_000  # characters


def content(args: Args) -> Json:
    """Read text, blocks and metadata of a post as fields of a Message."""
    text, blocks = str(args.get("text") or ""), args.get("blocks") or []
    if not isinstance(blocks, list):
        raise SlackError("invalid_blocks_format")
    markdown = args.get("markdown_text")
    if markdown:
        if text or blocks:
            raise SlackError("markdown_text_conflict")
        if len(markdown) > MARKDOWN_LIMIT:
            raise SlackError("msg_too_long")
        text, blocks = markdown, [{"type": "markdown", "text": markdown}]
    if not (text.strip() or blocks or args.get("attachments")):
        raise SlackError("no_text")
    return {"text": text[:TEXT_CUT], "blocks": check_blocks(blocks)}


def _metadata(args: Args) -> Json | None:
    metadata: Json | None = args.get("metadata")
    if metadata is None:
        return None
    if not isinstance(metadata, dict) or not isinstance(metadata.get("event_type"), str):
        raise SlackError("invalid_metadata_format")
    if not isinstance(metadata.get("event_payload"), dict):
        raise SlackError("invalid_metadata_schema")
    return metadata


def writable(state: State, args: Args) -> Channel:
    """Find the channel to post to: by id, by #name, or by a person's id for a direct message."""
    ref = args.need("channel")
    try:
        channel = visible(state, state.channel(ref).id)
    except SlackError:
        raise SlackError("channel_not_found") from None
    if channel.is_archived:
        raise SlackError("is_archived")
    outside = state.bot_user not in channel.members
    if outside and "chat:write.public" not in state.scopes:
        raise SlackError("not_in_channel")
    return channel


def own(state: State, args: Args, refusal: str) -> Message:
    """Find one of the bot's own messages; ephemeral ones can't be found this way."""
    message = visible(state, args.need("channel")).messages.get(args.need("ts"))
    if message is None or message.ephemeral_to:
        raise SlackError("message_not_found")
    if message.user != state.bot_user:
        raise SlackError(refusal)
    return message


def _thread(channel: Channel, args: Args) -> Json:
    thread_ts = args.get("thread_ts")
    if not thread_ts:
        return {}
    parent = channel.messages.get(str(thread_ts))
    if parent is None or parent.ephemeral_to:
        raise SlackError("thread_not_found")
    return {
        "thread_ts": parent.thread_ts or parent.ts,
        "broadcast": args.flag("reply_broadcast"),
    }


@method("chat.postMessage", "chat:write")
def _post_message(state: State, args: Args) -> Json:
    channel = writable(state, args)
    fields = content(args) | _thread(channel, args)
    message = state.post(channel, state.bot_user, metadata=_metadata(args), **fields)
    return _answer(state, message)


@method("chat.postEphemeral", "chat:write")
def _post_ephemeral(state: State, args: Args) -> Json:
    channel, user = writable(state, args), args.need("user")
    if user not in channel.members:
        raise SlackError("user_not_in_channel")
    fields = content(args) | _thread(channel, args)
    message = state.post(channel, state.bot_user, ephemeral_to=user, **fields)
    return {"message_ts": message.ts}


@method("chat.update", "chat:write")
def _update(state: State, args: Args) -> Json:
    message = own(state, args, "cant_update_message")
    if len(str(args.get("text") or "")) > UPDATE_LIMIT:
        raise SlackError("msg_too_long")
    fields = content(args)
    message.metadata = _metadata(args) or message.metadata
    state.edit(message, **fields)
    return _answer(state, message) | {"text": message.text}


@method("chat.delete", "chat:write")
def _delete(state: State, args: Args) -> Json:
    message = own(state, args, "cant_delete_message")
    state.delete(message)
    return {"channel": message.channel, "ts": message.ts}


@method("chat.getPermalink")
def _permalink(state: State, args: Args) -> Json:
    channel = visible(state, args.need("channel"))
    message = channel.messages.get(args.need("message_ts"))
    if message is None:
        raise SlackError("message_not_found")
    link = f"{state.url}/archives/{channel.id}/p{message.ts.replace('.', '')}"
    if message.is_reply:
        link += f"?thread_ts={message.thread_ts}&cid={channel.id}"
    return {"channel": channel.id, "permalink": link}


@method("reactions.add", "reactions:write")
def _react(state: State, args: Args) -> Json:
    channel, name = joined(state, args.need("channel")), args.need("name")
    message = channel.messages.get(args.need("timestamp"))
    if message is None or message.ephemeral_to:
        raise SlackError("message_not_found")
    if not re.fullmatch(r"[a-z0-9_+'-]+(::skin-tone-[2-6])?", name):
        raise SlackError("invalid_name")
    if state.bot_user in message.reactions.get(name, []):
        raise SlackError("already_reacted")
    message.reactions.setdefault(name, []).append(state.bot_user)
    state.touch(message)
    return {}


def _answer(state: State, message: Message) -> Json:
    shape = message_json(state, message, metadata=True)
    return {"channel": message.channel, "ts": message.ts, "message": shape}
