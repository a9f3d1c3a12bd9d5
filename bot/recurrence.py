"""When a rule comes round: RRULE on naive local times, and only then the zone."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache, partial
from zoneinfo import ZoneInfo

from dateutil.rrule import rrule, rruleset, rrulestr

DAY = timedelta(days=1)  # zones lie within a day of UTC


def occurrences(
    rule: str | None, starts_at: str, zone: str, *, after: datetime, until: datetime
) -> list[datetime]:
    """Give the moments, in UTC, at which a rule comes round in (after, until].

    `rule` is RRULE text (`FREQ=WEEKLY;BYDAY=MO`), None for once; `starts_at` is naive and local
    (`2026-11-24T09:30`), `zone` an IANA name. A local time that a change of clocks leaves out
    moves past the gap; one that comes twice counts the first time. So each day has its one
    occurrence, which rules on aware times (APScheduler's CronTrigger) miss and double.
    """
    here = ZoneInfo(zone)
    first, last = (_naive(at.astimezone(here)) for at in (after - DAY, until + DAY))
    found = _between(rule, starts_at, first, last)
    moments = {_moment(here, local) for local in found}
    return sorted(at for at in moments if after < at <= until)


def upcoming(
    rule: str | None, starts_at: str, zone: str, *, after: datetime, count: int
) -> list[datetime]:
    """Give the next moments, in UTC, at which a rule comes round: what a date list shows."""
    start = datetime.fromisoformat(starts_at)
    here = ZoneInfo(zone)
    since = _naive(after.astimezone(here) - DAY)
    # A day's worth more than asked: `since` lies before `after`.
    found = _compiled(rule, start).xafter(since, count + 2, inc=True) if rule else [start]
    return [at for at in map(partial(_moment, here), found) if at > after][:count]


def local_days(rule: str | None, starts_at: str, *, first: date, last: date) -> list[date]:
    """Give the local days from `first` to `last`, both included, on which a rule comes round."""
    begin, end = datetime.combine(first, time.min), datetime.combine(last, time.max)
    return sorted({local.date() for local in _between(rule, starts_at, begin, end)})


def _between(
    rule: str | None, starts_at: str, first: datetime, last: datetime
) -> Iterable[datetime]:
    start = datetime.fromisoformat(starts_at)
    if rule is None:
        return [start] if first <= start <= last else []
    return _compiled(rule, start).between(first, last, inc=True)


@lru_cache(maxsize=1024)
def _compiled(rule: str, start: datetime) -> rrule | rruleset:
    return rrulestr(rule, dtstart=start, cache=True)


def _moment(here: ZoneInfo, local: datetime) -> datetime:
    return local.replace(tzinfo=here, fold=0).astimezone(UTC)


def _naive(at: datetime) -> datetime:
    return at.replace(tzinfo=None)
