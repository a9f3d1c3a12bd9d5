"""*Helped*, *Wrong?* and *Share* below an answer: what is thought of it, and what was right."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from sqlite_utils import Database

from bot import blocks, figures
from bot.ask import recent
from bot.ask.card import quoted, say_answer, say_source
from bot.ask.question import LONGEST
from bot.ask.recent import Asked
from bot.asking import Asker, Block, FieldErrors, Office, RefusalError, Reply
from bot.language import tr, trn
from bot.sentiment.card import quote
from bot.sentiment.corrections import STATES
from bot.wording import code
from storage import corrections, datasets, models, questions
from storage.answering import Correction
from storage.database import immediate, opened
from storage.questions import Outcome
from storage.records import Dataset
from trainer.intake.redaction import redact
from trainer.search import Found
from trainer.spec import text_hash

NOTHING = "nothing"  # chosen where no answer is right
SHOWN = 500  # characters of an answer to choose from


def helped(office: Office, asker: Asker, key: str) -> Reply:
    """Keep that an answer helped."""
    asked = recent.get(key)
    redacted = redact(asked.question)[:LONGEST]
    with opened(office.settings.data_dir) as db:
        _judge(office, db, asker, key, asked=asked, redacted=redacted, outcome="helped")
    days = office.settings.corrections_kept_days
    return Reply(
        trn(
            "Thank you. That it helped is kept with your question, redacted, for {count} day.",
            "Thank you. That it helped is kept with your question, redacted, for {count} days.",
            days,
        )
    )


async def share(_: Office, asker: Asker, key: str) -> Reply:
    """Show the question and its answer to the channel, as the asker wishes."""
    asked = recent.get(key)
    said = tr(
        "<@{user}> asked:\n{question}\n{answer}",
        user=asker.user,
        question=quoted(asked.question),
        answer=say_answer(asked.found[0], asked.title),
    )
    return Reply(blocks.cut(said, blocks.SECTION), [blocks.section(said)], public=True)


async def open_form(office: Office, asker: Asker, key: str) -> None:
    """Open the form for the right answer, with the question as it would be kept."""
    asked = recent.get(key)
    dataset, redacted = await asyncio.to_thread(_prepare, office, asked)
    days = office.settings.corrections_kept_days
    view = form(asked, dataset, redacted, days=days, key=key, asker=asker)
    await office.client.views_open(trigger_id=asker.trigger_id or "", view=view)


def take_form(office: Office, asker: Asker, values: Mapping[str, Any], metadata: str) -> Reply:
    """Keep the right answer until the owner of the data set has decided on it."""
    key = json.loads(metadata)["key"]
    asked = recent.get(key)
    redacted = redact(blocks.typed(values, "question"))[:LONGEST]
    right = read_right(values, asked.found)
    now = office.clock()
    with opened(office.settings.data_dir) as db, immediate(db):
        dataset = find_dataset(db, asked.model)
        _judge(office, db, asker, key, asked=asked, redacted=redacted, outcome="wrong")
        kept = corrections.add(
            db,
            key=f"{asker.user}:{asked.alias}:{text_hash(redacted)}",
            alias=asked.alias,
            model=asked.model,
            dataset=dataset.name,
            redacted=redacted,
            told=asked.found[0].answer,
            label=right,
            by=asker.user,
            now=now,
            keep_until=now + timedelta(days=office.settings.corrections_kept_days),
        )
    return say_kept(kept, dataset)


# --- pure -----------------------------------------------------------------------------------


def form(
    asked: Asked, dataset: Dataset, redacted: str, *, days: int, key: str, asker: Asker
) -> Block:
    """Make the form: one of the next best, an answer typed, or that there is none."""
    about = trn(
        "<@{owner}> decides whether your correction becomes a row of {dataset}. It is kept for "
        "{count} day at most.",
        "<@{owner}> decides whether your correction becomes a row of {dataset}. It is kept for "
        "{count} days at most.",
        days,
        owner=dataset.added_by,
        dataset=code(dataset.name),
    )
    metadata = {"channel": asker.channel, "response_url": asker.response_url or "", "key": key}
    return blocks.modal(
        "ask_wrong",
        tr("Correct an answer"),
        [blocks.section(about), *_offer(asked), _ask_question(redacted)],
        submit=tr("Correct it"),
        metadata=metadata,
    )


def check_form(values: Mapping[str, Any], _: str) -> FieldErrors | None:
    if not blocks.typed(values, "question"):
        return FieldErrors({"question": tr("Paste the question that was answered wrongly.")})
    chosen, typed = blocks.typed(values, "right"), blocks.typed(values, "answer")
    if not chosen and not typed:
        return FieldErrors({"right": tr("Choose what is right, or write it below.")})
    if chosen and typed:
        return FieldErrors({"answer": tr("Choose an answer or write one, not both.")})
    return None


def read_right(values: Mapping[str, Any], found: Sequence[Found]) -> str:
    """Read the right answer; "" where nothing in the docs is."""
    chosen = blocks.typed(values, "right")
    if chosen == NOTHING:
        return ""
    return found[int(chosen) - 1].answer if chosen else redact(blocks.typed(values, "answer"))


def say_kept(kept: Correction, dataset: Dataset) -> Reply:
    if kept.state != "open":
        return Reply(tr(STATES[kept.state]))
    said = tr(
        "Thank you. <@{owner}> decides whether this becomes a row of {dataset}:\n> {question}\n"
        "{answer}\nIt is kept as you see it, until {date} at the latest.",
        owner=dataset.added_by,
        dataset=code(dataset.name),
        question=quote(kept.text),
        answer=quoted(kept.label, SHOWN) if kept.label else tr("Nothing in the docs answers it"),
        date=figures.when(kept.keep_until),
    )
    undo = blocks.button(tr("Take it back"), "correct_undo", str(kept.id))
    return Reply(said, [blocks.section(said), blocks.actions(undo)])


def _offer(asked: Asked) -> list[Block]:
    """Offer the next best, that there is none, and to write one."""
    others = dict(enumerate(asked.found[1:], 2))
    offered = {str(number): _name(number, one, asked.title) for number, one in others.items()}
    offered |= {NOTHING: tr("Nothing in the docs answers it")}
    typing = blocks.text_input("answer", multiline=True)
    return [
        *(blocks.section(f"*{n}*  {quote(one.answer, SHOWN)}") for n, one in others.items()),
        blocks.field("right", tr("Right"), blocks.radio("right", offered), optional=True),
        blocks.field("answer", tr("Or write the right answer"), typing, optional=True),
    ]


def _ask_question(redacted: str) -> Block:
    hint = tr("This is what is kept: names and numbers are taken out. Take out more if you like.")
    typing = blocks.text_input("question", value=redacted, multiline=True)
    return blocks.field("question", tr("Question"), typing, hint=hint)


def _name(number: int, one: Found, title: str) -> str:
    return f"{number}: {say_source(one, title).replace('`', '')}"


# --- steps ----------------------------------------------------------------------------------


def find_dataset(db: Database, number: int) -> Dataset:
    """Find the newest version of what a model learnt from; raises RefusalError where it is gone."""
    model = models.get(db, number)
    trained_on = datasets.get(db, model.dataset_hash) if model else None
    newest = datasets.find(db, trained_on.name) if trained_on else None
    if newest is None:
        raise RefusalError(
            tr("The data of this model was deleted, so there is nothing that you could correct.")
        )
    return newest


def _prepare(office: Office, asked: Asked) -> tuple[Dataset, str]:
    with opened(office.settings.data_dir) as db:
        dataset = find_dataset(db, asked.model)
    return dataset, redact(asked.question)[:LONGEST]


def _judge(
    office: Office,
    db: Database,
    asker: Asker,
    key: str,
    *,
    asked: Asked,
    redacted: str,
    outcome: Outcome,
) -> None:
    now = office.clock()
    questions.add(
        db,
        key=key,
        alias=asked.alias,
        model=asked.model,
        dataset=find_dataset(db, asked.model).name,
        redacted=redacted,
        outcome=outcome,
        by=asker.user,
        now=now,
        keep_until=now + timedelta(days=office.settings.corrections_kept_days),
        answer_row=asked.found[0].source or None,
    )
