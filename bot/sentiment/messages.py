"""What people said in a channel or a thread: read page by page, without bots, joins and commands."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient
from slack_sdk.web.async_slack_response import AsyncSlackResponse

from bot.wording import plain

PAGE = 200  # messages; more at once Slack doesn't recommend
SAID = {"", "file_share", "me_message", "thread_broadcast"}  # subtypes of what people say
_NO_WORDS = re.compile(r"<[@#!][^>]*>|<(?:https?|mailto):[^>|]*>")  # mentions, bare addresses

Page = Callable[..., Awaitable[AsyncSlackResponse]]


@dataclass(frozen=True)
class Said:
    """One message of a person."""

    ts: str
    author: str
    text: str  # as they typed it

    @property
    def at(self) -> float:
        """Seconds since the epoch."""
        return float(self.ts)


def readable(text: str) -> str:
    """Give the words of a message as its author typed them, mentions and addresses left out."""
    return " ".join(plain(_NO_WORDS.sub(" ", text)).split())


def is_said(message: Mapping[str, Any], *, coach: str) -> bool:
    """Tell whether a person said something, and not to Coach."""
    if message.get("bot_id") or message.get("subtype", "") not in SAID or not message.get("user"):
        return False
    text = str(message.get("text") or "")
    return message["user"] != coach and f"<@{coach}>" not in text and bool(readable(text))


async def of_thread(
    client: AsyncWebClient, channel: str, ts: str, *, coach: str, most: int
) -> list[Said]:
    """List what was said below the message `ts`, that one included; of more the oldest, in order."""
    told = pages(client.conversations_replies, channel=channel, ts=ts)
    return await _first(_said(told, coach=coach), most)


async def of_channel(
    client: AsyncWebClient,
    channel: str,
    first: datetime,
    over: datetime,
    *,
    coach: str,
    most: int,
) -> list[Said]:
    """List what was said from `first` on and before `over`, oldest first; of more the newest.

    Replies in threads are not in a channel's history.
    """
    within = {"oldest": f"{first.timestamp():.6f}", "latest": f"{over.timestamp():.6f}"}
    told = pages(client.conversations_history, channel=channel, **within)
    newest = await _first(_said(told, coach=coach), most)
    return newest[::-1]


async def _first(said: AsyncIterator[Said], most: int) -> list[Said]:
    found: list[Said] = []
    async for one in said:
        found.append(one)
        if len(found) == most:
            break
    return found


async def _said(messages: AsyncIterator[Mapping[str, Any]], *, coach: str) -> AsyncIterator[Said]:
    async for message in messages:
        if is_said(message, coach=coach):
            yield Said(message["ts"], message["user"], readable(message["text"]))


async def pages(read: Page, **asked: Any) -> AsyncIterator[Mapping[str, Any]]:  # noqa: ANN401
    """Give messages in Slack's order, a page at a time."""
    cursor = ""
    while True:
        page = await read(**asked, limit=PAGE, cursor=cursor or None)
        for message in page["messages"]:
            yield message
        cursor = (page.get("response_metadata") or {}).get("next_cursor") or ""
        if not cursor:
            return


async def names(client: AsyncWebClient, said: list[Said]) -> dict[str, str]:
    """Give the names of those who said something, by user; the id where Slack doesn't tell."""
    found: dict[str, str] = {}
    for author in dict.fromkeys(one.author for one in said):
        try:
            user = (await client.users_info(user=author))["user"]
        except SlackApiError:
            found[author] = author
            continue
        profile = user.get("profile") or {}
        found[author] = str(profile.get("display_name") or user.get("real_name") or user["name"])
    return found
