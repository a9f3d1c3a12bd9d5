"""Results of several jobs beside one another: which is best, where that can be told; pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bot.train import choice, metrics
from trainer.evaluate import difference
from trainer.spec import Difference, Interval, TrainSummary

Right = NDArray[np.bool_]  # [test rows], of a classifier's own test split


@dataclass(frozen=True)
class Entry:
    """A job's result; `right` where its answers to the test rows are kept."""

    job: int
    summary: TrainSummary
    right: Right | None = None

    @property
    def method(self) -> str:
        return choice.method_of(self.summary)

    @property
    def figure(self) -> Interval:
        return metrics.first(self.summary)[1]

    @property
    def serving_bytes(self) -> int | None:
        export = self.summary.export
        if export is None:
            return None
        return export.bytes_int8 if export.format == "int8" else export.bytes_fp32

    @property
    def latency_ms(self) -> float | None:
        export = self.summary.export
        if export is None:
            return None
        return export.latency_ms_int8 if export.format == "int8" else export.latency_ms_fp32

    @property
    def budget(self) -> tuple[str, str, int]:
        """What two jobs must have in common for their methods alone to make the difference."""
        found = self.summary
        return found.base_model, found.dataset_hash, found.rows.get("train", 0)


@dataclass(frozen=True)
class Beside:
    """A job beside the one with the best figure; no difference where the rows are not the same."""

    entry: Entry
    difference: Difference | None
    is_worse: bool  # as far as can be told


def rank(entries: Sequence[Entry]) -> list[Entry]:
    """Put the best figure first; of equal ones the job that trained less."""
    name, _ = metrics.first(entries[0].summary)
    sign = 1 if name in metrics.NUMBERS else -1  # of a loss less is better
    return sorted(entries, key=lambda e: (sign * e.figure.value, e.summary.trainable_parameters))


def compare(ranked: Sequence[Entry]) -> list[Beside]:
    """Set all but the first beside it: row by row where both answered the same test rows.

    Elsewhere two intervals that don't overlap show a difference, and two that do show none.
    """
    return [_beside(ranked[0], other) for other in ranked[1:]]


def _beside(best: Entry, other: Entry) -> Beside:
    if best.right is None or other.right is None or not _same_rows(best, other):
        a, b = best.figure, other.figure
        return Beside(other, None, a.low > b.high or a.high < b.low)
    found = difference(other.right, best.right)
    return Beside(other, found, found.verdict == "worse")


def _same_rows(a: Entry, b: Entry) -> bool:
    return a.summary.dataset_hash == b.summary.dataset_hash
