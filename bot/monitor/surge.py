"""Tell a surge of negatives from chance, with a promised number of false alarms a month.

Each hour of a topic is some texts, of which some are negative. The Shiryaev–Roberts procedure
multiplies up how much likelier the hours since any start are under a raised rate than under the
usual one, and sums over the starts. While the rate is as usual, that sum less the number of hours
is a martingale (Pollak 1985), so an alarm at a sum of `limit` comes after `limit` hours with texts
on average, or later: the budget is a formula and holds for all topics together, however often
within an hour one looks. Several raised rates are averaged, as in the e-detectors of Shin, Ramdas
and Rinaldo (2022). What is usual is learnt, so two things keep the promise when little is known:
the null is each rate up to the upper end of an interval, and hours are beta-binomial, because the
texts of one hour resemble each other. Nothing is promised against a rate that drifts slowly.

river's drift detectors state no rate of false alarms for shares of a changing number of texts, and
ruptures finds changes in a series that has ended; scipy has the distributions.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy.special import betaln, logsumexp
from scipy.stats import beta

Floats = NDArray[np.float64]
Slot = tuple[bool, int]  # at the weekend or not; quarter of the day, UTC

RATIOS = (1.5, 2.0, 4.0, 8.0)  # of the odds of a negative, in a surge against usual
SURE = 0.9  # that the usual rate is below what is tested against
# A prior is worth so many texts: those of the monitor for a topic, those of the topic for a slot.
OF_MONITOR, OF_TOPIC = 4, 100
ALIKE, MOST_ALIKE = 0.003, 0.5  # correlation of an hour's texts, at least and at most
FEWEST = 5  # negatives: fewer are never a surge
BACK = np.log(20)  # evidence lost since its peak, from which on a surge is over


@dataclass(frozen=True)
class Hour:
    """The texts of one topic in one hour; hours without any aren't listed."""

    at: datetime  # its beginning
    texts: int
    negatives: int


@dataclass(frozen=True)
class Rate:
    """What is known of a share of negatives: a beta distribution, as counts of texts."""

    negatives: float = 1
    others: float = 1

    def seen(self, hours: Sequence[Hour], *, alike: float = ALIKE) -> Rate:
        """Learn from hours whose texts resemble each other so much."""
        texts = np.array([hour.texts for hour in hours], float)
        negatives = sum(hour.negatives for hour in hours)
        if not texts.size:
            return self
        effect = 1 + ((texts**2).sum() / texts.sum() - 1) * alike  # of the design (Kish 1965)
        others = float(texts.sum()) - negatives
        return Rate(self.negatives + negatives / effect, self.others + others / effect)

    def worth(self, texts: float) -> Rate:
        """Keep the share, as known from so many texts at most."""
        weight = min(1.0, texts / (self.negatives + self.others))
        return Rate(weight * self.negatives, weight * self.others)

    @property
    def mean(self) -> float:
        return self.negatives / (self.negatives + self.others)

    @cached_property
    def most(self) -> float:
        """Give the upper end of the share's one-sided interval."""
        return float(beta.ppf(SURE, self.negatives, self.others))


@dataclass(frozen=True)
class Usual:
    """What a topic is like as a rule."""

    rate: Rate
    slots: Mapping[Slot, Rate]
    alike: float  # correlation between the texts of one hour

    def at(self, hour: Hour) -> Rate:
        return self.slots.get(slot(hour), self.rate)


@dataclass(frozen=True)
class Surge:
    """Hours up to now with more negatives than usual."""

    began_at: datetime
    last_at: datetime  # the newest hour with texts
    texts: int
    negatives: int
    expected: float  # negatives, had all been as usual


def slot(hour: Hour) -> Slot:
    return hour.at.weekday() >= 5, hour.at.hour // 6  # noqa: PLR2004 - Saturday


def limit(active_hours: float, alarms_a_month: float) -> float:
    """Give the sum to raise an alarm at; `active_hours` are those with texts, a month, by topic."""
    return max(active_hours, 1) / alarms_a_month


