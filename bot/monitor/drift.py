"""Whether what a model reads has left what it learnt from behind: in length, words, language, sureness.

Each is cut into bins, and the two shares of a bin compared by the population stability index. An
index of 0.25 is a shift by the usual rule (Siddiqi 2006); but of few texts it is often chance: times
1 / (1/n + 1/m) it is about chi-squared (Yurdakul 2018), and so the limit is the larger of the two,
at a hundredth of looks with a false one, shared by the four.
"""

from __future__ import annotations

import re
import statistics
from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy.stats import chi2

from bot.sentiment import spoken

Trait = Literal["length", "unknown", "sureness", "language"]

BINS = 10  # deciles of what was learnt from
SHIFT = 0.25  # of the index
FALSE_LOOKS = 0.01
SMOOTHED = 0.5  # texts added to each bin, so that none is empty
NO_LANGUAGE = "?"
# Words of letters; of scripts without spaces each character.
_WORD = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]|[^\W\d_]+")


@dataclass(frozen=True)
class Profile:
    """What texts are like: one value a text and trait."""

    length: list[float]  # characters
    unknown: list[float]  # share of words that the held-out rows don't have
    sureness: list[float]  # calibrated confidence
    language: list[str]  # ISO 639-1, NO_LANGUAGE where it can't be told

    @property
    def texts(self) -> int:
        return len(self.length)


@dataclass(frozen=True)
class Drift:
    """A trait that has left its training data behind."""

    trait: Trait
    index: float
    before: float | str  # the median, or the most frequent language
    now: float | str


def profile(texts: Sequence[str], confidences: Sequence[float], known: Collection[str]) -> Profile:
    """Measure texts with the confidence of their answers; `known` are the words that were seen."""
    return Profile(
        length=[float(len(text)) for text in texts],
        unknown=[_unknown(text, known) for text in texts],
        sureness=list(confidences),
        language=[spoken.detect(text) or NO_LANGUAGE for text in texts],
    )


def words(text: str) -> list[str]:
    return _WORD.findall(text.casefold())


def find(before: Profile, now: Profile) -> list[Drift]:
    """Find the traits that differ by more than chance and enough to matter; both need texts."""
    chance = 1 / before.texts + 1 / now.texts
    found = [
        _compare("length", before.length, now.length, chance),
        _compare("unknown", before.unknown, now.unknown, chance),
        _compare("sureness", before.sureness, now.sureness, chance),
        _compare_languages(before.language, now.language, chance),
    ]
    return [drift for drift in found if drift is not None]


def _unknown(text: str, known: Collection[str]) -> float:
    found = words(text)
    return sum(word not in known for word in found) / len(found) if found else 0.0


def _compare(
    trait: Trait, before: Sequence[float], now: Sequence[float], chance: float
) -> Drift | None:
    edges = np.unique(np.quantile(before, np.arange(1, BINS) / BINS))
    counts = [
        np.bincount(np.searchsorted(edges, one), minlength=len(edges) + 1) for one in (before, now)
    ]
    index = stability_index(*counts)
    if index < _limit(len(edges) + 1, chance):
        return None
    return Drift(trait, index, statistics.median(before), statistics.median(now))


def _compare_languages(before: Sequence[str], now: Sequence[str], chance: float) -> Drift | None:
    first, second = Counter(before), Counter(now)
    names = sorted({*first, *second})
    index = stability_index([first[name] for name in names], [second[name] for name in names])
    if len(names) == 1 or index < _limit(len(names), chance):
        return None
    grown = max(names, key=lambda name: second[name] / len(now) - first[name] / len(before))
    return Drift("language", index, _most(before), grown)


def stability_index(before: Iterable[int], now: Iterable[int]) -> float:
    """Sum over the bins (q - p) · ln(q / p); 0 is the same."""
    p, q = (np.array(list(counts), float) + SMOOTHED for counts in (before, now))
    p, q = p / p.sum(), q / q.sum()
    return float(((q - p) * np.log(q / p)).sum())


def _limit(bins: int, chance: float) -> float:
    return max(SHIFT, chance * float(chi2.ppf(1 - FALSE_LOOKS / 4, max(bins - 1, 1))))


def _most(values: Sequence[str]) -> str:
    return Counter(values).most_common(1)[0][0]
