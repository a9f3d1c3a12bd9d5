"""Sessions as a calendar file (RFC 5545): each in its own zone, with its rule and its exceptions."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from icalendar import Calendar, Event, vRecur

from bot import recurrence
from storage.talent import Occurrence, Session


def write(sessions: Sequence[tuple[Session, Sequence[Occurrence]]]) -> bytes:
    """Write sessions, each with all its dates, those that were cancelled too."""
    calendar = Calendar()
    calendar.add("prodid", "-//Coach//Sessions//EN")
    calendar.add("version", "2.0")
    for session, dates in sessions:
        for event in _events(session, dates):
            calendar.add_component(event)
    calendar.add_missing_timezones()
    return bytes(calendar.to_ical())


def _events(session: Session, dates: Sequence[Occurrence]) -> Iterator[Event]:
    """Give the series with the dates that were taken out of it, and each date that isn't of it."""
    regular = _regular(session, dates)
    if session.rule and any(one.starts_at in regular for one in dates):
        series = _event(session, f"session-{session.id}", _first(session))
        series.add("rrule", vRecur.from_ical(session.rule))
        zone = ZoneInfo(session.zone)
        gone = [one for one in dates if one.status == "cancelled" and one.starts_at in regular]
        for one in gone:
            series.add("exdate", one.starts_at.astimezone(zone))
        yield series
    for one in dates:
        if one.status != "cancelled" and one.starts_at not in regular:
            yield _event(session, f"session-{session.id}-{one.id}", one.starts_at)


def _regular(session: Session, dates: Sequence[Occurrence]) -> frozenset[datetime]:
    """Give the moments of the rule among the dates."""
    if session.rule is None or not dates:
        return frozenset()
    moments = [one.starts_at for one in dates]
    after, until = min(moments) - timedelta(seconds=1), max(moments)
    found = recurrence.occurrences(
        session.rule, session.starts_at, session.zone, after=after, until=until
    )
    return frozenset(found)


def _first(session: Session) -> datetime:
    """Give the first moment of the rule: a series begins with a date of its own."""
    start = datetime.fromisoformat(session.starts_at).replace(tzinfo=ZoneInfo(session.zone))
    before = start.astimezone(UTC) - timedelta(days=1)
    found = recurrence.occurrences(
        session.rule,
        session.starts_at,
        session.zone,
        after=before,
        until=before + timedelta(days=400),
    )
    return found[0]


def _event(session: Session, uid: str, starts_at: datetime) -> Event:
    event = Event()
    event.add("uid", f"{uid}@coach")
    event.add("dtstamp", session.created_at)
    event.add("dtstart", starts_at.astimezone(ZoneInfo(session.zone)))
    event.add("duration", timedelta(minutes=session.minutes))
    event.add("summary", session.title)
    if about := "\n".join(filter(None, (session.about, session.link))):
        event.add("description", about)
    return event