def learn(past: Sequence[Hour], of_monitor: Rate) -> Usual:
    """Learn what is usual from a topic's past, shrunk towards that of all topics where short."""
    slots: defaultdict[Slot, list[Hour]] = defaultdict(list)
    for hour in past:
        slots[slot(hour)].append(hour)
    prior = of_monitor.worth(OF_MONITOR)
    first = prior.seen(past)
    rates = {key: first.worth(OF_TOPIC).seen(hours) for key, hours in slots.items()}
    alike = _measure_alike(past, [rates[slot(hour)].mean for hour in past])
    rate = prior.seen(past, alike=alike)
    shared = rate.worth(OF_TOPIC)
    rates = {key: shared.seen(hours, alike=alike) for key, hours in slots.items()}
    return Usual(rate, rates, alike)


def find(hours: Sequence[Hour], usual: Usual, limit: float) -> Surge | None:
    """Find the surge that lasts to the end of these hours, oldest first; None where none is sure.

    `limit` is what the evidence must reach. A negative more is never less of a surge.
    """
    if not hours:
        return None
    evidence = weigh(hours, usual)
    if _log_sum(evidence) < np.log(limit):
        return None
    since = np.cumsum(evidence[:, ::-1], axis=1)[:, ::-1]  # from each start to the end
    start = int(since.max(axis=0).argmax())
    found = measure(hours[start:], usual)
    return None if found.negatives < FEWEST or is_over(hours[start:], usual) else found


def measure(hours: Sequence[Hour], usual: Usual) -> Surge:
    """Say what hours had, and what was to be expected of them."""
    return Surge(
        began_at=hours[0].at,
        last_at=hours[-1].at,
        texts=sum(hour.texts for hour in hours),
        negatives=sum(hour.negatives for hour in hours),
        expected=sum(hour.texts * usual.at(hour).mean for hour in hours),
    )


def is_over(hours: Sequence[Hour], usual: Usual) -> bool:
    """Tell whether a surge that began with these hours has ended by their end.

    It has where the newest hours are twenty times likelier as usual than at the surge's rate.
    """
    course = np.cumsum(weigh(hours, usual), axis=1)
    best = course[course.max(axis=1).argmax()]
    return bool(best.max() - best[-1] >= BACK)


def weigh(hours: Sequence[Hour], usual: Usual) -> Floats:
    """Give log likelihood ratios [RATIOS, hours] of a raised rate against the usual one."""
    texts = np.array([hour.texts for hour in hours], float)
    negatives = np.array([hour.negatives for hour in hours], float)
    rates = np.array([usual.at(hour).most for hour in hours])
    ratios = np.array(RATIOS)[:, None]
    raised = ratios * rates / (1 - rates + ratios * rates)
    like = [_log_likelihood(negatives, texts, rate, usual.alike) for rate in (raised, rates)]
    return np.asarray(like[0] - like[1])


def _log_likelihood(negatives: Floats, texts: Floats, rate: Floats, alike: float) -> Floats:
    """Give the beta-binomial log likelihood, less what is the same at every rate."""
    weight = (1 - alike) / alike
    a, b = rate * weight, (1 - rate) * weight
    return np.asarray(betaln(negatives + a, texts - negatives + b) - betaln(a, b))


def _log_sum(evidence: Floats) -> float:
    """Sum over the starts, averaged over the raised rates, by R = (R + 1) · ratio."""
    total = np.full(len(evidence), -np.inf)
    for ratios in evidence.T:
        total = np.logaddexp(total, 0) + ratios
    return float(logsumexp(total) - np.log(len(total)))


def _measure_alike(hours: Sequence[Hour], rates: Sequence[float]) -> float:
    """Estimate the correlation within hours by moments, from Pearson's chi-squared."""
    texts = np.array([hour.texts for hour in hours], float)
    negatives = np.array([hour.negatives for hour in hours], float)
    rate = np.array(rates)
    pairs = (texts - 1).sum()
    if pairs < 1:
        return ALIKE
    surplus = ((negatives - texts * rate) ** 2 / (texts * rate * (1 - rate)) - 1).sum()
    return float(np.clip(surplus / pairs, ALIKE, MOST_ALIKE))
