"""Who works on which day: holidays, make-up days, corrections, leave, pauses and hours."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest
from sqlite_utils import Database

from bot.calendar import WorkCalendar, read, uncovered_years
from storage import audit, members, workdays
from storage.talent import Leave, Member

NOW = datetime(2026, 1, 5, tzinfo=UTC)
PLAIN = WorkCalendar({})


def member(**changes: Any) -> Member:
    values: dict[str, Any] = {"user": "U1", "name": "Ana", "kind": "person", "zone": "UTC"}
    values |= {"language": "en", "works_from": "09:00", "works_to": "18:00"}
    values |= {"work_days": "MO,TU,WE,TH,FR", "joined_at": NOW}
    return Member(**values | changes)


@pytest.mark.parametrize(
    ("country", "day", "works"),
    [
        (None, "2026-10-01", True),
        (None, "2026-10-03", False),
        ("CN", "2026-10-01", False),
        ("CN", "2026-10-10", True),  # a Saturday, made up for the National Day week
        ("cn", "2026-02-14", True),  # a Saturday before the Spring Festival
        ("CN", "2026-02-20", False),
        ("DE", "2026-10-10", False),
        ("US", "2026-07-03", False),  # observed
        ("XX", "2026-10-01", True),  # unknown to the library
    ],
)
def test_working_days_follow_the_country(country: str | None, day: str, works: bool) -> None:
    assert PLAIN.is_working_day(member(country=country), date.fromisoformat(day)) is works


def test_corrections_go_before_the_calendar_and_leave_before_both() -> None:
    saturday, wednesday = date(2027, 2, 20), date(2027, 2, 10)
    leave = Leave(id=1, user="U2", starts_on="2027-02-15", ends_on="2027-02-20")
    calendar = WorkCalendar({("CN", saturday): True, ("CN", wednesday): False}, [leave])
    assert calendar.is_working_day(member(country="CN"), saturday)
    assert not calendar.is_working_day(member(country="CN"), wednesday)
    assert not calendar.is_working_day(member(country="CN", user="U2"), saturday)
    assert not calendar.is_working_day(member(country="DE"), saturday)


def test_a_pause_ends_on_its_day() -> None:
    paused = member(paused_until="2026-03-04")
    assert not PLAIN.is_working_day(paused, date(2026, 3, 3))
    assert PLAIN.is_working_day(paused, date(2026, 3, 4))


def test_what_is_due_on_a_holiday_is_reminded_of_on_the_working_day_before() -> None:
    chinese, holiday = member(country="CN"), date(2026, 10, 5)
    assert PLAIN.working_day_on_or_before(chinese, holiday) == date(2026, 9, 30)
    assert PLAIN.next_working_day(chinese, holiday) == date(2026, 10, 8)
    assert PLAIN.working_days_between(chinese, date(2026, 9, 30), date(2026, 10, 10)) == 3


def test_someone_who_never_works_is_no_endless_search() -> None:
    never, day = member(work_days=""), date(2026, 3, 4)
    assert PLAIN.working_day_on_or_before(never, day) == day
    assert PLAIN.next_working_day(never, day) > day
    assert PLAIN.working_days_between(never, day, day) == 0


@pytest.mark.parametrize(
    ("at", "quiet"),
    [
        ("2026-03-04T01:00", False),  # 09:00 in Shanghai
        ("2026-03-04T00:59", True),
        ("2026-03-04T12:00", True),
        ("2026-03-07T03:00", True),  # Saturday
        ("2026-02-28T03:00", False),  # a Saturday that is worked
    ],
)
def test_quiet_hours_are_those_of_the_members_own_zone(at: str, quiet: bool) -> None:
    chinese = member(zone="Asia/Shanghai", country="CN")
    moment = datetime.fromisoformat(at).replace(tzinfo=UTC)
    assert PLAIN.is_quiet(chinese, moment) is quiet


def test_the_day_is_that_of_the_members_own_zone() -> None:
    late = datetime(2026, 3, 4, 12, tzinfo=UTC)
    assert PLAIN.local_day(member(zone="Pacific/Auckland"), late) == date(2026, 3, 5)
    assert PLAIN.local_day(member(zone="Pacific/Honolulu"), late) == date(2026, 3, 4)


def test_years_without_announced_make_up_days_are_known_60_days_before() -> None:
    unknown = next(year for year in range(2024, 2060) if uncovered_years("CN", _mid(year)))
    published = unknown - 1
    assert uncovered_years("CN", date(published, 11, 1)) == []
    assert uncovered_years("cn", date(published, 11, 2)) == [unknown]
    assert uncovered_years("DE", date(published, 12, 31)) == []
    assert uncovered_years("XX", _mid(published)) == [published]


def _mid(year: int) -> date:
    return date(year, 6, 1)


def test_corrections_and_leave_are_read_from_the_records_and_audited(db: Database) -> None:
    day = date(2026, 3, 4)
    person = members.ensure(db, "U1", name="Ana", kind="person", zone="UTC", language="en", now=NOW)
    person = members.change(db, "U1", by="U1", now=NOW, country="CN")
    workdays.set_override(db, "CN", day, works=True, by="U9", now=NOW)
    workdays.set_override(db, "CN", day, works=False, by="U9", now=NOW)
    members.add_leave(
        db, "U1", starts_on=date(2026, 3, 9), ends_on=date(2026, 3, 9), by="U1", now=NOW
    )
    calendar = read(db)
    assert not calendar.is_working_day(person, day)
    assert calendar.next_working_day(person, date(2026, 3, 6)) == date(2026, 3, 10)
    newest = audit.find(db, "workday")[0]
    assert (newest.subject, newest.before, newest.after) == ("CN 2026-03-04", "work", "holiday")
