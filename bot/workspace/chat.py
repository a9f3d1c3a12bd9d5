"""Slack's Web API for messages and their files, and the answers through a response_url."""

from __future__ import annotations

from bot.workspace.limits import check_blocks
from bot.workspace.methods import Args, joined, method, visible
from bot.workspace.payloads import file_json, message_json
from bot.workspace.records import Channel, File, Json, Message, ResponseUrl, SlackError
from bot.workspace.state import State

UPDATE_LIMIT = 4_000  # characters; chat.update refuses more, chat.postMessage does not


# --- messages -------------------------------------------------------------------------------


@method("chat.postMessage", "chat:write")
def _post_message(state: State, args: Args) -> Json:
    channel = _writable(state, args)
    fields = _content(args) | _thread(channel, args) | {"metadata": args.get("metadata")}
    return _answer(state, state.post(channel, state.bot_user, **fields))


@method("chat.postEphemeral", "chat:write")
def _post_ephemeral(state: State, args: Args) -> Json:
    channel, user = _writable(state, args), args.need("user")
    if user not in channel.members:
        raise SlackError("user_not_in_channel")
    fields = _content(args) | _thread(channel, args)
    return {"message_ts": state.post(channel, state.bot_user, ephemeral_to=user, **fields).ts}


@method("chat.update", "chat:write")
def _update(state: State, args: Args) -> Json:
    message = _own(state, args, "cant_update_message")
    if len(str(args.get("text") or "")) > UPDATE_LIMIT:
        raise SlackError("msg_too_long")
    fields = _content(args)
    message.metadata = args.get("metadata") or message.metadata
    state.edit(message, **fields)
    return _answer(state, message)


@method("chat.delete", "chat:write")
def _delete(state: State, args: Args) -> Json:
    message = _own(state, args, "cant_delete_message")
    state.delete(message)
    return {"channel": message.channel, "ts": message.ts}


@method("chat.getPermalink")
def _get_permalink(state: State, args: Args) -> Json:
    channel = visible(state, args.need("channel"))
    message = channel.messages.get(args.need("message_ts"))
    if message is None or message.ephemeral_to:
        raise SlackError("message_not_found")
    link = f"{state.url}/archives/{channel.id}/p{message.ts.replace('.', '')}"
    return {"channel": channel.id, "permalink": link}


def _own(state: State, args: Args, refusal: str) -> Message:
    """Find a message of the app that can still be changed."""
    message = visible(state, args.need("channel")).messages.get(args.need("ts"))
    if message is None or message.ephemeral_to:
        raise SlackError("message_not_found")
    if message.user != state.bot_user:
        raise SlackError(refusal)
    return message


def _content(args: Args) -> Json:
    """Read text and blocks of a post as fields of a Message."""
    text, blocks = str(args.get("text") or ""), args.get("blocks") or []
    if not (text.strip() or blocks):
        raise SlackError("no_text")
    return {"text": text, "blocks": check_blocks(blocks)}


def _writable(state: State, args: Args) -> Channel:
    """Find the channel to post to; a person's id means their direct messages."""
    channel = visible(state, args.need("channel"))
    if channel.is_archived:
        raise SlackError("is_archived")
    if state.bot_user not in channel.members and "chat:write.public" not in state.scopes:
        raise SlackError("not_in_channel")
    return channel


def _thread(channel: Channel, args: Args) -> Json:
    if not args.get("thread_ts"):
        return {}
    parent = channel.messages.get(str(args["thread_ts"]))
    if parent is None or parent.ephemeral_to:
        raise SlackError("thread_not_found")
    return {"thread_ts": parent.thread_ts or parent.ts}


def _answer(state: State, message: Message) -> Json:
    shape = message_json(state, message, metadata=True)
    return {"channel": message.channel, "ts": message.ts, "message": shape}


# --- files ----------------------------------------------------------------------------------


@method("files.getUploadURLExternal", "files:write")
def _get_upload_url(state: State, args: Args) -> Json:
    file = state.add_file(args.need("filename"), state.bot_user, int(args.need("length")))
    file.alt_text = str(args.get("alt_txt") or "")
    return {"upload_url": f"{state.url}/upload/v1/{file.id}", "file_id": file.id}


@method("files.completeUploadExternal", "files:write")
def _complete_upload(state: State, args: Args) -> Json:
    wanted: list[Json] = args.get("files") or []
    files = [state.file(str(one.get("id"))) for one in wanted]
    for file, one in zip(files, wanted, strict=True):
        file.title = one.get("title") or file.name
    if args.get("channel_id"):
        _share(state, args, files)
    return {"files": [file_json(state, file) for file in files]}


def _share(state: State, args: Args, files: list[File]) -> None:
    channel = joined(state, args["channel_id"])
    text = str(args.get("initial_comment") or "")
    state.post(channel, state.bot_user, text, files=files, **_thread(channel, args))


@method("files.info", "files:read")
def _files_info(state: State, args: Args) -> Json:
    return {"file": file_json(state, state.file(args.need("file")))}


# --- response_url ---------------------------------------------------------------------------


def respond(state: State, key: str, body: Json) -> None:
    """Post or replace as the body asks; SlackError `used_url` or `expired_url`.

    An answer is ephemeral unless `response_type` is `in_channel`. An ephemeral message can't
    become public or the reverse: what is replaced keeps its audience.
    """
    url = _spend(state, key)
    fields = _content(Args(body))
    if body.get("replace_original") and url.original and url.original.user == state.bot_user:
        state.edit(url.original, **fields)
        return
    to = None if body.get("response_type") == "in_channel" else url.user
    fields |= {"thread_ts": body.get("thread_ts"), "ephemeral_to": to}
    state.post(state.channels[url.channel], state.bot_user, **fields)


def _spend(state: State, key: str) -> ResponseUrl:
    url = state.response_urls.get(key)
    if url is None or state.clock() > url.expires:
        raise SlackError("expired_url")
    if not url.uses_left:
        raise SlackError("used_url")
    url.uses_left -= 1
    return url
