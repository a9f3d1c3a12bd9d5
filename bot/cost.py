"""What training costs: the time that attempts took, at the rates of their devices."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from babel.numbers import format_currency
from dateutil.relativedelta import relativedelta

from bot import language
from storage.records import Use

Key = Callable[[Use], str]
Rates = Mapping[str, float]  # by a word of a device's name, an hour; `*` for all others
HOUR = 3600  # seconds
WARNING = 0.8  # of a budget


@dataclass(frozen=True)
class Cost:
    """So many seconds of devices, and their price."""

    seconds: float = 0.0
    amount: float = 0.0

    def __add__(self, other: Cost) -> Cost:
        return Cost(self.seconds + other.seconds, self.amount + other.amount)


@dataclass(frozen=True)
class Standing:
    """How a budget stands in its month."""

    of: str  # a person's or a channel's id
    amount: float
    spent: float
    committed: float = 0.0  # what queued and running jobs will take yet, as far as it is known

    @property
    def share(self) -> float:
        return self.spent / self.amount

    @property
    def left(self) -> float:
        return max(0.0, self.amount - self.spent - self.committed)

    @property
    def is_running_out(self) -> bool:
        return self.share >= WARNING

    def has_room_for(self, expected: float) -> bool:
        """Tell whether another job fits; one whose cost isn't known fits while anything is left."""
        return 0 < self.left >= expected


def month_of(at: datetime) -> tuple[datetime, datetime]:
    """Give the first moment of a time's calendar month and of the next one, in UTC."""
    first = at.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    return first, first + relativedelta(months=1)


def rate_of(device: str, rates: Rates) -> float:
    """Give the rate of a device: of the longest name that is a word of its own, else of `*`.

    `A10` is not found in `NVIDIA A100`; case makes no difference.
    """
    named = [n for n in rates if re.search(rf"\b{re.escape(n)}\b", device, re.IGNORECASE)]
    return rates[max(named, key=len)] if named else rates.get("*", 0.0)


def cost_of(use: Use, start: datetime, end: datetime, rates: Rates) -> Cost:
    """Price what of an attempt lies between `start` and `end`; a running one goes on to `end`."""
    until = min(use.ended_at or end, end)
    passed = max(0.0, (until - max(use.started_at, start)).total_seconds())
    seconds = use.devices * passed
    return Cost(seconds, seconds / HOUR * rate_of(use.device, rates))


def sum_by(
    uses: Iterable[Use],
    key: Key,
    *,
    start: datetime,
    end: datetime,
    rates: Rates,
) -> dict[str, Cost]:
    """Sum up the cost of attempts by a key of theirs, the longest first."""
    sums: dict[str, Cost] = {}
    for use in uses:
        sums[key(use)] = sums.get(key(use), Cost()) + cost_of(use, start, end, rates)
    return dict(sorted(sums.items(), key=lambda pair: (-pair[1].seconds, pair[0])))


def find_exceeded(standings: Sequence[Standing], expected: float) -> list[Standing]:
    """List the budgets in which a job of that expected cost has no room."""
    return [standing for standing in standings if not standing.has_room_for(expected)]


def say_money(amount: float, currency: str) -> str:
    """Write an amount as the reader's language does."""
    return str(format_currency(amount, currency, locale=language.current()))
