"""A shared file is offered to its uploader alone, unless a mention says already what to do."""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping
from typing import Any

from slack_sdk.errors import SlackApiError

from bot import blocks
from bot.answers import words
from bot.asking import Asker, Office, Reply
from bot.language import tr
from bot.train import uploads
from bot.train.uploads import File
from bot.wording import escape

log = logging.getLogger(__name__)

_CLASSIFY = re.compile(r"<@[A-Z0-9]+(?:\|[^>]*)?>\s*/?sentiment\b", re.IGNORECASE)


async def hear_file(office: Office, asker: Asker, event: Mapping[str, Any]) -> Reply | None:
    """Offer a shared table or text to its uploader, unless a mention says so already."""
    try:
        file = (await office.client.files_info(file=str(event["file_id"])))["file"]
    except SlackApiError as error:  # no one asked, so no one is told
        log.warning("a shared file was not looked at", extra={"why": words(error)})
        return None
    if file.get("user") != asker.user or not uploads.is_classifiable(file):
        return None
    ts, thread = find_share(file, asker.channel)
    if await _is_mentioned(office, asker.channel, ts=ts, thread=thread):
        return None
    return offer(file, thread=thread or ts)


def offer(file: File, *, thread: str) -> Reply:
    """Ask the uploader, whom alone it is shown to, what a file is: a data set, or a question."""
    name, value = escape(blocks.cut(str(file["name"]), 100)), f"{file['id']} {thread}".strip()
    said = tr("Shall Coach tell the sentiment of each line of {file}?", file=name)
    buttons = [blocks.button(tr("Classify it"), "classify_file", value)]
    if uploads.is_table(file):
        said = tr("Shall Coach learn from {file}, or tell the sentiment of each row?", file=name)
        use = blocks.button(tr("Use as data set"), "use_file", value, style="primary")
        buttons = [use, *buttons]
    return Reply(said, [blocks.section(said), blocks.actions(*buttons)])


def wants_learning(event: Mapping[str, Any]) -> bool:
    """Tell whether a mention of Coach shares files to learn from."""
    return bool(event.get("files")) and not wants_classifying(event)


def wants_classifying(event: Mapping[str, Any]) -> bool:
    """Tell whether a mention of Coach shares files to classify: `@Coach sentiment`."""
    said = str(event.get("text") or "")
    return bool(event.get("files")) and _CLASSIFY.search(said) is not None


def find_share(file: File, channel: str) -> tuple[str, str]:
    """Give the ts of the message that shared a file in a channel, and of its thread, else ''."""
    shares = file.get("shares") or {}
    found = [
        share
        for kind in ("public", "private")
        for share in (shares.get(kind) or {}).get(channel, [])
    ]
    newest: Mapping[str, Any] = max(found, key=lambda share: float(share["ts"]), default={})
    return str(newest.get("ts") or ""), str(newest.get("thread_ts") or "")


async def _is_mentioned(office: Office, channel: str, *, ts: str, thread: str) -> bool:
    """Tell whether the message that shared a file mentions Coach, as far as it can be read."""
    if not ts:
        return False
    just: dict[str, Any] = {"oldest": ts, "latest": ts, "inclusive": True, "limit": 2}
    client = office.client
    try:
        if thread:
            page = await client.conversations_replies(channel=channel, ts=thread, **just)
        else:
            page = await client.conversations_history(channel=channel, **just)
    except SlackApiError as error:
        log.warning("a file's message can't be read", extra={"why": words(error)})
        return False
    found = [message for message in page["messages"] if message["ts"] == ts]
    return any(f"<@{office.bot_user}>" in str(message.get("text")) for message in found)
