"""How well an order of items foretells choices: hit@k, NDCG@10 and AUC, with intervals by user."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from trainer import evaluate
from trainer.spec import Difference, Interval, RecommendationScores
from trainer.taste import score as taste
from trainer.taste.clicks import Choice

TOP = 10
CURVE = 20  # hit@1 to hit@20 are drawn
CHUNK = 512  # choices scored at once, to bound the memory
# Of popularity beside a cosine. As a contrastive loss has it, it is one by the scale of its logits.
USUAL_WEIGHT = 0.05
WEIGHTS = (0.0, 0.0125, 0.025, USUAL_WEIGHT, 0.1, 0.2)

Values = NDArray[np.float64]  # one a choice
Orderer = Callable[[Sequence[Choice]], taste.Scores]  # choices -> scores [choices, items]


@dataclass(frozen=True)
class Ranked:
    """Where each choice stood in an order of all that its person had not taken yet."""

    users: NDArray[np.int64]
    ranks: Values  # 1 is the first; items of one score share the middle rank
    auc: Values  # share of what was shown and left that stood below it
    cold: NDArray[np.bool_]  # its person had no history

    @property
    def hits(self) -> Values:
        return np.asarray(self.ranks <= TOP, np.float64)

    @property
    def ndcg(self) -> Values:
        """Give NDCG@10 of a choice, which with one right item is 1 / log2(1 + rank)."""
        return np.where(self.ranks <= TOP, 1 / np.log2(1 + self.ranks), 0.0)

    @property
    def curve(self) -> list[float]:
        """Give hit@1, hit@2, … hit@20."""
        return [float((self.ranks <= k).mean()) for k in range(1, CURVE + 1)]

    def figures(self) -> dict[str, float]:
        values = {"hit@10": self.hits, "ndcg@10": self.ndcg, "auc": self.auc}
        return {name: float(found.mean()) for name, found in values.items()}

    def only(self, wanted: NDArray[np.bool_]) -> Ranked:
        return Ranked(self.users[wanted], self.ranks[wanted], self.auc[wanted], self.cold[wanted])


def rank(choices: Sequence[Choice], order: Orderer) -> Ranked:
    """Rank each choice among the items that its person had not taken before."""
    places = [
        _place(choice, scores)
        for start in range(0, len(choices), CHUNK)
        for chunk in [choices[start : start + CHUNK]]
        for choice, scores in zip(chunk, order(chunk), strict=True)
    ]
    found = np.array(places, np.float64).reshape(-1, 2)
    return Ranked(
        users=np.array([choice.user for choice in choices], np.int64),
        ranks=found[:, 0],
        auc=found[:, 1],
        cold=np.array([not choice.history for choice in choices], bool),
    )


def by_taste(vectors: taste.Vectors, popular: taste.Scores, *, weight: float) -> Orderer:
    """Order by nearness to a person's history, and by popularity; see `trainer.taste`."""

    def order(choices: Sequence[Choice]) -> taste.Scores:
        queries = taste.ask([choice.history for choice in choices], vectors)
        return taste.score(queries, vectors, popular, weight=weight)

    return order


def by_popularity(popular: taste.Scores) -> Orderer:
    return lambda choices: np.broadcast_to(popular, (len(choices), len(popular)))


def choose_weight(
    choices: Sequence[Choice], vectors: taste.Vectors, popular: taste.Scores
) -> float:
    """Choose how much popularity counts beside a cosine, by NDCG@10 on choices to spare."""

    def ndcg(weight: float) -> float:
        return rank(choices, by_taste(vectors, popular, weight=weight)).figures()["ndcg@10"]

    return max(WEIGHTS, key=ndcg)


def agreement(choices: Sequence[Choice], one: Orderer, other: Orderer) -> float:
    """Give the share of items that two orders put on the same side of what was chosen."""
    same = [
        float(((a > a[choice.item]) == (b > b[choice.item])).mean())
        for start in range(0, len(choices), CHUNK)
        for chunk in [choices[start : start + CHUNK]]
        for choice, a, b in zip(chunk, one(chunk), other(chunk), strict=True)
    ]
    return float(np.mean(same))


def score(ranked: Ranked, *, items: int, new: NDArray[np.bool_]) -> RecommendationScores:
    """Score an order on choices, at least one; `new` marks those of users training never saw."""
    return RecommendationScores(
        n=len(ranked.users),
        users=len(set(ranked.users.tolist())),
        items=items,
        hit_at_10=by_user(ranked.hits, ranked.users),
        ndcg_at_10=by_user(ranked.ndcg, ranked.users),
        auc=by_user(ranked.auc, ranked.users),
        cold_users=len(set(ranked.users[ranked.cold].tolist())),
        new_users=ranked.only(new).figures() if new.any() else {},
        curve=ranked.curve,
    )


def by_user(values: Values, users: NDArray[np.int64]) -> Interval:
    """Give the mean of values [n], with its 95% interval by resampling users with all they chose.

    Choices of one person are alike: as if independent, the interval would be too narrow.
    """
    return evaluate.interval(_sum_up(values, users), evaluate.mean, extremes=_EXTREMES)


def difference(ours: Ranked, theirs: Ranked) -> Difference:
    """Compare two orders on the same choices by hit@10, users resampled."""
    if not len(ours.users):
        return Difference(points=0, margin=100, n=0, verdict="none", metric="hit@10")
    found = evaluate.paired_difference(
        _sum_up(ours.hits, ours.users),
        _sum_up(theirs.hits, ours.users),
        evaluate.mean,
        metric="hit@10",
        extremes=_EXTREMES,
    )
    return found.model_copy(update={"n": len(ours.users)})


_EXTREMES = ((1.0, 1.0), (0.0, 1.0))  # a user with one choice foretold, and one with one missed


def _sum_up(values: Values, users: NDArray[np.int64]) -> NDArray[np.float64]:
    """Give each user's sum and number of choices: [users, 2]."""
    rows = np.unique(users, return_inverse=True)[1]
    return np.column_stack([np.bincount(rows, weights=values), np.bincount(rows)])


def _place(choice: Choice, scores: NDArray[np.float64]) -> tuple[float, float]:
    """Give a choice's rank, and the share of what was left that it stands above."""
    own = scores[choice.item]
    others = np.ones(len(scores), bool)
    others[[*choice.history, choice.item]] = False
    rank = 1 + _stand_above(scores[others], own)
    left = scores[list(choice.shown)] if choice.shown else scores[others]
    return rank, 1 - _stand_above(left, own) / len(left) if len(left) else 1.0


def _stand_above(scores: NDArray[np.float64], own: float) -> float:
    """Count what stands above, and half of what stands level."""
    return float((scores > own).sum() + (scores == own).sum() / 2)
