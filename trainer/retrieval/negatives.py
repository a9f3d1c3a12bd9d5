"""Find hard negatives: wrong answers that the untuned encoder takes for nearly right ones."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from trainer.retrieval.pairs import Question
from trainer.search import QUESTIONS_AT_ONCE, Vectors

CANDIDATES = 8  # a question; a batch takes the first that is nobody's right answer in it
NEARLY = 0.95  # of the right answer's score; what is nearer may well be right too


def mine(asked: Sequence[Question], questions: Vectors, answers: Vectors) -> list[list[int]]:
    """List for each question the numbers of up to CANDIDATES wrong answers, the hardest first.

    Those that score above NEARLY of its right answer are passed over, as they are often right
    answers that nobody marked (Moreira et al. 2024, NV-Retriever, "TopK-PercPos").
    """
    found: list[list[int]] = []
    for start in range(0, len(asked), QUESTIONS_AT_ONCE):
        part = slice(start, start + QUESTIONS_AT_ONCE)
        near = questions[part] @ answers.T
        found += [_hardest(row, q.right) for row, q in zip(near, asked[part], strict=True)]
    return found


def _hardest(scores: NDArray[np.float32], right: Sequence[int]) -> list[int]:
    best = scores[list(right)].max()
    wrong = scores.copy()
    wrong[list(right)] = -np.inf
    wrong[wrong > best - (1 - NEARLY) * abs(best)] = -np.inf
    order = np.argsort(-wrong, kind="stable")[:CANDIDATES]
    return [int(answer) for answer in order if np.isfinite(wrong[answer])]
