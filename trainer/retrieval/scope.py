"""Say from which score on an answer is given, so that few questions outside the docs get one."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from trainer.retrieval.ranking import Ranking

ANSWERED = 0.05  # at most, of the questions out of scope
FEWEST = math.ceil(1 / ANSWERED) - 1  # of fewer no score keeps that promise

Floats = NDArray[np.float32]


@dataclass(frozen=True)
class OutOfScope:
    """Best scores of questions that the docs don't answer."""

    scores: Floats
    made: int  # of them, questions whose own answers were left out of the search


@dataclass(frozen=True)
class Threshold:
    """From this score on an answer is given."""

    score: float
    bound: float  # expected share, at most, of new out-of-scope questions that get one


def out_of_scope(found: Ranking) -> OutOfScope:
    """Take the questions without an answer; where they are few, each other without its own too.

    A question whose answer is missing from the docs is near those that are there, which is harder
    than most of what people ask past them: a threshold that holds for these is on the safe side.
    """
    real, made = found.best[found.place == 0], found.without[found.place > 0]
    if len(real) >= FEWEST:
        return OutOfScope(real, 0)
    return OutOfScope(np.concatenate([real, made]), len(made))


def fit(scores: Floats) -> Threshold:
    """Choose the smallest score that at most ANSWERED of new questions like these will reach.

    It is split conformal prediction's quantile (Angelopoulos and Bates 2023, *A Gentle
    Introduction*): of n scores the one of rank ceil((n + 1)(1 - ANSWERED)), which a new one exceeds
    with a chance of 1 - rank / (n + 1) at most. Where n is below FEWEST it is the largest, and the
    bound says what that can promise.
    """
    n = len(scores)
    rank = min(math.ceil((n + 1) * (1 - ANSWERED)), n)
    largest = np.sort(scores)[rank - 1]
    return Threshold(float(np.nextafter(largest, np.float32(np.inf))), 1 - rank / (n + 1))
