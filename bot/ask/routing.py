"""*Ask the owner*: pass a question that found no answer on to a person, only as its asker wishes."""

from __future__ import annotations

from bot import blocks, language
from bot.ask.card import quoted
from bot.asking import Asker, Office, RefusalError, Reply
from bot.language import tr
from bot.readers import person_speaks
from bot.wording import code
from storage import datasets, deliveries, questions
from storage.answering import Question
from storage.database import immediate, opened
from storage.records import Json


def route(office: Office, asker: Asker, value: str) -> Reply:
    """Send the question, redacted, to the owner of the data set, once however often it is pressed."""
    now = office.clock()
    with opened(office.settings.data_dir) as db, immediate(db):
        question = questions.get(db, int(value))
        dataset = datasets.find(db, question.dataset) if question else None
        if question is None or dataset is None:
            raise RefusalError(tr("The question or its data set was deleted, so nobody is asked."))
        owner = dataset.added_by
        if not questions.route(db, question.id, by=asker.user, to=owner, now=now):
            raise RefusalError(tr("It was answered already, or it isn't your question."))
        with language.use(person_speaks(db, owner, default=office.settings.language)):
            body = tell_owner(question)
        key, _ = questions.message_keys(question.id)
        deliveries.put(db, key=key, channel=owner, body=body, now=now)
    return Reply(
        tr(
            "<@{owner}> got your question with your name; the answer comes to you in a direct "
            "message.\n{question}",
            owner=owner,
            question=quoted(question.question),
        ),
        replace=True,
    )


def take_back(office: Office, asker: Asker, value: str) -> Reply:
    """Delete a question that was noted and went to nobody."""
    with opened(office.settings.data_dir) as db:
        gone = questions.withdraw(db, int(value), by=asker.user)
    if not gone:
        raise RefusalError(tr("It was passed on, answered or deleted already."))
    return Reply(tr("Your question is deleted."), replace=True)


def tell_owner(question: Question) -> Json:
    """Make the message to who may answer."""
    said = tr(
        "<@{user}> asked what {dataset} doesn't answer:\n{question}\nNames and numbers were taken "
        "out. Your answer goes to <@{user}>.",
        user=question.by,
        dataset=code(question.dataset),
        question=quoted(question.question),
    )
    press = blocks.button(tr("Answer"), "ask_answer", str(question.id), style="primary")
    return {
        "text": blocks.cut(said, blocks.SECTION),
        "blocks": [blocks.section(said), blocks.actions(press)],
    }
