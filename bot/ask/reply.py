"""*Answer*: the owner of a data set answers what it doesn't, and may make a row of it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from sqlite_utils import Database

from bot import blocks, language
from bot.ask.card import quoted
from bot.asking import Asker, Block, FieldErrors, Office, RefusalError, Reply
from bot.language import tr, trn
from bot.readers import person_speaks
from bot.report.question_groups import Group, find_group
from bot.rights import require_owner
from bot.sentiment import next_version
from bot.sentiment.card import quote
from bot.wording import code
from storage import corrections, datasets, deliveries, questions
from storage.answering import Question
from storage.database import immediate, opened
from storage.records import Dataset, Json

ROW = "row"
OTHERS = 3  # of a group, quoted
ANSWER = 2_500  # characters


async def open_form(office: Office, asker: Asker, value: str) -> None:
    """Open the form for an answer to a question, and to those that are nearly the same."""
    dataset, found = await asyncio.to_thread(_gather, office, asker, int(value))
    view = form(dataset, found, int(value), asker)
    await office.client.views_open(trigger_id=asker.trigger_id or "", view=view)


def take_form(office: Office, asker: Asker, values: Mapping[str, Any], metadata: str) -> Reply:
    """Send the answer to whoever asked for it, and keep it for the next version where ticked."""
    number = json.loads(metadata)["question"]
    answer = blocks.typed(values, "answer")
    with opened(office.settings.data_dir) as db, immediate(db):
        dataset, found = _find(office, db, asker, number)
        numbers = [one.id for one in found.questions]
        done = questions.answered(db, numbers, by=asker.user, now=office.clock())
        routed = [one for one in done if one.outcome == "routed"]
        for one in routed:
            _send(office, db, asker, one, answer)
        if made := ROW in blocks.ticked(values, "row"):
            _keep_pair(office, db, asker, found.example, answer=answer)
        waiting = len(corrections.accepted_of(db, dataset.name))
    return say_done(dataset, done, people=len(routed), waiting=waiting if made else 0)


# --- pure -----------------------------------------------------------------------------------


def form(dataset: Dataset, found: Group, number: int, asker: Asker) -> Block:
    """Make the form; those that the answer closes too are quoted."""
    routed = {one.by for one in found.questions if one.outcome == "routed"}
    hint = tr("It goes to who asked you for it, as you write it.") if routed else ""
    tick = {ROW: tr("Make it a row of the next version")}
    typing = blocks.text_input("answer", multiline=True)
    metadata = {"channel": asker.channel, "response_url": asker.response_url or ""}
    return blocks.modal(
        "ask_answer",
        tr("Answer"),
        [
            blocks.section(_say_asked(found, number)),
            blocks.field("answer", tr("Answer"), typing, hint=hint),
            blocks.field(
                "row",
                tr("For the data set {dataset}", dataset=dataset.name),
                blocks.checkboxes("row", tick, chosen=[ROW]),
                optional=True,
            ),
        ],
        submit=tr("Answer"),
        metadata=metadata | {"question": number},
    )


def _say_asked(found: Group, number: int) -> str:
    """Quote a question, and those of its group that the same answer closes."""
    chosen = next(one for one in found.questions if one.id == number)
    others = sorted({one.question for one in found.questions} - {chosen.question})
    parts = [quoted(chosen.question), *(f"• {quote(one)}" for one in others[:OTHERS])]
    count = len(found.questions)
    closes = trn(
        "Your answer closes {count} question.",
        "Your answer closes {count} questions that are nearly the same.",
        count,
    )
    return "\n".join([*parts, closes])


def check_form(values: Mapping[str, Any], _: str) -> FieldErrors | None:
    if len(blocks.typed(values, "answer")) <= ANSWER:
        return None
    return FieldErrors({"answer": tr("Write at most {most:,} characters.", most=ANSWER)})


def tell_asker(question: Question, answer: str, *, by: str) -> Json:
    """Make the message to who asked."""
    said = tr(
        "<@{user}> answers your question:\n{question}",
        user=by,
        question=quoted(question.question, 400),
    )
    parts = [said, blocks.cut(answer, ANSWER)]
    return {"text": "\n".join(parts), "blocks": [blocks.section(part) for part in parts]}


def say_done(dataset: Dataset, done: Sequence[Question], *, people: int, waiting: int) -> Reply:
    """Say what came of an answer; `waiting` counts the rows for the next version."""
    said = trn("{count} question is answered.", "{count} questions are answered.", len(done))
    if people:
        told = trn("{count} person gets your answer.", "{count} people get your answer.", people)
        said = f"{said}\n{told}"
    if not waiting:
        return Reply(said)
    said = f"{said}\n{next_version.say_accepted(dataset, waiting)}"
    return Reply(
        said, [blocks.section(said), blocks.actions(next_version.button(dataset, waiting))]
    )


# --- steps ----------------------------------------------------------------------------------


def _gather(office: Office, asker: Asker, number: int) -> tuple[Dataset, Group]:
    with opened(office.settings.data_dir) as db:
        return _find(office, db, asker, number)


def _find(office: Office, db: Database, asker: Asker, number: int) -> tuple[Dataset, Group]:
    """Find a question that waits, in its group; raises RefusalError unless the asker may answer."""
    question = questions.get(db, number)
    dataset = datasets.find(db, question.dataset) if question else None
    if question is None or dataset is None:
        raise RefusalError(tr("The question or its data set was deleted."))
    require_owner(office, asker, owner=dataset.added_by, what=code(dataset.name))
    found = find_group(questions.open_of(db, [dataset.name]), number)
    if found is None:
        raise RefusalError(
            tr("It was answered already, by <@{user}>.", user=question.answered_by or "")
        )
    return dataset, found


def _send(office: Office, db: Database, asker: Asker, one: Question, answer: str) -> None:
    with language.use(person_speaks(db, one.by, default=office.settings.language)):
        body = tell_asker(one, answer, by=asker.user)
    _, key = questions.message_keys(one.id)
    deliveries.put(db, key=key, channel=one.by, body=body, now=office.clock())


def _keep_pair(office: Office, db: Database, asker: Asker, one: Question, *, answer: str) -> None:
    """Keep a question with its answer, accepted by its owner, for the next version."""
    now = office.clock()
    kept = corrections.add(
        db,
        key=f"ask:{one.id}",
        alias=one.alias,
        model=one.model,
        dataset=one.dataset,
        redacted=one.question,
        told="",
        label=answer,
        by=asker.user,
        now=now,
        keep_until=now + timedelta(days=office.settings.corrections_kept_days),
    )
    corrections.decide(db, one.dataset, {kept.id: "accepted"}, by=asker.user, now=now)
