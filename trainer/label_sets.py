"""Answers of any number of labels: their thresholds, calibration, figures and differences; pure."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import minimize_scalar
from scipy.special import expit

from trainer import evaluate
from trainer.spec import Difference, Interval, LabelScore, MultilabelScores

Array = NDArray[np.float64]
Sets = NDArray[np.bool_]  # [rows, labels]: which labels a row has

GRID = np.arange(0.05, 0.955, 0.01).round(2)  # probabilities that may be thresholds
PRIOR = 10.0  # rows' worth: how strongly a label's threshold is drawn to that of all labels
BEST, WORST = (1.0, 1.0, 1.0), (0.0, 1.0, 1.0)  # right, given, true of a row with one label


# --- thresholds -----------------------------------------------------------------------------


def sigmoid(logits: ArrayLike, temperature: float = 1.0) -> Array:
    """Probabilities [rows, labels], float64, from logits of that shape."""
    return np.asarray(expit(np.asarray(logits, np.float64) / temperature))


def fit_temperature(logits: ArrayLike, true: ArrayLike) -> float:
    """Fit the one number by which logits [rows, labels] are divided to be calibrated.

    It is `evaluate.fit_temperature` of yes or no, each label of each row an answer.
    """
    scores, truth = np.asarray(logits, np.float64).ravel(), np.asarray(true, bool).ravel()
    if not len(scores):
        return 1.0
    certain = (len(scores) + 1) / (len(scores) + 2)  # Platt's target in place of 1
    targets = np.where(truth, certain, 1 - certain)

    def loss(log_temperature: float) -> float:
        scaled = scores / math.exp(log_temperature)
        return float((np.logaddexp(0, scaled) - targets * scaled).mean())

    bounds = tuple(math.log(bound) for bound in evaluate.TEMPERATURES)
    return math.exp(minimize_scalar(loss, bounds=bounds, method="bounded").x)


def fit_thresholds(chances: ArrayLike, true: ArrayLike, *, prior: float = PRIOR) -> Array:
    """Choose for each label [labels] the probability from which on it is given.

    It is the one with the best F1 of the label on these rows. Few rows say little, so each label
    has `prior` rows' worth of what all labels say together: one without any row gets the threshold
    that is best for all. Of equally good ones it is the middle.
    """
    right, given, positive = _count(np.asarray(chances, np.float64), np.asarray(true, bool))
    total = max(positive.sum(), 1)
    weight = prior / total
    hits = right + weight * right.sum(axis=1, keepdims=True)
    said = given + weight * given.sum(axis=1, keepdims=True)
    return np.array([_middle_best(f1) for f1 in _f1(hits, said, positive + weight * total).T])


def fit_common_threshold(chances: ArrayLike, true: ArrayLike) -> float:
    """Choose the one probability with the best micro-F1 on these rows."""
    right, given, positive = _count(np.asarray(chances, np.float64), np.asarray(true, bool))
    return _middle_best(_f1(right.sum(axis=1), given.sum(axis=1), positive.sum()))


def _count(chances: Array, true: Sets) -> tuple[Array, Array, Array]:
    """Count by threshold and label the labels given rightly and given at all; by label the true."""
    reached = np.searchsorted(GRID, chances, side="right")  # how many thresholds each is not below
    given, right = (
        np.array(
            [
                np.bincount(column[rows], minlength=len(GRID) + 1)
                for column, rows in zip(reached.T, kept.T, strict=True)
            ]
        ).T
        for kept in (np.ones_like(true), true)
    )
    from_above = [counts[::-1].cumsum(axis=0)[::-1][1:].astype(float) for counts in (right, given)]
    return from_above[0], from_above[1], true.sum(axis=0).astype(float)


def _f1(right: ArrayLike, given: ArrayLike, true: ArrayLike) -> Array:
    """2 right / (given + true); 0 where there is neither."""
    occurrences = np.asarray(given, float) + np.asarray(true, float)
    return np.asarray(2 * np.asarray(right, float) / np.where(occurrences > 0, occurrences, 1))


def _middle_best(f1: Array) -> float:
    best = np.flatnonzero(f1 >= f1.max() - 1e-12)
    return float(GRID[best[(len(best) - 1) // 2]])


# --- figures --------------------------------------------------------------------------------


def figures(true: ArrayLike, given: ArrayLike) -> dict[str, float]:
    """Measure label sets [rows, labels] against the true ones, without intervals.

    micro-F1 is over all labels of all rows together, macro-F1 averages over the labels that occur,
    and `exact` is the share of rows with all their labels and no other.
    """
    truth, said = np.asarray(true, bool), np.asarray(given, bool)
    return {
        "micro_f1": float(_micro(tally(truth, said).sum(axis=0))),
        "macro_f1": float(_macro(_tally_by_label(truth, said).sum(axis=0))),
        "exact": float((truth == said).all(axis=1).mean()),
    }


def score(
    true: ArrayLike, given: ArrayLike, labels: Sequence[str], thresholds: Sequence[float]
) -> MultilabelScores:
    """Score label sets [rows, labels] against the true ones, with 95% bootstrap intervals.

    Raise ValueError where there is no row.
    """
    truth, said = np.asarray(true, bool), np.asarray(given, bool)
    if not len(truth):
        raise ValueError("There is no row to score.")
    return MultilabelScores(
        n=len(truth),
        labels=list(labels),
        micro_f1=evaluate.interval(tally(truth, said), _micro, extremes=(BEST, WORST)),
        macro_f1=_macro_interval(truth, said),
        exact=evaluate.mean_interval((truth == said).all(axis=1)),
        per_label=_per_label(truth, said, labels, thresholds),
    )


def difference(right_a: ArrayLike, right_b: ArrayLike) -> Difference:
    """Compare the micro-F1 of two models on the same rows, from what each row adds: see `tally`."""
    extremes = (BEST, WORST)
    return evaluate.paired_difference(
        right_a, right_b, _micro, metric="micro_f1", extremes=extremes
    )


def tally(true: ArrayLike, given: ArrayLike) -> Array:
    """Count of each row the labels given rightly, given, and true: [rows, 3]."""
    truth, said = np.asarray(true, bool), np.asarray(given, bool)
    return np.column_stack([(truth & said).sum(1), said.sum(1), truth.sum(1)]).astype(float)


def _tally_by_label(true: Sets, given: Sets) -> Array:
    """Give [rows, labels * 3] of right, given and true."""
    return np.stack([true & given, given, true], axis=2).reshape(len(true), -1).astype(float)


def _micro(sums: Array) -> Array:
    return _f1(sums[..., 0], sums[..., 1], sums[..., 2])


def _macro(sums: Array) -> Array:
    right, given, true = np.moveaxis(sums.reshape(*sums.shape[:-1], -1, 3), -1, 0)
    occurring = np.maximum(((given + true) > 0).sum(axis=-1), 1)
    return np.asarray(_f1(right, given, true).sum(axis=-1) / occurring)


def _macro_interval(true: Sets, given: Sets) -> Interval:
    occurring = (true | given).any(axis=0)
    if not occurring.any():
        return Interval(value=0.0, low=0.0, high=0.0)
    added = _tally_by_label(true[:, occurring], given[:, occurring])
    share = occurring.sum()  # each label has its part of the two rows
    extremes = [np.tile(row, share) / share for row in (BEST, WORST)]
    return evaluate.interval(added, _macro, extremes=extremes)


def _per_label(
    true: Sets, given: Sets, labels: Sequence[str], thresholds: Sequence[float]
) -> list[LabelScore]:
    right, said, support = (rows.sum(axis=0) for rows in (true & given, given, true))
    return [
        LabelScore(
            label=label,
            precision=float(right[i] / max(said[i], 1)),
            recall=float(right[i] / max(support[i], 1)),
            f1=float(_f1(right[i], said[i], support[i])),
            support=int(support[i]),
            threshold=float(thresholds[i]),
        )
        for i, label in enumerate(labels)
    ]
