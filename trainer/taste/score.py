"""How much a person will like items: near to what they took before, and what everyone takes."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

Vectors = NDArray[np.float32]  # [items, dimensions], each of length 1
Scores = NDArray[np.float64]  # [..., items]

RECENT = 20  # choices that speak for a person, the latest ones


def popularity(clicks: ArrayLike) -> Scores:
    """Give the log of each item's share of the clicks [items], one click added to each (Laplace)."""
    counts = np.asarray(clicks, np.float64) + 1
    return np.asarray(np.log(counts / counts.sum()))


def ask(histories: Sequence[Sequence[int]], items: Vectors) -> Vectors:
    """Give a query for each history of item numbers, the latest last: [histories, dimensions].

    It is the mean of the vectors of what was taken, of length 1; zeros where nothing was.
    """
    queries = np.zeros((len(histories), items.shape[1]), np.float32)
    for row, history in enumerate(histories):
        if history:
            mean = items[list(history[-RECENT:])].mean(axis=0)
            queries[row] = mean / max(float(np.linalg.norm(mean)), 1e-12)
    return queries


def score(queries: Vectors, items: Vectors, popular: Scores, *, weight: float) -> Scores:
    """Score items for queries [people, dimensions]: cosine, and popularity by its weight.

    Contrasted with other people's choices an encoder learns how much likelier than usual a choice
    is (van den Oord et al. 2018); how usual it is comes on top. Who has no history has a query of
    zeros: popularity alone orders for them.
    """
    cold = ~queries.any(axis=1, keepdims=True)
    return np.asarray(queries @ items.T + np.where(cold, 1.0, weight) * popular, np.float64)
