"""Read question and answer rows into questions with their right answers, and refuse what can't be learnt."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypedDict

import pyarrow.parquet as pq

from trainer.failures import RunFailed
from trainer.spec import SPLITS, fold_text

LEAST_QUESTIONS = 10  # in training, with an answer


class Row(TypedDict):
    """A row of a data set of pairs; an empty answer means that the docs hold none."""

    question: str
    answer: str
    source: int
    split: str


@dataclass(frozen=True)
class Question:
    """One question of a split, with every answer that the split gives it."""

    text: str
    right: tuple[int, ...]  # numbers of answers; none for a question out of scope
    row: int  # of the file, as its owner counts


@dataclass(frozen=True)
class Pairs:
    """All distinct answers, and the distinct questions of each split."""

    answers: Sequence[str]
    sources: Sequence[int]  # the row in which each answer first stood
    asked: Mapping[str, Sequence[Question]]

    @property
    def taught(self) -> list[tuple[Question, int]]:
        """List each question of the training split with each of its answers."""
        return [(question, answer) for question in self.asked["train"] for answer in question.right]


def read(dataset_dir: Path) -> Pairs:
    """Read a data set; raise RunFailed (bad_rows) where nothing could be learned or measured."""
    columns = ["question", "answer", "source", "split"]
    pairs = gather(pq.read_table(dataset_dir / "rows.parquet", columns=columns).to_pylist())
    _check(pairs)
    return pairs


def gather(rows: Iterable[Row]) -> Pairs:
    """Bring rows together by answer and by question; neither case nor white space tell them apart."""
    answers: dict[str, tuple[int, str, int]] = {}
    questions: dict[str, dict[str, tuple[str, int, dict[int, None]]]] = {s: {} for s in SPLITS}
    for row in rows:
        text, source = row["question"], row["source"]
        _, _, right = questions[row["split"]].setdefault(fold_text(text), (text, source, {}))
        if row["answer"]:
            new = (len(answers), row["answer"], source)
            number, _, _ = answers.setdefault(fold_text(row["answer"]), new)
            right[number] = None
    return Pairs(
        answers=[answer for _, answer, _ in answers.values()],
        sources=[source for _, _, source in answers.values()],
        asked={
            split: [Question(text, tuple(right), row) for text, row, right in found.values()]
            for split, found in questions.items()
        },
    )


def _check(pairs: Pairs) -> None:
    if len(pairs.answers) == 1:
        raise RunFailed(
            "bad_rows", "Every question has the same answer: there is nothing to choose from."
        )
    for split, asked in pairs.asked.items():
        if not any(question.right for question in asked):
            raise RunFailed("bad_rows", f"The {split} split has no question with an answer.")
    taught = sum(bool(question.right) for question in pairs.asked["train"])
    if taught < LEAST_QUESTIONS:
        raise RunFailed(
            "bad_rows",
            f"The training split has {taught} questions with an answer; "
            f"at least {LEAST_QUESTIONS} are needed.",
        )
