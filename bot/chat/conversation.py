"""What a thread says, as the turns of a conversation that a model goes on with."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import groupby
from typing import Any

from slack_sdk.web.async_client import AsyncWebClient

from bot.chat.mention import KEY
from bot.posting import EVENT_TYPE
from bot.sentiment import messages
from bot.wording import plain
from storage.answering import Mention
from trainer.spec import Turn

TURNS = 12  # of a thread, the last ones
CHARACTERS = 4_000  # of a turn, its end: what is asked often comes last


async def read(client: AsyncWebClient, mention: Mention, *, coach: str) -> list[Turn]:
    """Read the thread up to a mention; nothing where the mention is gone."""
    asked = {"channel": mention.channel, "ts": mention.thread_ts, "latest": mention.ts}
    told = messages.pages(
        client.conversations_replies, **asked, inclusive=True, include_all_metadata=True
    )
    said = [message async for message in told]
    if not any(message["ts"] == mention.ts for message in said):
        return []
    return make_turns(said, coach=coach)


def make_turns(said: Iterable[Mapping[str, Any]], *, coach: str) -> list[Turn]:
    """Give the last turns, people's and the model's by turns, people's first and last.

    What Coach says else, as the answers to commands, is none.
    """
    turns = [turn for message in said if (turn := _read(message, coach))][-TURNS:]
    while turns and turns[0].role == "assistant":
        turns = turns[1:]
    return [
        Turn(role=role, text="\n".join(turn.text for turn in together)[-CHARACTERS:])
        for role, together in groupby(turns, key=lambda turn: turn.role)
    ]


def _read(message: Mapping[str, Any], coach: str) -> Turn | None:
    text = str(message.get("text") or "")
    if _is_models(message):
        answer = plain(text.partition("\n")[2])  # its first line says whose words they are
        return Turn(role="assistant", text=answer) if answer else None
    if message.get("bot_id") or message.get("subtype", "") not in messages.SAID:
        return None
    asked = messages.readable(text)
    return Turn(role="user", text=asked) if asked and message.get("user") != coach else None


def _is_models(message: Mapping[str, Any]) -> bool:
    metadata = message.get("metadata") or {}
    key = str((metadata.get("event_payload") or {}).get("key") or "")
    return metadata.get("event_type") == EVENT_TYPE and key.startswith(KEY)
