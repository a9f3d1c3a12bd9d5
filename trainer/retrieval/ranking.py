"""Rank all answers to questions, by their own texts or by the questions that they answered too."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from trainer.retrieval.pairs import Pairs, Question
from trainer.search import QUESTIONS_AT_ONCE, Entry, Scores, Vectors

CURVE = 10  # the most answers that are looked at

Scorer = Callable[[Sequence[str]], Iterator[Scores]]  # of texts in a layout's order, by parts


@dataclass(frozen=True)
class Layout:
    """What is searched: each answer, followed by the training questions that it answers."""

    texts: Sequence[str]
    starts: NDArray[np.int64]  # where each answer stands
    questions: NDArray[np.int64]  # where each taught pair's question stands

    def entries(self, pairs: Pairs, *, questions: bool) -> list[Entry]:
        """Describe the answers for the index, with or without their questions."""
        counts = (
            np.diff([*self.starts, len(self.texts)]) if questions else np.ones_like(self.starts)
        )
        return [
            Entry(answer=answer, source=source, vectors=count)
            for answer, source, count in zip(
                pairs.answers, pairs.sources, counts.tolist(), strict=True
            )
        ]

    def by_answer(self, near: Scores, *, questions: bool) -> Scores:
        """Bring scores of all texts to one for each answer: its own, or the best of its texts."""
        if questions:
            return np.maximum.reduceat(near, self.starts, axis=1)
        return near[:, self.starts]


def lay_out(pairs: Pairs) -> Layout:
    """Put each training question behind each of its answers."""
    taught = pairs.taught
    of: list[list[int]] = [[] for _ in pairs.answers]
    for number, (_, answer) in enumerate(taught):
        of[answer].append(number)
    texts: list[str] = []
    starts, questions = np.zeros(len(of), np.int64), np.zeros(len(taught), np.int64)
    for answer, numbers in enumerate(of):
        starts[answer] = len(texts)
        questions[numbers] = len(texts) + 1 + np.arange(len(numbers))
        texts += [pairs.answers[answer], *(taught[number][0].text for number in numbers)]
    return Layout(texts, starts, questions)


@dataclass(frozen=True)
class Ranking:
    """How a way of searching does on questions, an element each."""

    place: NDArray[np.int64]  # of the first right answer, from 1; 0 where there is none
    best: NDArray[np.float32]  # score of the first answer
    without: NDArray[np.float32]  # score of the first one if the right ones were not there

    def recall(self, k: int) -> NDArray[np.bool_]:
        """Tell of each question with an answer whether one is among the first k."""
        return self._placed <= k

    @property
    def reciprocal(self) -> NDArray[np.float64]:
        return 1 / self._placed

    @property
    def curve(self) -> list[float]:
        """Give recall@1, recall@2 … recall@CURVE."""
        return [float(self.recall(k).mean()) for k in range(1, CURVE + 1)]

    @property
    def _placed(self) -> NDArray[np.int64]:
        return self.place[self.place > 0]


def rank(chunks: Iterable[Scores], asked: Sequence[Question]) -> Ranking:
    """Rank from scores [questions, answers], given in parts; equal scores stand in index order."""
    found: list[tuple[int, float, float]] = []
    rights = iter(asked)
    for scores in chunks:
        found += [_place(row, next(rights).right) for row in scores]
    place, best, without = zip(*found, strict=True)
    return Ranking(np.array(place), np.array(best, np.float32), np.array(without, np.float32))


def _place(scores: NDArray[np.float32], right: Sequence[int]) -> tuple[int, float, float]:
    best = float(scores.max())
    if not right:
        return 0, best, best
    first = min(right, key=lambda answer: (-scores[answer], answer))
    ahead = (scores > scores[first]).sum() + (scores[:first] == scores[first]).sum()
    others = np.delete(scores, right)
    return 1 + int(ahead), best, float(others.max(initial=-1))


def stand(scorer: Scorer, layout: Layout, pairs: Pairs) -> Ranking:
    """Rank the test split, searching what ranks better on the validation split."""
    questions = prefers_questions(scorer, layout, pairs)
    return _rank(scorer, layout, pairs.asked["test"], questions=questions)


def prefers_questions(scorer: Scorer, layout: Layout, pairs: Pairs) -> bool:
    """Search the training questions too where that ranks better; they cost room."""
    plain, full = (
        _rank(scorer, layout, pairs.asked["validation"], questions=questions).reciprocal.mean()
        for questions in (False, True)
    )
    return bool(full > plain)


def _rank(scorer: Scorer, layout: Layout, asked: Sequence[Question], *, questions: bool) -> Ranking:
    near = scorer([question.text for question in asked])
    return rank((layout.by_answer(part, questions=questions) for part in near), asked)


def by_vectors(encode: Callable[[Sequence[str]], Vectors], texts: Vectors) -> Scorer:
    """Score by the cosine of questions with texts [texts, dimensions], all of length 1."""

    def score(questions: Sequence[str]) -> Iterator[Scores]:
        vectors = encode(questions)
        for start in range(0, len(vectors), QUESTIONS_AT_ONCE):
            yield vectors[start : start + QUESTIONS_AT_ONCE] @ texts.T

    return score
