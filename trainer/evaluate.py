"""Figures of a model with their uncertainty: scores, paired differences, calibration."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import minimize_scalar
from scipy.special import betaincinv, log_softmax
from scipy.special import softmax as scipy_softmax

from trainer.spec import ClassScore, Difference, Interval, Scores

Array = NDArray[Any]

RESAMPLES = 2_000
Z95 = 1.959964  # two-sided 95% point of the normal distribution
TEMPERATURES = (0.05, 20.0)
PRECISION = 0.9  # of the answers given as sure
LEAST_SURE = 0.6  # calibrated: below it an answer is wrong four times in ten
FEW_ROWS = 50  # fewer can't show a precision

# --- scores ---------------------------------------------------------------------------------


def confusion(true: ArrayLike, predicted: ArrayLike, classes: int) -> Array:
    """Count rows by (true, predicted): int64 [classes, classes]. Labels are indices."""
    cells = np.asarray(true, np.int64) * classes + np.asarray(predicted, np.int64)
    return np.bincount(cells, minlength=classes * classes).reshape(classes, classes)


def accuracy(matrix: Array) -> float:
    return float(np.trace(matrix) / max(matrix.sum(), 1))


def macro_f1(matrix: Array) -> float:
    """Average F1 over the classes that occur as a true or as a predicted label."""
    return float(_macro_f1(matrix.diagonal(), matrix.sum(axis=1), matrix.sum(axis=0)))


def score(true: ArrayLike, predicted: ArrayLike, labels: Sequence[str], *, seed: int = 0) -> Scores:
    """Score label indices [n] against the true ones, with 95% bootstrap intervals.

    Raise ValueError where there is no row.
    """
    matrix = confusion(true, predicted, len(labels))
    if not matrix.any():
        raise ValueError("There is no row to score.")
    accuracies, macro_f1s = _bootstrap(matrix, np.random.default_rng(seed))
    return Scores(
        n=int(matrix.sum()),
        labels=list(labels),
        accuracy=_interval(accuracy(matrix), accuracies),
        macro_f1=_interval(macro_f1(matrix), macro_f1s),
        per_class=_per_class(matrix, labels),
        confusion=matrix.tolist(),
    )


def _per_class(matrix: Array, labels: Sequence[str]) -> list[ClassScore]:
    right, support, answers = matrix.diagonal(), matrix.sum(axis=1), matrix.sum(axis=0)
    return [
        ClassScore(label=label, precision=precision, recall=recall, f1=f1, support=rows)
        for label, precision, recall, f1, rows in zip(
            labels,
            (right / np.maximum(answers, 1)).tolist(),
            (right / np.maximum(support, 1)).tolist(),
            (2 * right / np.maximum(support + answers, 1)).tolist(),
            support.tolist(),
            strict=True,
        )
    ]


def _macro_f1(right: Array, support: Array, answers: Array) -> Array:
    """F1 = 2 right / (support + answers), averaged over the last axis; absent classes don't count."""
    occurrences = support + answers
    f1 = 2 * right / np.maximum(occurrences, 1)
    return np.asarray(f1.sum(axis=-1) / np.maximum((occurrences > 0).sum(axis=-1), 1))


