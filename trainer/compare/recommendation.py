"""Compare two recommenders on the test choices that neither of them has learned from."""

from __future__ import annotations

from collections.abc import Sequence

from trainer.compare.contender import Contender
from trainer.spec import Comparison
from trainer.taste import ranking
from trainer.taste.clicks import load_choices
from trainer.taste.ranking import Orderer
from trainer.taste.recommender import Recommender


def compare(candidate: Contender, rival: Contender, *, threads: int = 0) -> Comparison:
    """Compare a candidate with its rival on the candidate's test choices, by hit@10.

    Both rank all of the candidate's items, each by its own vectors and by what was popular in its
    own training. Choices that the rival was trained on (the same person and item) are left out.
    Raise OSError where a folder is gone.
    """
    seen = set((rival.dataset / "seen.txt").read_text(encoding="ascii").split())
    choices = load_choices(candidate.folder / "test_choices.jsonl")
    unseen = [choice for choice in choices if choice.key not in seen]
    ours, theirs = (Recommender.load(one.folder, threads=threads) for one in (candidate, rival))
    return Comparison(
        model=rival.number,
        difference=ranking.difference(
            ranking.rank(unseen, _order(ours, ours.items)),
            ranking.rank(unseen, _order(theirs, ours.items)),
        ),
        left_out=len(choices) - len(unseen),
    )


def _order(model: Recommender, items: Sequence[str]) -> Orderer:
    """Let a model order the items of these numbers."""
    weight = model.card.popularity_weight
    return ranking.by_taste(model.vectors(items), model.popularity(items), weight=weight)
