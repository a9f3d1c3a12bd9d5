"""Read questions with their answers: one row a question, none where the answer isn't known."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from trainer.intake.columns import find_split, one_named, require_columns
from trainer.intake.made import Made, say_splits
from trainer.intake.rows import read_splits
from trainer.intake.splits import divide
from trainer.intake.table import BadFile, Table
from trainer.spec import SPLITS, IntakeWork, text_hash

# fmt: off
QUESTION_NAMES = (
    "question", "questions", "q", "prompt", "instruction", "query", "ask",
    "问题", "提问", "问", "问句", "指令",
)
ANSWER_NAMES = (
    "answer", "answers", "a", "completion", "response", "output", "reply",
    "答案", "回答", "答", "答复", "回复", "输出",
)
CONTEXT_NAMES = ("input", "context", "输入")  # beside an instruction, as Alpaca's files have it
# fmt: on
MIN_QUESTIONS = 10  # with an answer
ANSWERED, UNANSWERED = "answered", "unanswered"


class Pair(NamedTuple):
    question: str
    answer: str  # "": nothing in the docs answers it
    source: int  # the row of the file, as its owner counts
    split: str


@dataclass(frozen=True)
class PairColumns:
    """Names of the columns; `context` is put below its question."""

    question: str
    answer: str
    context: str | None
    split: str | None


def find(table: Table, work: IntakeWork) -> PairColumns | None:
    """Find both columns by their names; what the person gave wins. Raise BadFile for no column."""
    given = work.columns
    require_columns(table, *given.values(), work.split_column)
    names = [name for name in table.columns if name not in given.values()]
    question = given.get("question") or one_named(names, QUESTION_NAMES)
    answer = given.get("answer") or one_named(names, ANSWER_NAMES)
    if question is None or answer is None:
        return None
    rest = [name for name in names if name not in {question, answer}]
    context = given.get("context") or one_named(rest, CONTEXT_NAMES)
    split = work.split_column or find_split(table, {question, answer, context})
    return PairColumns(question, answer, context, split)


def read(table: Table, columns: PairColumns) -> Made:
    """Make rows of a table, tidied and split by groups of questions; raise BadFile.

    Of a question with two answers the one given most often stays (the first by alphabet where
    tied). The result depends on the rows, not on their order, but for `source`: of rows that say
    the same it is the first one's.
    """
    full = _read_rows(table, columns)
    _check(full, columns)
    tidied = _one_row_a_question(full)
    kinds = [(_kind(row),) for row in tidied]
    divided = divide([row.question for row in tidied], [row.split for row in tidied], kinds)
    kept = zip(divided.kept, divided.splits, strict=True)
    rows = sort([tidied[i]._replace(split=split) for i, split in kept])
    _check_training(rows)
    same_split = {(row.question, row.split) for row in tidied}
    here = [row for row in full if (row.question, row.split) in same_split]
    different = len({(row.question, row.answer) for row in here})
    return Made(
        rows,
        texts=[row.question for row in rows],
        private=[f"{row.question}\n{row.answer}" for row in rows],
        taken=divided.taken if columns.split else [],
        card={
            "shape": "pairs",
            "text_column": columns.question,
            "label_column": columns.answer,
            "columns": _roles(columns),
            "splits_from": "file" if columns.split else "made",
            "empty_rows": len(table) - len(full),
            "exact_duplicates": len(here) - different,
            "near_duplicates": divided.near_duplicates,
            "conflicts": _count_conflicts(full),
            "leaks": len(full) - len(here) + divided.leaks,
            **describe(rows),
        },
    )


def describe(rows: Sequence[Pair]) -> dict[str, Any]:
    """Give what the card counts."""
    answers = Counter(row.answer for row in rows if row.answer)
    return {
        "labels": {},
        "splits": say_splits((row.split, _kind(row)) for row in rows),
        "counts": {
            "answers": len(answers),
            "answers_asked_twice": sum(count > 1 for count in answers.values()),
            "unanswered": sum(not row.answer for row in rows),
        },
    }


def sort(rows: Sequence[Pair]) -> list[Pair]:
    """Put rows in canonical order: split, then hash of the question."""
    return sorted(
        rows, key=lambda row: (SPLITS.index(row.split), text_hash(row.question), row.question)
    )


def _read_rows(table: Table, columns: PairColumns) -> list[Pair]:
    """Read the rows that ask something."""
    questions = [value.strip() for value in table.columns[columns.question]]
    if columns.context:
        given = table.columns[columns.context]
        asked = zip(questions, given, strict=True)
        questions = [f"{q}\n\n{context.strip()}".strip() if q else "" for q, context in asked]
    answers = [value.strip() for value in table.columns[columns.answer]]
    splits = read_splits(table, columns.split)
    made = map(Pair, questions, answers, table.lines, splits)
    return [row for row in made if row.question]


def _check(rows: Sequence[Pair], columns: PairColumns) -> None:
    answered = {row.question for row in rows if row.answer}
    if len(answered) < MIN_QUESTIONS:
        raise BadFile(
            f"Only {len(answered)} different questions ({columns.question!r}) have an answer "
            f"({columns.answer!r}): at least {MIN_QUESTIONS} are needed."
        )
    answers = {row.answer for row in rows if row.answer}
    if len(answers) == 1:
        raise BadFile(
            f"The answer column {columns.answer!r} says the same in every row: two different "
            "answers are needed."
        )


def _check_training(rows: Sequence[Pair]) -> None:
    for split in SPLITS:
        if not any(row.answer for row in rows if row.split == split):
            raise BadFile(
                f"The {split} split has no question with an answer: add questions that differ."
            )


def _one_row_a_question(full: Sequence[Pair]) -> list[Pair]:
    by_question: defaultdict[str, list[Pair]] = defaultdict(list)
    for row in full:
        by_question[row.question].append(row)
    return sort([_settle(same) for same in by_question.values()])


def _settle(same: Sequence[Pair]) -> Pair:
    """Take the first split, and the answer given most often; any answer wins over none."""
    votes = Counter(row.answer for row in same)
    answer = min(votes, key=lambda text: (not text, -votes[text], text))
    split = min((row.split for row in same), key=SPLITS.index)
    source = min(row.source for row in same if row.answer == answer)
    return Pair(same[0].question, answer, source, split)


def _count_conflicts(full: Sequence[Pair]) -> int:
    answers: defaultdict[str, set[str]] = defaultdict(set)
    for row in full:
        answers[row.question].add(row.answer)
    return sum(len(found) > 1 for found in answers.values())


def _kind(row: Pair) -> str:
    return ANSWERED if row.answer else UNANSWERED


def _roles(columns: PairColumns) -> dict[str, str]:
    roles = {"question": columns.question, "answer": columns.answer, "context": columns.context}
    return {role: name for role, name in roles.items() if name}