def _bootstrap(matrix: Array, random: np.random.Generator) -> tuple[Array, Array]:
    """Resample the rows RESAMPLES times: accuracies and macro-F1s, each [RESAMPLES].

    Both figures depend on the confusion matrix alone, and drawing n rows with replacement is one
    multinomial draw of its cells: exact, and its cost grows with the cells and not with the rows.
    One right and one wrong pseudo-row, spread evenly over the classes, keep a small perfect split
    from claiming certainty (as Agresti and Coull 1998 do for a single proportion).
    """
    n = int(matrix.sum())
    rows, columns, chances = _smooth_cells(matrix)
    by_column = np.argsort(columns, kind="stable")
    row_starts = np.unique(rows, return_index=True)[1]
    column_starts = np.unique(columns[by_column], return_index=True)[1]
    accuracies, macro_f1s = [], []
    at_once = max(1, 1_000_000 // len(chances))  # draws, to bound the memory
    for start in range(0, RESAMPLES, at_once):
        draws = random.multinomial(n, chances, size=min(at_once, RESAMPLES - start))
        right = draws[:, rows == columns]
        support = np.add.reduceat(draws, row_starts, axis=1)
        answers = np.add.reduceat(draws[:, by_column], column_starts, axis=1)
        accuracies.append(right.sum(axis=1) / n)
        macro_f1s.append(_macro_f1(right, support, answers))
    return np.concatenate(accuracies), np.concatenate(macro_f1s)


def _smooth_cells(matrix: Array) -> tuple[Array, Array, Array]:
    """Give the non-empty cells by row: their rows, columns and chances, pseudo-rows included."""
    present = (matrix.sum(axis=0) + matrix.sum(axis=1)) > 0
    kept = matrix[np.ix_(present, present)]
    right = np.eye(len(kept)) / len(kept)
    wrong = np.roll(right, 1, axis=1)  # each class taken for the next: few cells, all classes alike
    smooth = kept + right + wrong
    rows, columns = smooth.nonzero()
    return rows, columns, smooth[rows, columns] / smooth.sum()


def _interval(value: float, resampled: Array) -> Interval:
    low, high = np.quantile(resampled, [0.025, 0.975]).tolist()
    return Interval(value=value, low=min(low, value), high=max(high, value))


def proportion(found: int, n: int) -> Interval:
    """Give a share of `n` independent cases, at least one, with Jeffreys' 95% interval.

    Brown, Cai and DasGupta (2001) recommend it where cases are few or the share is near 0 or 1.
    """
    low, high = betaincinv(found + 0.5, n - found + 0.5, [0.025, 0.975]).tolist()
    return Interval(value=found / n, low=low if found else 0.0, high=high if found < n else 1.0)


# --- paired differences ---------------------------------------------------------------------


def difference(correct_a: ArrayLike, correct_b: ArrayLike) -> Difference:
    """Compare two models on the same rows: accuracy of a minus b, from booleans [n] each.

    The interval is Bonett and Price's (2012) for paired proportions, which keeps its coverage on
    few rows and near 0 and 1, and which Fagerland, Lydersen and Laake (2014) recommend. It is
    widened on its far side to be symmetric about the observed difference, and both numbers are
    given to a tenth of a point, the margin rounded up: so the verdict is what the printed
    interval says, and never claims more than the exact one would.
    """
    a, b = np.asarray(correct_a, bool), np.asarray(correct_b, bool)
    if a.shape != b.shape:
        raise ValueError(f"The models answered different rows: {len(a)} and {len(b)}.")
    n, only_a, only_b = len(a), int((a & ~b).sum()), int((b & ~a).sum())
    points = round(100 * (only_a - only_b) / max(n, 1), 1)
    margin = math.ceil(1_000 * _margin(n, only_a, only_b)) / 10
    verdict = "none" if abs(points) <= margin else "better" if points > 0 else "worse"
    return Difference(points=points, margin=min(margin, 100.0), n=n, verdict=verdict)


def _margin(n: int, only_a: int, only_b: int) -> float:
    """Reach, as a share, from the observed difference to the far end of Bonett and Price's."""
    p_a, p_b = (only_a + 1) / (n + 2), (only_b + 1) / (n + 2)
    half = Z95 * math.sqrt((p_a + p_b - (p_a - p_b) ** 2) / (n + 2))
    return half + abs((only_a - only_b) / max(n, 1) - (p_a - p_b))


# --- calibration ----------------------------------------------------------------------------


def softmax(logits: ArrayLike, temperature: float = 1.0) -> Array:
    """Probabilities [n, classes], float64, from logits of that shape."""
    return np.asarray(scipy_softmax(np.asarray(logits, np.float64) / temperature, axis=-1))


def fit_temperature(logits: ArrayLike, true: ArrayLike) -> float:
    """Fit the one number by which logits [n, classes] are divided to be calibrated.

    Guo et al. 2017, *On Calibration of Modern Neural Networks*. The targets are Platt's (1999),
    (n + 1) / (n + 2) in place of 1: without them a split answered without a fault would ask for
    endless confidence. Without rows it is 1.
    """
    scores, truth = np.asarray(logits, np.float64), np.asarray(true, np.int64)
    if not len(scores):
        return 1.0
    n, classes = scores.shape
    targets = np.full((n, classes), 1 / (n + 2) / max(classes - 1, 1))
    targets[np.arange(n), truth] = (n + 1) / (n + 2)

    def loss(log_temperature: float) -> float:
        return -float((targets * log_softmax(scores / math.exp(log_temperature), axis=1)).mean())

    bounds = tuple(math.log(bound) for bound in TEMPERATURES)
    return math.exp(minimize_scalar(loss, bounds=bounds, method="bounded").x)


def choose_threshold(probabilities: ArrayLike, true: ArrayLike) -> float:
    """Choose the confidence below which an answer is called "not sure".

    It is the smallest at which the answers at or above it are right PRECISION of the time on
    this split, kept between LEAST_SURE and PRECISION itself, at which a calibrated model keeps
    the promise anyway. A split of fewer than FEW_ROWS can't show it: LEAST_SURE.
    """
    chances, truth = np.asarray(probabilities, np.float64), np.asarray(true, np.int64)
    if len(chances) < FEW_ROWS:
        return LEAST_SURE
    right = chances.argmax(axis=1) == truth
    steps, step_of, rows = np.unique(chances.max(axis=1), return_inverse=True, return_counts=True)
    answered = _from_above(rows)
    precise = _from_above(np.bincount(step_of, weights=right)) >= PRECISION * answered
    smallest = steps[precise][0] if precise.any() else PRECISION
    return float(np.clip(smallest, LEAST_SURE, PRECISION))


def _from_above(counts: Array) -> Array:
    return counts[::-1].cumsum()[::-1]
