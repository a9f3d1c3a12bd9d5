"""Answer a question to its asker alone; one without an answer is noted, redacted."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from bot import blocks
from bot.ask import card, recent
from bot.ask.search import Results, search
from bot.asking import Asker, Block, Office, RefusalError, Reply
from bot.commands.ask import Ask
from bot.language import tr
from storage import members, questions
from storage.answering import Question
from storage.database import opened
from trainer.intake.redaction import redact

LONGEST = 3_000  # characters that are kept, and that Slack's input takes


async def tell(office: Office, asker: Asker, command: Ask) -> Reply | None:
    """Answer a question; without one open a form for it."""
    if command.question:
        return await reply(office, asker, command.question, alias=command.model)
    if asker.trigger_id is None:
        raise RefusalError(
            tr("Write the question behind it, such as `@Coach ask How do I reset my PIN?`.")
        )
    view = form(asker, alias=command.model)
    await office.client.views_open(trigger_id=asker.trigger_id, view=view)
    return None


async def take_form(
    office: Office, asker: Asker, values: Mapping[str, Any], metadata: str
) -> Reply:
    alias = json.loads(metadata)["alias"]
    return await reply(office, asker, blocks.typed(values, "question"), alias=alias)


async def reply(office: Office, asker: Asker, typed: str, *, alias: str) -> Reply:
    """Answer a question by the model that an alias serves."""
    question = typed.strip()
    if not any(character.isalnum() for character in question):
        raise RefusalError(tr("There is no question in it. Write one and send it again."))
    results = await search(office, alias, question)
    if results.answered:
        return card.say_answered(results, key=recent.keep(question, results))
    noted, owner = await asyncio.to_thread(_note, office, asker, question, results)
    return card.say_unanswered(results, noted, asker=asker.user, owner=owner)


def form(asker: Asker, *, alias: str) -> Block:
    """Make the form for a question; the answer takes the way that the command opened."""
    hint = tr("Where the docs don't answer it, it is noted without names and numbers.")
    typing = blocks.text_input("question", multiline=True)
    return blocks.modal(
        "ask",
        tr("Ask the docs"),
        [blocks.field("question", tr("Question"), typing, hint=hint)],
        submit=tr("Ask"),
        metadata={
            "channel": asker.channel,
            "response_url": asker.response_url or "",
            "alias": alias,
        },
    )


def _note(
    office: Office, asker: Asker, question: str, results: Results
) -> tuple[Question | None, str]:
    """Keep a question that found no answer; gives it with the name of who may answer it."""
    docs, now = results.docs, office.clock()
    if docs.newest is None:
        return None, ""
    redacted = redact(question)[:LONGEST]
    with opened(office.settings.data_dir) as db:
        noted = questions.add(
            db,
            key=asker.key,
            alias=docs.alias,
            model=docs.model,
            dataset=docs.newest.name,
            redacted=redacted,
            outcome="unanswered",
            by=asker.user,
            now=now,
            keep_until=now + timedelta(days=office.settings.corrections_kept_days),
        )
        owner = members.get(db, docs.newest.added_by)
    return noted, owner.name if owner else tr("the owner")
