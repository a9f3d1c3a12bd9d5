"""The recommendation model that was promoted: what it orders, and whether it does so better here."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from sqlite_utils import Database

from bot.commands.train import ALIASES
from bot.language import tr, trn
from bot.team.leave_one_out import LEAST_COMPLETIONS, has, unlearn
from bot.team.recommend import Learner, Library, Pick, Scores, best
from storage import models
from storage.talent import Marked, Ranking
from trainer.evaluate import difference
from trainer.spec import dataset_dir, text_hash
from trainer.taste.recommender import Recommender

TAKEN = {"started", "done"}  # marks that say: this person chose it


@dataclass(frozen=True)
class Taught:
    """What serves as `learning`."""

    model: int
    version: int
    path: str
    dataset_hash: str


def find(db: Database, data_dir: Path) -> Taught | None:
    """Find the model that serves; None where there is none, or its files are gone."""
    serving = models.serving(db, ALIASES["recommendation"])
    if serving is None or serving[1].task != "recommendation":
        return None
    promotion, model = serving
    if not (data_dir / model.path).is_dir():
        return None
    return Taught(model.id, promotion.version, model.path, model.dataset_hash)


def histories(marked: Iterable[Marked]) -> dict[str, list[int]]:
    """Give what each person took up, the latest last."""
    found: defaultdict[str, dict[int, datetime]] = defaultdict(dict)
    for one in sorted(marked, key=lambda one: one.at):
        if one.mark in TAKEN:
            found[one.user].setdefault(one.resource, one.at)
    return {user: list(taken) for user, taken in found.items()}


def find_unseen(
    taught: Taught,
    done: Iterable[tuple[str, int]],
    *,
    data_dir: Path,
    names: Mapping[str, str],
    texts: Mapping[int, str],
    known: Collection[str],
) -> list[tuple[str, int]]:
    """Leave out the completions that the model was trained on: it would only remember them.

    Of a text that is none of those `known` to it nobody can tell, for it may have read otherwise
    then; nor of any where its data set is gone.
    """
    try:
        lines = (dataset_dir(data_dir, taught.dataset_hash) / "seen.txt").read_text("ascii")
    except OSError:
        return []
    seen = set(lines.split())
    return [
        (user, resource)
        for user, resource in done
        if texts.get(resource) in known
        and text_hash(f"{names.get(user, '')}\n{texts[resource]}") not in seen
    ]


def order(
    model: Recommender, history: Sequence[int], texts: Mapping[int, str], *, without: int = 0
) -> Scores:
    """Score the resources of `texts`, in their order, for who took up these before."""
    taken = [texts[one] for one in history if one in texts and one != without]
    return model.rank(taken, list(texts.values())).scores


@dataclass(frozen=True)
class Judge:
    """A model with what it takes to try it on the team's own completions."""

    number: int
    model: Recommender
    histories: Mapping[str, Sequence[int]]
    texts: Mapping[int, str]
    unseen: Sequence[tuple[str, int]]  # completions that it was not trained on

    def order(self, user: str, *, without: int = 0) -> Scores:
        return order(self.model, self.histories.get(user, ()), self.texts, without=without)


def compare(
    ranking: Ranking,
    library: Library,
    learners: Mapping[str, Learner],
    judge: Judge,
    *,
    before: Callable[[Library, Learner], list[Pick]],
) -> Ranking:
    """Add to a ranking how a model does beside the order that speaks without it, pair by pair.

    It speaks where it is shown to be better: at a tie what spoke before goes on.
    """
    ours, theirs = [], []
    for user, resource in judge.unseen:
        if user in learners:
            learner, then = unlearn(learners[user], resource), library.without(resource)
            ours.append(has(best(then, learner, judge.order(user, without=resource)), resource))
            theirs.append(has(before(then, learner), resource))
    enough = len(ours) >= LEAST_COMPLETIONS
    return replace(
        ranking,
        model=judge.number,
        model_tried=len(ours),
        model_hits=sum(ours),
        order_hits=sum(theirs),
        model_better=enough and difference(ours, theirs).verdict == "better",
    )


def may_speak(taught: Taught | None, ranking: Ranking | None) -> bool:
    return (
        taught is not None
        and ranking is not None
        and ranking.model == taught.model
        and ranking.model_better
    )


def say(taught: Taught, ranking: Ranking | None, *, spoke: bool) -> str:
    """Say whether the trained model ordered, and why or why not."""
    told = {"model": taught.model, "version": taught.version}
    if ranking is None or ranking.model != taught.model:
        return tr(
            "The trained model {model} (`learning` v{version}) was not compared with this order "
            "yet.",
            **told,
        )
    if ranking.model_tried < LEAST_COMPLETIONS:
        return trn(
            "The trained model {model} (`learning` v{version}) waits: {count} thing that it had "
            "not learnt from was finished here, and {least} are needed to compare.",
            "The trained model {model} (`learning` v{version}) waits: {count} things that it had "
            "not learnt from were finished here, and {least} are needed to compare.",
            ranking.model_tried,
            least=LEAST_COMPLETIONS,
            **told,
        )
    told |= {
        "count": ranking.model_tried,
        "hits": ranking.model_hits,
        "others": ranking.order_hits,
    }
    if spoke:
        return tr(
            "Ordered by the trained model {model} (`learning` v{version}): of {count} things "
            "finished here that it had not learnt from, it would have shown {hits} among its "
            "three, the order without it {others}.",
            **told,
        )
    if ranking.model_better:
        return tr(
            "The trained model {model} (`learning` v{version}) orders for those who took up "
            "something before.",
            **told,
        )
    return tr(
        "The trained model {model} (`learning` v{version}) is not shown to be better, so it does "
        "not order: of {count} things finished here that it had not learnt from, it would have "
        "shown {hits} among its three, this order {others}.",
        **told,
    )
