"""Answers to many texts as columns: label, confidence and whether it is sure, or several labels."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from trainer.bulk.chunks import Chances
from trainer.predict import ModelCard


@dataclass(frozen=True)
class Answer:
    """What a row of the result has beside its own columns."""

    label: str
    confidence: float  # calibrated
    sure: bool
    labels: Mapping[str, float] | None = None  # label -> probability; None: a text has one


@dataclass(frozen=True)
class Answers:
    """The answers to texts, in their order."""

    names: Sequence[str]  # of the model's labels
    chances: Chances
    best: NDArray[np.intp]  # [texts], numbers of labels
    confidence: NDArray[np.float32]  # [texts], of the best
    sure: NDArray[np.bool_]  # [texts]
    given: NDArray[np.bool_] | None = None  # [texts, labels]; None: a text has one label

    @classmethod
    def of(cls, chances: Chances, card: ModelCard) -> Answers:
        if card.thresholds is not None:
            return cls._of_several(chances, card.labels, card.thresholds)
        best = chances.argmax(axis=1)
        confidence = chances.max(axis=1)
        return cls(card.labels, chances, best, confidence, confidence >= card.threshold)

    @classmethod
    def _of_several(
        cls, chances: Chances, names: Sequence[str], thresholds: Mapping[str, float]
    ) -> Answers:
        """As `trainer.predict` does: the best is the likeliest that is given, or else of all."""
        given = chances >= np.array([thresholds[name] for name in names])
        best = np.where(given, chances, chances - 1).argmax(axis=1)
        confidence = np.take_along_axis(chances, best[:, None], axis=1)[:, 0]
        return cls(names, chances, best, confidence, np.asarray(given.any(axis=1)), given)

    def by_row(self, filled: Sequence[int], *, rows: int) -> list[Answer | None]:
        """Put the answers beside the rows whose texts they answer; the others have none."""
        found: list[Answer | None] = [None] * rows
        columns = (self.best.tolist(), self.confidence.tolist(), self.sure.tolist())
        for text, (row, best, confidence, sure) in enumerate(zip(filled, *columns, strict=True)):
            found[row] = Answer(self.names[best], confidence, sure, self._labels(text))
        return found

    def count(self) -> dict[str, int]:
        """Count texts by label, the most frequent first; one with several counts for each."""
        return self._count(self.best if self.given is None else self.given.nonzero()[1])

    def count_unsure(self) -> dict[str, int]:
        return self._count(self.best[~self.sure]) if self.given is None else {}

    def count_unlabelled(self) -> int | None:
        """Count texts that were given none of several labels."""
        return None if self.given is None else int((~self.sure).sum())

    def carries(self, label: int) -> NDArray[np.bool_]:
        """Tell which texts carry a label: [texts]."""
        return self.best == label if self.given is None else self.given[:, label]

    def _labels(self, text: int) -> dict[str, float] | None:
        if self.given is None:
            return None
        return {self.names[i]: float(self.chances[text, i]) for i in self.given[text].nonzero()[0]}

    def _count(self, best: NDArray[np.intp]) -> dict[str, int]:
        counts = Counter(best.tolist())
        return {self.names[label]: n for label, n in counts.most_common()}
