"""Figures of a model with their uncertainty: scores, paired differences, calibration."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import minimize_scalar
from scipy.special import betaincinv, log_softmax
from scipy.special import softmax as scipy_softmax

from trainer.spec import ClassScore, Difference, Interval, Scores

Array = NDArray[Any]
Statistic = Callable[[Array], Array]  # sums over rows [..., k] -> figures [...]
Unit = Literal["points", "nats"]
Verdict = Literal["better", "worse", "none"]

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


# --- any figure, by resampling --------------------------------------------------------------


def mean(sums: Array) -> Array:
    """Give the mean of sums [..., (value, weight)]; a weight is 1 where rows count alike."""
    return np.asarray(sums[..., 0] / sums[..., 1])


def mean_interval(values: ArrayLike, *, bounded: bool = True) -> Interval:
    """Give the mean of values [n], at least one, with its 95% bootstrap interval.

    `bounded` values are shares from 0 to 1, such as reciprocal ranks; losses aren't.
    """
    return interval(_weigh(values), mean, extremes=_SHARES if bounded else None)


def mean_difference(
    a: ArrayLike, b: ArrayLike, *, metric: str, unit: Unit = "points"
) -> Difference:
    """Compare two models on the same rows: mean of a minus that of b, from values [n] each.

    In points the values are shares from 0 to 1, of which more is better; in nats they are losses.
    Rows must be independent: of choices by the same user take the user's mean.
    """
    extremes = _SHARES if unit == "points" else None
    return paired_difference(
        _weigh(a), _weigh(b), mean, metric=metric, unit=unit, extremes=extremes
    )


def interval(
    rows: ArrayLike, statistic: Statistic, *, extremes: ArrayLike | None = None, seed: int = 0
) -> Interval:
    """Give a figure that sums over rows tell, with its 95% bootstrap interval.

    `rows` [n, k] are what each of at least one row adds to the sums. `extremes` [2, k] are what a
    row would add that is answered as well, and as badly, as can be: both join those that are drawn
    from, so that a small perfect split claims no certainty.
    """
    added = np.asarray(rows, np.float64)
    pseudo = np.empty((0, added.shape[1])) if extremes is None else np.asarray(extremes)
    return _interval(float(statistic(added.sum(axis=0))), statistic(_resample(added, pseudo, seed)))


def paired_difference(
    a: ArrayLike,
    b: ArrayLike,
    statistic: Statistic,
    *,
    metric: str,
    unit: Unit = "points",
    extremes: ArrayLike | None = None,
    seed: int = 0,
) -> Difference:
    """Compare two models on the same rows by a figure of a minus that of b; see `interval`.

    `a` and `b` [n, k] are what each row adds to the sums that `statistic` turns into the figure,
    a share, or a loss in nats, of which less is better. The interval is that of the paired
    bootstrap (Efron and Tibshirani 1993), one row with the `extremes` each way joining it as in
    Bonett and Price's, and symmetric and rounded as in `difference`.
    """
    ours, theirs = np.asarray(a, np.float64), np.asarray(b, np.float64)
    if ours.shape != theirs.shape:
        raise ValueError(f"The models answered different rows: {len(ours)} and {len(theirs)}.")
    n, k = ours.shape
    if not n:
        return Difference(points=0, margin=0, n=0, verdict="none", metric=metric, unit=unit)
    best, worst = np.empty((2, 0, k)) if extremes is None else np.asarray(extremes)[:, None]
    pseudo = np.block([[best, worst], [worst, best]])
    sums = _resample(np.hstack([ours, theirs]), pseudo, seed)
    found = float(statistic(ours.sum(axis=0)) - statistic(theirs.sum(axis=0)))
    low, high = np.quantile(statistic(sums[:, :k]) - statistic(sums[:, k:]), [0.025, 0.975])
    reach = max(found - low, high - found) if n > 1 else abs(found)
    return _tell(found, reach, n, metric=metric, unit=unit)


def _tell(found: float, reach: float, n: int, *, metric: str, unit: Unit) -> Difference:
    """Round a difference, and its margin up; points to tenths, nats to thousandths."""
    scale, digits, most = (100, 1, 100.0) if unit == "points" else (1, 3, math.inf)
    points = round(scale * found, digits)
    margin = min(math.ceil(round(scale * reach * 10**digits, 6)) / 10**digits, most)
    gain = points if unit == "points" else -points
    verdict: Verdict = "none" if abs(points) <= margin else "better" if gain > 0 else "worse"
    return Difference(points=points, margin=margin, n=n, verdict=verdict, metric=metric, unit=unit)


def _resample(rows: Array, pseudo: Array, seed: int) -> Array:
    """Draw the rows with replacement RESAMPLES times, and give their sums [RESAMPLES, k].

    Rows that add the same are one cell of a multinomial draw: exact, and often far fewer.
    """
    random = np.random.default_rng(seed)
    cells, counts = np.unique(np.vstack([rows, pseudo]), axis=0, return_counts=True)
    at_once = max(1, 1_000_000 // len(cells))  # draws, to bound the memory
    return np.concatenate(
        [
            random.multinomial(
                len(rows), counts / counts.sum(), size=min(at_once, RESAMPLES - start)
            )
            @ cells
            for start in range(0, RESAMPLES, at_once)
        ]
    )


_SHARES = ((1.0, 1.0), (0.0, 1.0))  # what rows of the best and the worst value add to a mean


def _weigh(values: ArrayLike) -> Array:
    found = np.asarray(values, np.float64)
    return np.column_stack([found, np.ones(len(found))])


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
