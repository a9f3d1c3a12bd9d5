"""What to learn next: the order of the resources for one person, and the three that are shown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bot.team.lexical import WordIndex
from storage.talent import Resource

SHOWN = 3
CLOSE, GAP, PEERS, RECENT = 0.6, 0.25, 0.1, 0.05  # weights of a score
RELEVANCE = 0.7  # of maximal marginal relevance; the rest keeps the three unlike one another
HALF_LIFE = timedelta(days=180)  # of being new

Scores = NDArray[np.float64]  # [resources]
Vectors = NDArray[np.float32]  # [resources, dimensions], each of length 1


@dataclass(frozen=True)
class Library:
    """The resources with all that an order is made of, in one order themselves."""

    resources: Sequence[Resource]
    skills: Mapping[int, tuple[int, ...]]  # resource -> the skills it serves
    words: WordIndex  # of their texts
    completions: Mapping[int, int]  # resource -> people who finished it
    vectors: Vectors | None = None  # None: no encoder has made any

    def without(self, resource: int) -> Library:
        """Give it as it was before one person finished a resource."""
        fewer = {**self.completions, resource: self.completions.get(resource, 0) - 1}
        return replace(self, completions=fewer)


@dataclass(frozen=True)
class Learner:
    """Who learns: what they want and lack, what they are over with, what they are about."""

    user: str
    discipline: str | None = None
    gaps: Mapping[int, float] = field(default_factory=dict)  # wanted skill -> what lacks, 0 to 1
    over: frozenset[int] = frozenset()  # resources begun, done or declined
    query: str = ""


@dataclass(frozen=True)
class Pick:
    """A resource that is shown, with what speaks for it."""

    resource: Resource
    wanted: tuple[int, ...]  # of its skills, those that the learner wants
    peers: int  # who finished it
    elsewhere: bool  # it comes from another discipline


def recommend(library: Library, learner: Learner, close: Scores, *, now: datetime) -> list[Pick]:
    """Choose up to three that the learner isn't over with; one comes from another discipline.

    `close` is how near each resource is to the learner's query: cosine, or BM25 where there is no
    encoder. The three are chosen by maximal marginal relevance (Carbonell and Goldstein 1998).
    """
    scores = score(library, learner, close, now=now)
    chosen = diversify(scores, free_rows(library, learner), library.vectors)
    shown = _look_elsewhere(library, learner, chosen, scores)
    return [pick(library, learner, i) for i in shown]


def score(library: Library, learner: Learner, close: Scores, *, now: datetime) -> Scores:
    """Score each resource: 0.6 close + 0.25 skill gap + 0.1 finished by peers + 0.05 new."""
    most = max(library.completions.values(), default=0) or 1
    rows = [
        GAP * _gap(library, learner, one)
        + PEERS * library.completions.get(one.id, 0) / most
        + RECENT * 0.5 ** ((now - one.added_at) / HALF_LIFE)
        for one in library.resources
    ]
    scores: Scores = CLOSE * np.clip(close, 0, 1) + np.array(rows)
    return scores


def popular(library: Library, learner: Learner) -> list[Pick]:
    """Choose the three that most people finished, of those the learner isn't over with."""
    people = [library.completions.get(one.id, 0) for one in library.resources]
    return best(library, learner, np.array(people))


def best(library: Library, learner: Learner, scores: NDArray[Any]) -> list[Pick]:
    """Choose the three with the highest scores, of those the learner isn't over with."""
    rows = sorted(free_rows(library, learner), key=lambda i: -scores[i])
    return [pick(library, learner, i) for i in rows[:SHOWN]]


def free_rows(library: Library, learner: Learner) -> list[int]:
    return [i for i, one in enumerate(library.resources) if one.id not in learner.over]


def diversify(scores: Scores, free: Sequence[int], vectors: Vectors | None) -> list[int]:
    """Take the best, then whatever is good and unlike what was taken; without vectors the best."""
    chosen: list[int] = []
    alike = np.zeros(len(scores))
    left = set(free)
    while left and len(chosen) < SHOWN:
        gain = RELEVANCE * scores - (1 - RELEVANCE) * alike
        best = max(left, key=lambda i: (gain[i], -i))
        chosen.append(best)
        left.remove(best)
        if vectors is not None:
            alike = np.maximum(alike, vectors @ vectors[best])
    return chosen


def pick(library: Library, learner: Learner, row: int) -> Pick:
    one = library.resources[row]
    wanted = tuple(skill for skill in library.skills.get(one.id, ()) if skill in learner.gaps)
    peers = library.completions.get(one.id, 0)
    return Pick(one, wanted, peers, elsewhere=_is_elsewhere(one, learner))


# --- steps ----------------------------------------------------------------------------------


def _look_elsewhere(
    library: Library, learner: Learner, chosen: list[int], scores: Scores
) -> list[int]:
    """Let the last of three make room for the best of another discipline, unless one is there."""
    free = free_rows(library, learner)
    others = [i for i in free if _is_elsewhere(library.resources[i], learner)]
    if len(chosen) < SHOWN or not others or any(i in others for i in chosen):
        return chosen
    return [*chosen[:-1], max(others, key=lambda i: scores[i])]


def _is_elsewhere(resource: Resource, learner: Learner) -> bool:
    return None not in {resource.discipline, learner.discipline} and (
        resource.discipline != learner.discipline
    )


def _gap(library: Library, learner: Learner, resource: Resource) -> float:
    """Give the widest gap that it helps to close."""
    skills = library.skills.get(resource.id, ())
    return max((learner.gaps.get(skill, 0.0) for skill in skills), default=0.0)
