"""What rankings come to: a retriever's scores, and how it does beside what costs less."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from trainer import evaluate
from trainer.retrieval import scope
from trainer.retrieval.pairs import Pairs
from trainer.retrieval.ranking import Ranking
from trainer.retrieval.scope import Threshold
from trainer.spec import Baseline, Difference, Interval, RetrievalScores

HARDEST = 5
Bools = NDArray[np.bool_]


def score(
    found: Ranking, threshold: Threshold, pairs: Pairs, *, questions_searched: int
) -> RetrievalScores:
    """Sum up the test split."""
    beyond = scope.out_of_scope(found)
    answered = found.best[found.place > 0] >= threshold.score
    return RetrievalScores(
        n=len(answered),
        answers=len(pairs.answers),
        recall_at_1=evaluate.mean_interval(found.recall(1)),
        recall_at_5=evaluate.mean_interval(found.recall(5)),
        mrr=evaluate.mean_interval(found.reciprocal),
        out_of_scope=len(beyond.scores),
        answered_out_of_scope=_share(beyond.scores >= threshold.score),
        answered=evaluate.proportion(int(answered.sum()), len(answered)),
        right_if_answered=_share(found.recall(1)[answered]),
        made_out_of_scope=beyond.made,
        bound=threshold.bound,
        questions_searched=questions_searched,
        curve=found.curve,
        hardest=_hardest(found, pairs),
    )


def name(found: Ranking) -> dict[str, float]:
    """Give the figures by name, as the scores do."""
    return {
        "recall@1": float(found.recall(1).mean()),
        "recall@5": float(found.recall(5).mean()),
        "mrr": float(found.reciprocal.mean()),
    }


def beside(ours: Ranking, other_name: str, other: Ranking) -> Baseline:
    return Baseline(
        name=other_name,
        figures=name(other),
        difference=difference(ours.recall(1), other.recall(1)),
        curve=other.curve,
    )


def difference(right_a: Sequence[bool] | Bools, right_b: Sequence[bool] | Bools) -> Difference:
    """Compare by recall@1 on the same questions."""
    found = evaluate.difference(right_a, right_b)
    return found.model_copy(update={"metric": "recall@1"})


def _share(cases: Bools) -> Interval | None:
    return evaluate.proportion(int(cases.sum()), len(cases)) if len(cases) else None


def _hardest(found: Ranking, pairs: Pairs) -> list[int]:
    """Name the rows whose questions rank their answers lowest, of those not found at once."""
    order = np.argsort(-found.place, kind="stable")[:HARDEST]
    return [pairs.asked["test"][i].row for i in order if found.place[i] > 1]
