"""Write the answers that wait, one after another, each into its thread once."""

from __future__ import annotations

import asyncio
import logging
from typing import Any

from bot import blocks, language
from bot.answers import trace, words
from bot.asking import Office, RefusalError
from bot.chat import choice, conversation
from bot.language import tr
from bot.readers import channel_speaks
from bot.wording import escape
from storage import chats, deliveries
from storage.answering import Mention
from storage.database import immediate, opened
from storage.records import Json, Model, Promotion
from trainer.spec import Written

log = logging.getLogger(__name__)

ANSWER = 2_800  # characters


async def write_waiting(office: Office) -> None:
    """Answer every mention that waits, also those of before a restart."""
    while waits := await asyncio.to_thread(_next, office):
        mention, alias, spoken = waits
        with language.use(spoken):
            model, body = await _answer(office, mention, alias)
        await asyncio.to_thread(_finish, office, mention, model, body)


def say(written: Written, promotion: Promotion, model: Model) -> Json:
    """Make the message of an answer, marked as a model's words."""
    told = {"name": escape(promotion.alias), "version": promotion.version, "number": model.id}
    mark = tr("{name} v{version}, model {number}, writes; check it before you rely on it:", **told)
    answer = blocks.cut(escape(written.text), ANSWER) or tr("(it wrote nothing)")
    shown = answer if written.complete or not written.text else f"{answer} …"
    note = tr(
        "Written by a model: {name} v{version}, model {number}. Check it before you rely on it.",
        **told,
    )
    return {
        "text": f"{mark}\n{shown}",
        "blocks": [blocks.section(shown), blocks.context(note)],
    }


async def _answer(
    office: Office, mention: Mention, alias: str | None
) -> tuple[Model | None, Json | None]:
    """Write an answer, or say what keeps the model from it; nothing where nobody waits for one."""
    if alias is None:
        return None, None
    try:
        turns = await conversation.read(office.client, mention, coach=office.bot_user)
        if not turns:
            return None, None
        promotion, model = await asyncio.to_thread(choice.find, office, alias)
        written = await office.serving.writer.write(model.path, turns)
    except RefusalError as refusal:
        return None, _say_failed(str(refusal))
    except Exception as error:  # noqa: BLE001 - whoever asked must not wait for ever
        log.error("a model wrote nothing (%s)\n%s", words(error), trace(error))  # noqa: TRY400
        return None, _say_failed(
            tr(
                "The model could not answer this time. Mention me again; if it happens once more, "
                "`/train rollback as={alias}` goes back to the model before.",
                alias=escape(alias),
            )
        )
    return model, say(written, promotion, model)


def _say_failed(why: str) -> Json:
    return {"text": why, "blocks": [blocks.section(why)]}


def _next(office: Office) -> tuple[Mention, str | None, Any] | None:
    """Find what waits longest, whose model answers it, and the language of its channel."""
    with opened(office.settings.data_dir) as db:
        mention = chats.next_waiting(db)
        if mention is None:
            return None
        chat = chats.get(db, mention.channel)
        default = office.settings.language
        spoken = channel_speaks(db, mention.channel, user=mention.user, default=default)
        return mention, chat.alias if chat else None, spoken


def _finish(office: Office, mention: Mention, model: Model | None, body: Json | None) -> None:
    """Put the answer into the outbox and note that it is there: both or neither."""
    now = office.clock()
    with opened(office.settings.data_dir) as db, immediate(db):
        chats.answered(db, mention.key, model=model.id if model else None, now=now)
        if body is not None:
            deliveries.put(
                db,
                key=mention.key,
                channel=mention.channel,
                user=mention.user,
                thread_ts=mention.thread_ts,
                body=body,
                now=now,
            )
