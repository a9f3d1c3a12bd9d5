"""Who works on which day: holidays with make-up days, corrections, leave, pauses and hours."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import cache
from zoneinfo import ZoneInfo

import holidays
from sqlite_utils import Database

from storage import members, workdays
from storage.talent import Leave, Member

WEEKDAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")  # by date.weekday()
DAY = timedelta(days=1)
FARTHEST = 366  # days looked through for a working day
WARNED_BEFORE = timedelta(days=60)  # a year that isn't covered
STILL_ANNOUNCES = 3  # years without an announcement after which a country is taken to have stopped


class WorkCalendar:
    """The working days of everyone; `overrides` are (country, day) -> whether people work."""

    def __init__(
        self, overrides: Mapping[tuple[str, date], bool], leaves: Iterable[Leave] = ()
    ) -> None:
        self._overrides = dict(overrides)
        self._leaves: defaultdict[str, list[Leave]] = defaultdict(list)
        for leave in leaves:
            self._leaves[leave.user].append(leave)

    def is_working_day(self, member: Member, day: date) -> bool:
        """Say whether they work: not on leave, not paused, no holiday, one of their week days.

        A make-up day (调休) is worked though it is a Saturday or Sunday. A country that the
        library doesn't know has week days alone.
        """
        if self._is_away(member, day):
            return False
        country = (member.country or "").upper()
        if (corrected := self._overrides.get((country, day))) is not None:
            return corrected
        known = _year(country, day.year)
        if day in known.make_up:
            return True
        return WEEKDAYS[day.weekday()] in member.work_days and day not in known.holidays

    def next_working_day(self, member: Member, day: date) -> date:
        """Give the first working day after a day; where a year has none, the day a year on."""
        later = [day + n * DAY for n in range(1, FARTHEST + 1)]
        return next((one for one in later if self.is_working_day(member, one)), later[-1])

    def working_day_on_or_before(self, member: Member, day: date) -> date:
        """Give the last working day up to a day: what is due on a holiday is reminded of then.

        Where a year has none it is the day itself.
        """
        earlier = (day - n * DAY for n in range(FARTHEST + 1))
        return next((one for one in earlier if self.is_working_day(member, one)), day)

    def working_days_between(self, member: Member, start: date, end: date) -> int:
        """Count the working days after `start` up to `end`, `end` included."""
        days = (start + n * DAY for n in range(1, (end - start).days + 1))
        return sum(self.is_working_day(member, one) for one in days)

    def is_quiet(self, member: Member, at: datetime) -> bool:
        """Say whether a moment lies outside their working hours, or on a day off."""
        local = at.astimezone(zone_of(member))
        starts, ends = time.fromisoformat(member.works_from), time.fromisoformat(member.works_to)
        within = starts <= local.time() <= ends
        return not (within and self.is_working_day(member, local.date()))

    def local_day(self, member: Member, at: datetime) -> date:
        return at.astimezone(zone_of(member)).date()

    def _is_away(self, member: Member, day: date) -> bool:
        leaves = self._leaves.get(member.user)
        if not leaves and not member.paused_until:
            return False
        written = day.isoformat()  # days are kept as text, whose order is theirs
        if member.paused_until and written < member.paused_until:
            return True
        return any(leave.starts_on <= written <= leave.ends_on for leave in leaves or ())


def zone_of(member: Member) -> ZoneInfo:
    return _zone(member.zone)


@cache
def _zone(name: str) -> ZoneInfo:
    """Keep every zone: of more than eight, `zoneinfo` itself reads files again and again."""
    return ZoneInfo(name)


def read(db: Database) -> WorkCalendar:
    return WorkCalendar(workdays.overrides(db), members.leaves(db))


def is_known(country: str) -> bool:
    """Say whether the library has the holidays of a country, given by its two letters."""
    return country.upper() in holidays.list_supported_countries(include_aliases=False)


def uncovered_years(country: str, today: date) -> list[int]:
    """List the years, begun or beginning within 60 days, whose days off aren't announced yet.

    Countries with make-up days announce them year by year, and `holidays` leaves out, silently,
    what was not published when it was released. A country that it doesn't know has no covered
    year at all.
    """
    years = sorted({today.year, (today + WARNED_BEFORE).year})
    return [year for year in years if not _is_covered(country.upper(), year)]


@cache
def _is_covered(country: str, year: int) -> bool:
    if not is_known(country):
        return False
    known = holidays.country_holidays(country)
    if year > known.end_year:
        return False
    if not known.has_substituted_holidays:
        return True
    newest = max(known.special_public_holidays)
    return not newest < year <= newest + STILL_ANNOUNCES


@dataclass(frozen=True)
class _Year:
    """A country's days off in a year, and the weekend days that are worked for them."""

    holidays: frozenset[date] = frozenset()
    make_up: frozenset[date] = frozenset()


@cache
def _year(country: str, year: int) -> _Year:
    """Look a year up once: it is slow, and an object that grows isn't safe between threads."""
    if not is_known(country):
        return _Year()
    known = holidays.country_holidays(country, years=year, expand=False)
    return _Year(frozenset(known), frozenset(known.weekend_workdays))
