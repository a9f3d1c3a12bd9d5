"""Slack's Web API methods for files: the upload in three steps, look, delete."""

from __future__ import annotations

import mimetypes

from bot.workspace.chat import writable
from bot.workspace.methods import Args, method
from bot.workspace.records import File, Json, SlackError
from bot.workspace.shapes import file_json
from bot.workspace.state import State


def new_file(state: State, name: str, user: str, *, content: bytes | None = None) -> File:
    """Make room for a file; it is in no channel yet."""
    mimetype = mimetypes.guess_type(name)[0] or "application/octet-stream"
    file = File(state.new_id("F"), name, name, user, mimetype, int(state.clock()), content)
    file.size = len(content or b"")
    state.files[file.id] = file
    return file


@method("files.getUploadURLExternal", "files:write")
def _get_upload_url(state: State, args: Args) -> Json:
    name, length = args.need("filename"), int(args.need("length"))
    file = new_file(state, name, state.bot_user)
    file.size, file.alt_text = length, str(args.get("alt_txt") or "")
    return {"upload_url": f"{state.url}/upload/v1/{file.id}", "file_id": file.id}


@method("files.completeUploadExternal", "files:write")
def _complete_upload(state: State, args: Args) -> Json:
    wanted: list[Json] = args.get("files") or []
    files = [state.file(str(one.get("id"))) for one in wanted]
    if not files or any(file.content is None for file in files):
        raise SlackError("file_not_found" if files else "invalid_arguments")
    for file, one in zip(files, wanted, strict=True):
        file.title = one.get("title") or file.name
    if channel_id := args.get("channel_id") or args.get("channels"):
        _share(state, Args(args | {"channel": channel_id}), files)
    return {"files": [file_json(state, file) for file in files]}


def _share(state: State, args: Args, files: list[File]) -> None:
    channel = writable(state, args)
    if state.bot_user not in channel.members:
        raise SlackError("not_in_channel")
    text, thread_ts = str(args.get("initial_comment") or ""), args.get("thread_ts")
    state.post(
        channel, state.bot_user, text, files=files, thread_ts=thread_ts, subtype="file_share"
    )


@method("files.info", "files:read")
def _files_info(state: State, args: Args) -> Json:
    return {"file": file_json(state, _alive(state, args))}


@method("files.delete", "files:write")
def _files_delete(state: State, args: Args) -> Json:
    file = _alive(state, args)
    if file.user != state.bot_user:
        raise SlackError("cant_delete_file")
    file.deleted, file.content = True, None
    for channel, timestamps in file.shares.items():
        for ts in timestamps:
            state.touch(state.message(channel, ts))
    return {}


def _alive(state: State, args: Args) -> File:
    file = state.file(args.need("file"))
    if file.deleted:
        raise SlackError("file_deleted")
    return file
