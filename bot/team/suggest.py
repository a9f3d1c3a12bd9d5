"""Once a day: whether the order of recommendations helps here, and what each person's next one is."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta

import numpy as np

from bot.asking import Office
from bot.team import catalogue, index, taught
from bot.team.catalogue import Catalogue
from bot.team.leave_one_out import is_proven, leave_one_out
from bot.team.recommend import Learner, Library, Pick, Scores, Vectors, best, popular, recommend
from bot.team.taught import Judge
from storage import pseudonyms, recommendations
from storage.database import immediate, opened
from storage.talent import Ranking
from trainer.taste.recommender import Recommender

EVERY = timedelta(minutes=10)
FRESH = timedelta(days=1)
TRIED = 500  # completions


async def refresh(office: Office) -> None:
    """Measure and choose anew once a day, and when another encoder or trained model serves."""
    seen = await asyncio.to_thread(_look, office)
    if seen.encoder is None or not seen.resources or not is_due(seen, office.clock()):
        return
    vectors = await index.vectors(office, seen.encoder, seen.texts)
    learners = list(seen.learners.values())
    queries = await office.serving.encode(seen.encoder.path, [one.query for one in learners])
    model = await office.serving.recommender(seen.taught.path) if seen.taught else None
    await asyncio.to_thread(_measure_and_choose, office, seen, vectors, queries, model)


def is_due(seen: Catalogue, now: datetime) -> bool:
    if seen.ranking is None or seen.encoder is None or seen.encoder.serves_since is None:
        return True
    if seen.ranking.model != (seen.taught.model if seen.taught else None):
        return True
    return now - seen.ranking.at >= FRESH or seen.encoder.serves_since > seen.ranking.at


def measure(
    seen: Catalogue,
    vectors: Vectors,
    queries: Vectors,
    *,
    now: datetime,
    judge: Judge | None = None,
) -> tuple[Ranking, dict[str, int]]:
    """Give what leave-one-out finds, and each person's best resource by the order that it trusts.

    `vectors` are those of the resources, `queries` those of the learners, in their orders; `judge`
    is the trained model that serves, with what it was not trained on.
    """
    library = seen.library(vectors)
    close = closeness(vectors, queries, list(seen.learners.values()))
    by_user = dict(zip(seen.learners, close, strict=True))
    ranking = leave_one_out(
        library,
        seen.learners,
        sorted(seen.done)[:TRIED],
        close=lambda learner: by_user[learner.user],
        now=now,
    )

    def speak(library: Library, learner: Learner) -> list[Pick]:
        if is_proven(ranking) is False:
            return popular(library, learner)
        return recommend(library, learner, by_user[learner.user], now=now)

    def speak_taught(library: Library, learner: Learner) -> list[Pick]:
        if judge is None or not ranking.model_better or not seen.histories.get(learner.user):
            return speak(library, learner)
        return best(library, learner, judge.order(learner.user))

    if judge is not None:
        ranking = taught.compare(ranking, library, seen.learners, judge, before=speak)
    chosen = {user: speak_taught(library, learner) for user, learner in seen.learners.items()}
    return ranking, {user: picks[0].resource.id for user, picks in chosen.items() if picks}


def closeness(vectors: Vectors, queries: Vectors, learners: Sequence[Learner]) -> list[Scores]:
    """Give the cosine of each resource to each query; who asks nothing is close to nothing."""
    cosines = np.asarray(queries @ vectors.T, np.float64)
    return [row if one.query else row * 0 for row, one in zip(cosines, learners, strict=True)]


def _look(office: Office) -> Catalogue:
    with opened(office.settings.data_dir) as db:
        return catalogue.gather(db, data_dir=office.settings.data_dir, now=office.clock())


def _measure_and_choose(
    office: Office,
    seen: Catalogue,
    vectors: Vectors,
    queries: Vectors,
    model: Recommender | None,
) -> None:
    judge = _find_judge(office, seen, model) if model else None
    ranking, chosen = measure(seen, vectors, queries, now=office.clock(), judge=judge)
    with opened(office.settings.data_dir) as db, immediate(db):
        recommendations.note_ranking(db, ranking)
        recommendations.replace(db, chosen, now=ranking.at)


def _find_judge(office: Office, seen: Catalogue, model: Recommender) -> Judge | None:
    """Put the model together with the completions that it was not trained on, the newest."""
    if seen.taught is None:
        return None
    data_dir = office.settings.data_dir
    with opened(data_dir) as db:
        names = pseudonyms.known(db)
    unseen = taught.find_unseen(
        seen.taught,
        sorted(seen.done),
        data_dir=data_dir,
        names=names,
        texts=seen.text_of,
        known=frozenset(model.items),
    )
    return Judge(seen.taught.model, model, seen.histories, seen.text_of, unseen[:TRIED])
