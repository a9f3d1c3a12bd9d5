"""Answer one text to its asker alone, however it came: typed, filled in, or said in a message."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from bot import blocks
from bot.asking import Asker, Block, Office, RefusalError, Reply
from bot.commands.sentiment import Sentiment
from bot.commands.train import DEFAULT_ALIAS
from bot.language import tr
from bot.sentiment import answer, messages, pasted, thread
from bot.sentiment.card import card
from bot.sentiment.reading import read


async def tell(office: Office, asker: Asker, command: Sentiment) -> Reply | None:
    """Answer a text; without one the thread that it is asked in, or else open a form for it."""
    text = (command.text or "").strip()
    mentioned = asker.trigger_id is None
    if mentioned and asker.thread_ts and text.lower() in {"", *thread.PUBLIC}:
        return await thread.tell(office, asker, alias=command.model, public=bool(text))
    if text:
        return await reply(office, text, alias=command.model)
    if mentioned:
        raise RefusalError(
            tr(
                "Write the text behind it, such as `@Coach sentiment I love it`. In a thread "
                "`@Coach sentiment` alone answers each of its messages."
            )
        )
    view = form(asker.channel, alias=command.model, response_url=asker.response_url)
    await office.client.views_open(trigger_id=asker.trigger_id or "", view=view)
    return None


async def check(office: Office, asker: Asker) -> Reply:
    """Answer the message that the shortcut was used on."""
    text = messages.readable(str(asker.message.get("text") or ""))
    if not text:
        raise RefusalError(
            tr("This message has no words: pictures and files can't be answered by a shortcut.")
        )
    return await reply(office, text, alias=DEFAULT_ALIAS)


async def take_form(
    office: Office, _: Asker, values: Mapping[str, Any], metadata: str
) -> Reply | None:
    alias = json.loads(metadata)["alias"]
    return await reply(office, blocks.typed(values, "text"), alias=alias)


async def reply(office: Office, text: str, *, alias: str) -> Reply:
    """Answer a text by the model that an alias serves."""
    if not text.strip():
        raise RefusalError(tr("There is no text in it. Paste one and send it again."))
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
