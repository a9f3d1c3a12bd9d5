"""The forms of surveys: what is asked, and what is answered."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from bot import blocks
from bot.asking import Block, FieldErrors, RefusalError
from bot.language import mark, tr
from bot.wording import escape
from storage.records import Json
from storage.talent import Survey

QUESTIONS, QUESTION = 5, 200  # at most, and the characters of one
LONGEST_DAYS = 30
SCALE = {
    "1": mark("1: not at all"),
    "2": mark("2: hardly"),
    "3": mark("3: partly"),
    "4": mark("4: mostly"),
    "5": mark("5: fully"),
}
_FREE = re.compile(r"\s*[?？]text$", re.IGNORECASE)


def read_questions(typed: str) -> list[Json]:
    """Read a question a line; one that ends in `?text` is answered in words, others from 1 to 5.

    Raises RefusalError.
    """
    lines = [" ".join(line.split()) for line in typed.splitlines() if line.strip()]
    if not 1 <= len(lines) <= QUESTIONS:
        raise RefusalError(tr("Write one to {most} questions, each on its line.", most=QUESTIONS))
    if max(map(len, lines)) > QUESTION:
        raise RefusalError(tr("A question has at most {most} characters.", most=QUESTION))
    return [
        {"text": _FREE.sub("", line), "kind": "text" if _FREE.search(line) else "scale"}
        for line in lines
    ]


def start_form(*, metadata: Mapping[str, str]) -> Block:
    """Make the form that starts a survey."""
    hint = tr(
        "At most {most}, one on a line. They are answered from 1 to 5; one that ends in ?text is "
        "answered in words.",
        most=QUESTIONS,
    )
    here = metadata["channel"] if metadata["channel"][:1] in {"C", "G"} else ""
    channel = blocks.channel_select("channel", tr("Choose"), chosen=here)
    fields = [
        blocks.field("title", tr("Title"), blocks.text_input("title")),
        blocks.field(
            "questions", tr("Questions"), blocks.text_input("questions", multiline=True), hint=hint
        ),
        blocks.field("channel", tr("Where it is announced"), channel),
        blocks.field("days", tr("Days it is open"), blocks.text_input("days", value="5")),
    ]
    title = tr("Start a survey")
    return blocks.modal("survey_start", title, fields, submit=tr("Start"), metadata=metadata)


def check_start(values: Mapping[str, Any], _: str) -> FieldErrors | None:
    """Say beside each field what is wrong in it; pure."""
    errors: dict[str, str] = {}
    try:
        read_questions(blocks.typed(values, "questions"))
    except RefusalError as refusal:
        errors["questions"] = str(refusal)
    days = blocks.typed(values, "days")
    if not days.isdecimal() or not 1 <= int(days) <= LONGEST_DAYS:
        errors["days"] = tr("A whole number from 1 to {most}.", most=LONGEST_DAYS)
    return FieldErrors(errors) if errors else None


def questions_of(survey: Survey) -> Sequence[Json]:
    questions: list[Json] = survey.questions["questions"]
    return questions


def answer_form(survey: Survey, *, metadata: Mapping[str, Any]) -> Block:
    """Make the form of a survey's answers."""
    said = tr(
        "Anonymous: your answers are kept without your name and without a time, and nothing is "
        "shown before the survey closes, nor from fewer than five people. Don't write what only "
        "you could know. They can't be changed afterwards."
    )
    title = blocks.section(f"*{escape(survey.title)}*")
    fields = [_question(n, asked) for n, asked in enumerate(questions_of(survey))]
    shown = [title, blocks.context(said), *fields]
    return blocks.modal("survey_answer", tr("Survey"), shown, submit=tr("Send"), metadata=metadata)


def _question(number: int, asked: Json) -> Block:
    name, label = f"q{number}", str(asked["text"])
    if asked["kind"] == "text":
        return blocks.field(name, label, blocks.text_input(name, multiline=True), optional=True)
    offered = {value: tr(words) for value, words in SCALE.items()}
    return blocks.field(name, label, blocks.select(name, tr("Choose"), offered), optional=True)


def read_answers(survey: Survey, values: Mapping[str, Any]) -> Json:
    """Read what was answered, by the question's number; what was left out is left out."""
    typed = {str(n): blocks.typed(values, f"q{n}") for n, _ in enumerate(questions_of(survey))}
    return {number: value for number, value in typed.items() if value}
