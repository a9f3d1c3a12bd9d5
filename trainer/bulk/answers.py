"""Answers to many texts as columns: label, confidence, and whether it is sure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from trainer.bulk.chunks import Chances


@dataclass(frozen=True)
class Answer:
    """What a row of the result has beside its own columns."""

    label: str
    confidence: float  # calibrated
    sure: bool


@dataclass(frozen=True)
class Answers:
    """The answers to texts, in their order."""

    names: Sequence[str]  # of the model's labels
    chances: Chances
    best: NDArray[np.intp]  # [texts], numbers of labels
    confidence: NDArray[np.float32]  # [texts], of the best
    sure: NDArray[np.bool_]  # [texts]

    @classmethod
    def of(cls, chances: Chances, names: Sequence[str], *, threshold: float) -> Answers:
        best = chances.argmax(axis=1)
        confidence = chances.max(axis=1)
        return cls(names, chances, best, confidence, confidence >= threshold)

    def by_row(self, filled: Sequence[int], *, rows: int) -> list[Answer | None]:
        """Put the answers beside the rows whose texts they answer; the others have none."""
        found: list[Answer | None] = [None] * rows
        columns = (self.best.tolist(), self.confidence.tolist(), self.sure.tolist())
        for row, best, confidence, sure in zip(filled, *columns, strict=True):
            found[row] = Answer(self.names[best], confidence, sure)
        return found

    def count(self) -> dict[str, int]:
        """Count texts by label, the most frequent first."""
        return self._count(self.best)

    def count_unsure(self) -> dict[str, int]:
        return self._count(self.best[~self.sure])

    def _count(self, best: NDArray[np.intp]) -> dict[str, int]:
        counts = Counter(best.tolist())
        return {self.names[label]: n for label, n in counts.most_common()}
