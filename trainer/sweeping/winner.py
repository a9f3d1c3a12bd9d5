"""Decide about trials: whether one can end in time, which one won, whether its gain is more than noise; pure."""

from __future__ import annotations

import math
from collections.abc import Sequence
from statistics import fmean, stdev

from scipy.stats import t as student

from trainer.spec import TrialResult

SURE = 0.95  # one-sided: better by chance alone in one search of twenty


def can_finish(*, elapsed: float, epoch: float, epochs: int, left: float) -> bool:
    """Tell whether a trial that took `elapsed` seconds for `epoch` epochs ends in the seconds left."""
    return elapsed / epoch * (epochs - epoch) <= left


def choose_winner(trials: Sequence[TrialResult], *, greater_is_better: bool) -> int:
    """Give the number of the best complete trial, of equals the earlier; without any, the default's."""
    sign = 1 if greater_is_better else -1
    complete = [
        (sign * trial.value, -trial.number)
        for trial in trials
        if trial.state == "complete" and trial.value is not None
    ]
    return -max(complete)[1] if complete else 0


def measure_gain(default: float | None, seeds: Sequence[float], *, scale: float) -> float | None:
    """Give what the winner has over the default; `scale` is negative where less is better.

    By its mean over fresh seeds: luck in the trial that it was chosen by doesn't count.
    """
    return None if default is None or not seeds else scale * (fmean(seeds) - default)


def measure_noise(
    chosen: float | None, seeds: Sequence[float], *, scale: float
) -> tuple[float | None, float | None]:
    """Give the winner's standard deviation from seed to seed, and the gain that it can feign.

    That is of the mean of the seeds over one run of the default, by Student's t.
    """
    values = [*seeds, *([] if chosen is None else [chosen])]
    if len(values) < 2 or not seeds:  # noqa: PLR2004  (one value has no spread)
        return None, None
    noise = abs(scale) * stdev(values)
    quantile = float(student.ppf(SURE, len(values) - 1))
    return noise, quantile * noise * math.sqrt(1 + 1 / len(seeds))
