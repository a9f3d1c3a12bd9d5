"""Every day has its one occurrence, whatever the clocks do."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.recurrence import local_days, occurrences

ZONES = (
    "America/New_York",
    "America/Sao_Paulo",
    "America/St_Johns",
    "Europe/Berlin",
    "Europe/London",
    "Africa/Cairo",
    "Asia/Beirut",  # its clocks change at midnight: 00:00 and 00:30 don't exist that day
    "Asia/Shanghai",
    "Australia/Lord_Howe",  # by half an hour
    "Pacific/Auckland",
)
TIMES = ("00:00", "00:30", "01:30", "02:00", "02:30", "09:00", "23:30")
FIRST, LAST = date(2026, 1, 1), date(2026, 12, 31)
YEAR = [FIRST + timedelta(days=n) for n in range(365)]
SPRING, AUTUMN = date(2026, 3, 8), date(2026, 11, 1)  # New York


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize("time", TIMES)
def test_a_daily_rule_misses_no_day_of_a_year_and_doubles_none(zone: str, time: str) -> None:
    here = ZoneInfo(zone)
    start, end = (datetime.fromisoformat(f"{d}T12:00").replace(tzinfo=here) for d in (FIRST, LAST))
    found = occurrences(
        "FREQ=DAILY",
        f"2026-01-01T{time}",
        zone,
        after=start - timedelta(hours=13),
        until=end + timedelta(hours=11, minutes=59),
    )
    assert [moment.astimezone(here).date() for moment in found] == YEAR


@pytest.mark.parametrize(
    ("day", "time", "expected"),
    [
        (SPRING, "02:30", "2026-03-08T07:30"),  # does not exist: 03:30 of daylight time
        (AUTUMN, "01:30", "2026-11-01T05:30"),  # comes twice: the first
        (AUTUMN, "02:30", "2026-11-01T07:30"),
    ],
)
def test_a_time_in_a_gap_moves_past_it_and_one_that_comes_twice_counts_once(
    day: date, time: str, expected: str
) -> None:
    found = occurrences(
        "FREQ=DAILY",
        f"2026-01-01T{time}",
        "America/New_York",
        after=at(f"{day}T00:00"),
        until=at(f"{day + timedelta(days=1)}T00:00"),
    )
    assert found == [at(expected)]


@st.composite
def moments_in_order(draw: st.DrawFn) -> list[datetime]:
    seconds = draw(st.lists(st.integers(0, 2 * 365 * 86_400), min_size=2, max_size=12))
    return [at("2026-01-01") + timedelta(seconds=one) for one in sorted(seconds)]


@given(
    cuts=moments_in_order(),
    zone=st.sampled_from(ZONES),
    time=st.sampled_from(TIMES),
    rule=st.sampled_from(
        ["FREQ=DAILY", "FREQ=WEEKLY;INTERVAL=2;BYDAY=TU,FR", "FREQ=MONTHLY;BYDAY=-1FR"]
    ),
)
def test_ticks_at_any_moments_see_each_occurrence_once(
    cuts: list[datetime], zone: str, time: str, rule: str
) -> None:
    def between(after: datetime, until: datetime) -> list[datetime]:
        return occurrences(rule, f"2026-01-02T{time}", zone, after=after, until=until)

    pieces: Iterator[list[datetime]] = map(between, cuts, cuts[1:])
    assert [one for piece in pieces for one in piece] == between(cuts[0], cuts[-1])


def test_what_comes_once_comes_once() -> None:
    def days(first: date) -> list[date]:
        return local_days(None, "2026-12-01T09:00", first=first, last=LAST)

    assert days(FIRST) == [date(2026, 12, 1)]
    assert days(date(2026, 12, 2)) == []


def test_every_other_week_counts_from_its_start() -> None:
    rule = "FREQ=WEEKLY;INTERVAL=2;BYDAY=TU"
    found = local_days(rule, "2026-01-06T10:00", first=FIRST, last=date(2026, 2, 28))
    assert [day.isoformat() for day in found] == [
        "2026-01-06",
        "2026-01-20",
        "2026-02-03",
        "2026-02-17",
    ]
