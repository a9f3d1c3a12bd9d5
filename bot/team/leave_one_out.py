"""Does the order of recommendations help? Leave-one-out against popularity and BM25."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import datetime

from bot.team.recommend import Learner, Library, Pick, Scores, best, popular, recommend
from storage.talent import Ranking

LEAST_COMPLETIONS = 20  # with fewer, it says nothing


def leave_one_out(
    library: Library,
    learners: Mapping[str, Learner],
    done: Iterable[tuple[str, int]],
    *,
    close: Callable[[Learner], Scores],
    now: datetime,
) -> Ranking:
    """Take each completion (person, resource) away and see whether the three shown would have it.

    The same is asked of the three most popular and the three best by BM25 alone.
    """
    hits = [0, 0, 0]
    taken = [(user, resource) for user, resource in done if user in learners]
    for user, resource in taken:
        learner, before = unlearn(learners[user], resource), library.without(resource)
        orders = (
            recommend(before, learner, close(learner), now=now),
            popular(before, learner),
            best(before, learner, before.words.score(learner.query)),
        )
        hits = [hit + has(order, resource) for hit, order in zip(hits, orders, strict=True)]
    ours, by_popularity, by_words = hits
    return Ranking(now, len(taken), ours, by_popularity, by_words)


def is_proven(ranking: Ranking | None) -> bool | None:
    """Say whether the order beats both simpler ones; None where too little was finished to tell."""
    if ranking is None or ranking.completions < LEAST_COMPLETIONS:
        return None
    return ranking.hits > max(ranking.popularity_hits, ranking.bm25_hits)


def unlearn(learner: Learner, resource: int) -> Learner:
    """Give somebody as they were before they took up a resource."""
    return replace(learner, over=learner.over - {resource})


def has(picks: Iterable[Pick], resource: int) -> bool:
    return any(pick.resource.id == resource for pick in picks)
