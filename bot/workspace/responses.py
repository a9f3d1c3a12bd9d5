"""Answers to an interaction through its response_url."""

from __future__ import annotations

from bot.workspace.chat import content
from bot.workspace.methods import Args
from bot.workspace.records import Json, Message, ResponseUrl, SlackError
from bot.workspace.state import State


def answer(state: State, key: str, body: Json) -> None:
    """Post, replace or delete as the body asks; SlackError `used_url` or `expired_url`.

    An answer is ephemeral unless `response_type` is `in_channel`. An ephemeral message can't
    become public or the reverse: what is replaced keeps its audience.
    """
    url = _spend(state, key)
    original = _still_there(state, url)
    if body.get("delete_original"):
        if original:
            state.delete(original)
        return
    fields = content(Args(body))
    if body.get("replace_original") and original:
        state.edit(original, **fields)
        return
    public = body.get("response_type") == "in_channel"
    state.post(
        state.channels[url.channel],
        state.bot_user,
        ephemeral_to=None if public else url.user,
        thread_ts=body.get("thread_ts"),
        **fields,
    )


def _spend(state: State, key: str) -> ResponseUrl:
    url = state.response_urls.get(key)
    if url is None or state.clock() > url.expires:
        raise SlackError("expired_url")
    if not url.uses_left:
        raise SlackError("used_url")
    url.uses_left -= 1
    return url


def _still_there(state: State, url: ResponseUrl) -> Message | None:
    """Give the message clicked in, where it is the bot's own and not deleted."""
    message = url.original
    if message is None or message.user != state.bot_user:
        return None
    return state.channels[url.channel].messages.get(message.ts)
