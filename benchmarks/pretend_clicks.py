"""A pretended readership: people with tastes, shown lists of texts, who take what they like and see."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import numpy as np
from sklearn.cluster import KMeans
from sklearn.decomposition import TruncatedSVD
from sklearn.feature_extraction.text import TfidfVectorizer

BEGAN = datetime(2026, 1, 5, 8, tzinfo=UTC)
SUBJECTS = 24  # finer than the labels of a data set: what a taste is made of


@dataclass(frozen=True)
class Readership:
    """How people read; a list is read from its top, and what is above is taken more often."""

    users: int = 300
    visits: int = 10  # lists that each person is shown
    shown: int = 10  # texts in a list: half of them famous, half what the person looked for
    focus: float = 0.08  # of a Dirichlet distribution of tastes: small is a taste for little
    skew: float = 0.8  # of Zipf's law, by which texts come to be shown
    patience: float = 0.85  # with which one more text of a list is looked at
    strays: float = 0.04  # chance to take what is seen, whatever it is


def read(texts: Sequence[str], world: Readership, *, seed: int = 0) -> Iterator[dict[str, object]]:
    """Give rows of clicks: user, item, clicked, at.

    Tastes are for subjects that k-means finds in the texts' words: no encoder had a part in them.
    """
    random = np.random.default_rng(seed)
    subjects = find_subjects(texts, seed=seed)
    fame = np.arange(1, len(texts) + 1.0) ** -world.skew
    fame = random.permutation(fame / fame.sum())
    for user in range(world.users):
        taste = random.dirichlet(np.full(SUBJECTS, world.focus))[subjects]
        met = np.zeros(len(texts), bool)  # what was taken is shown no more
        for visit in range(world.visits):
            at = BEGAN + timedelta(days=visit * 7, minutes=int(random.integers(6 * 1_440)))
            chances = np.where(met, 0, fame / fame.sum() + fame * taste / (fame @ taste))
            listed = random.choice(len(texts), world.shown, False, chances / chances.sum())
            liked = taste[listed] / taste.max() * (1 - world.strays) + world.strays
            looked = random.random(world.shown) < world.patience ** np.arange(world.shown)
            taken = looked & (random.random(world.shown) < liked)
            met[listed[taken]] = True
            for item, clicked in zip(listed, taken, strict=True):
                yield {
                    "user": f"reader {user}",
                    "item": texts[item],
                    "clicked": int(clicked),
                    "at": at.isoformat(),
                }


def find_subjects(texts: Sequence[str], *, seed: int) -> np.ndarray:
    """Group texts by their words: [texts], numbers below SUBJECTS."""
    words = TfidfVectorizer(stop_words="english", sublinear_tf=True, min_df=2).fit_transform(texts)
    dense = TruncatedSVD(64, random_state=seed).fit_transform(words)
    dense /= np.linalg.norm(dense, axis=1, keepdims=True) + 1e-9
    return np.asarray(KMeans(SUBJECTS, n_init=3, random_state=seed).fit_predict(dense))
