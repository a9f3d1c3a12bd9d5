"""When people work, as bits of a week's quarters of an hour, so that shared hours are an `&`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, time, timedelta
from functools import reduce
from zoneinfo import ZoneInfo

from bot.calendar import WorkCalendar
from storage.talent import Member

QUARTER = timedelta(minutes=15)
WEEK = 7 * 24 * 4  # quarters
DAYS_AROUND = range(-1, 9)  # local days that touch the week in some zone


def of(member: Member, week: datetime, calendar: WorkCalendar) -> int:
    """Give the quarters that a member works in the seven days from `week` on; bit 0 is the first.

    `week` is in UTC, on a quarter.
    """
    bits = 0
    for offset in DAYS_AROUND:
        day = week.date() + timedelta(days=offset)
        if calendar.is_working_day(member, day):
            bits |= _span(*_works(member, day), week)
    return bits


def share_an_hour(bits: int) -> bool:
    """Say whether four quarters in a row are set."""
    return bool(bits & bits >> 1 & bits >> 2 & bits >> 3)


def shared(everyone: Iterable[int]) -> int:
    return reduce(int.__and__, everyone, (1 << WEEK) - 1)


def windows(bits: int, week: datetime) -> list[tuple[datetime, datetime]]:
    """List the times of at least an hour that are set, in order, as (start, end) in UTC."""
    return [(week + a * QUARTER, week + b * QUARTER) for a, b in _stretches(bits) if b - a >= 4]  # noqa: PLR2004 - quarters of an hour


def floor(at: datetime) -> datetime:
    """Give the quarter that a moment lies in, in UTC."""
    return at - (at - datetime.min.replace(tzinfo=UTC)) % QUARTER


def _works(member: Member, day: date) -> tuple[datetime, datetime]:
    zone = ZoneInfo(member.zone)
    starts, ends = time.fromisoformat(member.works_from), time.fromisoformat(member.works_to)
    until = day + timedelta(days=ends <= starts)  # a night shift ends on the day after
    return (
        datetime.combine(day, starts, zone).astimezone(UTC),
        datetime.combine(until, ends, zone).astimezone(UTC),
    )


def _span(start: datetime, end: datetime, week: datetime) -> int:
    """Set the quarters that lie wholly between two moments, as far as the week has them."""
    first = max(0, -((week - start) // QUARTER))
    last = min(WEEK, (end - week) // QUARTER)
    return ((1 << last) - 1) & ~((1 << first) - 1) if last > first else 0


def _stretches(bits: int) -> Iterator[tuple[int, int]]:
    start = 0
    while bits >> start:
        start += _trailing_zeros(bits >> start)
        length = _trailing_zeros(~(bits >> start))
        yield start, start + length
        start += length


def _trailing_zeros(bits: int) -> int:
    return (bits & -bits).bit_length() - 1
