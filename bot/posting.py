"""Put one delivery into Slack, and find out whether it stands there already."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from slack_sdk.web.async_client import AsyncWebClient
from slack_sdk.web.async_slack_response import AsyncSlackResponse

from storage.records import Delivery

EVENT_TYPE = "coach_delivery"  # of the metadata that carries a delivery's key
CLOCK_SKEW = timedelta(minutes=5)  # between this machine and Slack, at most
PAGE, PAGES = 200, 50  # messages looked through


@dataclass(frozen=True)
class Place:
    """Where a delivery goes: a channel, the thread in it, and a line to put before it."""

    channel: str
    thread_ts: str | None = None
    note: str | None = None


async def put(
    client: AsyncWebClient, delivery: Delivery, place: Place, data_dir: Path
) -> str | None:
    """Post a message, an ephemeral one or a file; gives the message's ts where Slack says it."""
    body = _with_note(delivery.body, place.note)
    where: dict[str, Any] = {"channel": place.channel, "thread_ts": place.thread_ts}
    if delivery.kind == "file":
        path = data_dir / body.pop("file")
        await client.files_upload_v2(file=str(path), **where, **body)
        return None
    if delivery.kind == "ephemeral" and place.note is None:
        await client.chat_postEphemeral(user=delivery.user or "", **where, **body)
        return None
    quiet: dict[str, Any] = {"unfurl_links": False, "unfurl_media": False}
    metadata = {"event_type": EVENT_TYPE, "event_payload": {"key": delivery.key}}
    posted = await client.chat_postMessage(**quiet, **where, **body, metadata=metadata)
    return str(posted["ts"])


async def look_up(client: AsyncWebClient, delivery: Delivery, place: Place) -> str | None:
    """Give the ts of a message that an earlier try put there; None where there is none.

    A post is known by the key in its metadata, a file by its name in its thread. An ephemeral
    message can't be read back.
    """
    if delivery.kind == "ephemeral" and place.note is None:
        return None
    async for message in _messages(client, delivery, place):
        if _is_it(message, delivery):
            return str(message["ts"])
    return None


async def _messages(
    client: AsyncWebClient, delivery: Delivery, place: Place
) -> AsyncIterator[Mapping[str, Any]]:
    since = (delivery.first_claimed_at or delivery.due_at) - CLOCK_SKEW
    asked: dict[str, Any] = {"channel": place.channel, "limit": PAGE, "include_all_metadata": True}
    asked |= {"oldest": f"{since.timestamp():.6f}"}
    read: Callable[..., Awaitable[AsyncSlackResponse]] = client.conversations_history
    if place.thread_ts:
        asked |= {"ts": place.thread_ts}
        read = client.conversations_replies
    for _ in range(PAGES):
        page = await read(**asked)
        for message in page["messages"]:
            yield message
        cursor = (page.get("response_metadata") or {}).get("next_cursor")
        if not cursor:
            return
        asked |= {"cursor": cursor}


def _is_it(message: Mapping[str, Any], delivery: Delivery) -> bool:
    if delivery.kind == "file":
        return delivery.body["filename"] in [file.get("name") for file in message.get("files", [])]
    metadata = message.get("metadata") or {}
    key = (metadata.get("event_payload") or {}).get("key")
    return metadata.get("event_type") == EVENT_TYPE and key == delivery.key


def _with_note(body: Mapping[str, Any], note: str | None) -> dict[str, Any]:
    if note is None:
        return dict(body)
    if "file" in body:
        return dict(body) | {"initial_comment": note}
    above = [{"type": "context", "elements": [{"type": "mrkdwn", "text": note}]}]
    blocks = {"blocks": [*above, *body["blocks"]]} if body.get("blocks") else {}
    return dict(body) | {"text": f"{note}\n{body['text']}"} | blocks
