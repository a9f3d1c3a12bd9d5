"""Answer one text to its asker alone, however it came: typed, filled in, or said in a message."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from bot import blocks
from bot.asking import Asker, Block, Office, Reply
from bot.commands.sentiment import Sentiment
from bot.language import tr
from bot.sentiment import answer, pasted
from bot.sentiment.card import card
from bot.sentiment.reading import read


async def tell(office: Office, asker: Asker, command: Sentiment) -> Reply | None:
    """Answer a text; without one open a form for it."""
    if command.text is None or not command.text.strip():
        view = form(asker.channel, alias=command.model, response_url=asker.response_url)
        await office.client.views_open(trigger_id=asker.trigger_id or "", view=view)
        return None
    return await reply(office, command.text, alias=command.model)


async def take_form(
    office: Office, _: Asker, values: Mapping[str, Any], metadata: str
) -> Reply | None:
    alias = json.loads(metadata)["alias"]
    return await reply(office, blocks.typed(values, "text"), alias=alias)


async def reply(office: Office, text: str, *, alias: str) -> Reply:
    """Answer a text that is not blank by the model that an alias serves."""
    source = await answer.find(office, alias)
    reading = await read(office, source, text)
    return card(reading, source, key=pasted.keep(text))


def form(channel: str, *, alias: str, response_url: str | None) -> Block:
    """Make the form for long texts; the answer takes the way that the command opened."""
    typing = blocks.text_input("text", multiline=True)
    hint = tr("It is neither kept nor shown to others.")
    return blocks.modal(
        "sentiment",
        tr("Sentiment of a text"),
        [blocks.field("text", tr("Text"), typing, hint=hint)],
        submit=tr("Tell me"),
        metadata={"channel": channel, "response_url": response_url or "", "alias": alias},
    )
