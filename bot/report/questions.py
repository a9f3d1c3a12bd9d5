"""The report on questions: how many found an answer, and what was asked often and found none."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from sqlite_utils import Database

from bot import blocks, figures, sheet
from bot.language import mark, tr, trn
from bot.report.kinds import Kind, Report, Scope
from bot.report.question_groups import READERS, SHOWN, Group, draw, group
from bot.report.question_groups import say as say_group
from storage import answers, questions
from storage.talent import AnswerCount

TITLE = mark("Questions without an answer")
OFTEN = 2  # times asked
COLUMNS = ("dataset", "question", "times", "people", "first")


def compose(db: Database, scope: Scope) -> Report | None:
    counts = answers.between(db, scope.since, scope.now, searched=True)
    found = choose(group(questions.open_of(db)), scope)
    return say(counts, found, scope) if found else None


KIND = Kind("questions", TITLE, compose, covers=timedelta(days=7), readers=READERS)

# --- pure -----------------------------------------------------------------------------------


def choose(groups: Sequence[Group], scope: Scope) -> list[Group]:
    """Choose what was asked often, and again since the last report."""
    return [
        one
        for one in groups
        if len(one.questions) >= OFTEN and scope.since <= one.questions[-1].at < scope.now
    ]


def say(counts: Sequence[AnswerCount], found: Sequence[Group], scope: Scope) -> Report:
    title = tr(
        "Questions from {start} to {end}",
        start=figures.when(scope.since),
        end=figures.when(scope.now),
    )
    lines = [
        *_say_share(counts),
        tr("*Asked often, and not in the docs*; redacted, nearly the same questions together"),
    ]
    text = "\n".join([title, *lines, *map(say_group, found[:SHOWN])])
    shown = [
        blocks.section("\n".join([f"*{title}*", *lines])),
        *draw(found[:SHOWN]),
        blocks.context(tr("The owner of the data set answers; `/ask unanswered` shows all.")),
    ]
    rows = [
        (
            one.example.dataset,
            one.example.question,
            len(one.questions),
            one.people,
            one.first_at.isoformat(),
        )
        for one in found
    ]
    return Report(blocks.cut(text, blocks.SECTION), shown, table=sheet.write(COLUMNS, rows))


def _say_share(counts: Sequence[AnswerCount]) -> list[str]:
    asked = sum(count.n for count in counts)
    if not asked:
        return []
    answered = sum(count.n for count in counts if count.sure)
    said = trn(
        "{count:,} question was asked; {share} found an answer.",
        "{count:,} questions were asked; {share} found an answer.",
        asked,
        share=figures.percent(answered / asked),
    )
    return [said]
