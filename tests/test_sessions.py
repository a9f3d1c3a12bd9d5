"""Sessions: their dates, announcements and calendar file, and what people do with them in Slack."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import pytest_asyncio
import recurring_ical_events
from colleagues import make_member
from icalendar import Calendar
from office import Desktop, open_desktop
from results import assert_postable

from bot import recurrence
from bot.calendar import WorkCalendar
from bot.report import week
from bot.team import announcements, ics, session_form
from bot.workspace.limits import check_blocks
from bot.workspace.records import Message
from bot.workspace.server import Workspace
from storage import deliveries, sessions
from storage.talent import Occurrence, Resource, Session, ThankYou

NOW = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)  # a Monday
DAY = timedelta(days=1)


def make_session(**changes: Any) -> Session:
    values: dict[str, Any] = {
        "id": 4,
        "kind": "lecture",
        "title": "Attention, “from scratch”",
        "about": "With code.\nBring questions; and a laptop",
        "link": "https://example.org/a,b",
        "rule": "FREQ=WEEKLY;INTERVAL=2;BYDAY=SU",
        "starts_at": "2026-03-01T02:30",  # on the nights when New York's clocks change
        "zone": "America/New_York",
        "minutes": 45,
        "channel": "C1",
        "organiser": "U1",
        "created_at": NOW,
    }
    return Session(**values | changes)


def make_dates(session: Session, moments: list[datetime]) -> list[Occurrence]:
    return [
        Occurrence(
            id=number,
            session=session.id,
            kind=session.kind,
            title=session.title,
            zone=session.zone,
            minutes=session.minutes,
            channel=session.channel,
            organiser=session.organiser,
            day=at.astimezone(ZoneInfo(session.zone)).date().isoformat(),
            starts_at=at,
            status="planned",
        )
        for number, at in enumerate(moments, 1)
    ]


# --- dates, pure ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("repeats", "day", "rule"),
    [
        ("no", date(2026, 3, 3), None),
        ("weekly", date(2026, 3, 3), "FREQ=WEEKLY;BYDAY=TU"),
        ("fortnightly", date(2026, 3, 6), "FREQ=WEEKLY;INTERVAL=2;BYDAY=FR"),
        ("monthly", date(2026, 3, 10), "FREQ=MONTHLY;BYDAY=2TU"),
        ("monthly", date(2026, 3, 31), "FREQ=MONTHLY;BYDAY=-1TU"),
    ],
)
def test_how_a_session_repeats_follows_from_its_first_day(
    repeats: str, day: date, rule: str | None
) -> None:
    assert session_form.make_rule(repeats, day) == rule


def test_the_calendar_file_has_the_dates_of_the_session_over_a_change_of_clocks() -> None:
    session = make_session(starts_at="2026-03-01T09:30")
    year = NOW + 365 * DAY
    moments = recurrence.occurrences(
        session.rule, session.starts_at, session.zone, after=NOW - 3 * DAY, until=year
    )
    dates = make_dates(session, moments)
    assert len({at.hour for at in moments}) == 2  # summer and winter in UTC
    dates[3] = replace(dates[3], status="cancelled")
    moved = replace(dates[3], id=99, status="planned", starts_at=dates[3].starts_at + DAY)
    once = make_session(id=5, rule=None, zone="Asia/Shanghai")
    its_date = make_dates(once, [NOW])
    text = ics.write([(session, [*dates, moved]), (once, its_date)])
    found = recurring_ical_events.of(Calendar.from_ical(text)).between(NOW - 3 * DAY, year)
    got = sorted(event.start.astimezone(UTC) for event in found)
    kept = [one.starts_at for one in [*dates, moved, *its_date] if one.status == "planned"]
    assert got == sorted(kept)
    assert {event["DESCRIPTION"] for event in found} == {f"{session.about}\n{session.link}"}


def test_the_calendar_file_brings_its_zones() -> None:
    session = make_session(starts_at="2026-03-01T09:30")
    dates = make_dates(session, [datetime(2026, 3, 1, 14, 30, tzinfo=UTC)])
    calendar = Calendar.from_ical(ics.write([(session, dates)]))
    assert [zone.tz_name for zone in calendar.timezones] == ["America/New_York"]


def test_a_date_is_announced_on_the_organisers_working_day_before_and_right_before() -> None:
    session = make_session(zone="Asia/Shanghai")
    monday = datetime(2026, 3, 9, 7, tzinfo=UTC)  # 15:00 in Shanghai
    (one,) = make_dates(session, [monday])
    planned = list(announcements.plan(one, make_member("U1"), WorkCalendar({})))
    friday = datetime(2026, 3, 6, 1, 30, tzinfo=UTC)  # 09:30 in Shanghai
    assert [(a.offset, a.due_at) for a in planned] == [
        ("day-before", friday),
        ("soon", monday - timedelta(minutes=15)),
    ]
    assert [a.until for a in planned] == [monday - timedelta(minutes=15), monday]


# --- the week -------------------------------------------------------------------------------


def test_the_week_says_sessions_hosts_news_progress_and_thanks() -> None:
    session = make_session(zone="UTC")
    hosted, wanted = make_dates(session, [NOW + DAY, NOW + 2 * DAY])
    paper = Resource(3, "paper", "LoRA <1>", 60, "", "technical", "U1", NOW)
    thanked = ThankYou(1, "U1", "U2", "for *the* <talk>", "C1", NOW)
    facts = week.Facts(
        [replace(hosted, host="U2"), wanted],
        [paper],
        {"technical": (2, 5), "soft": (0, 1)},
        [thanked],
    )
    report = week.say(facts, {"U1": "Ana", "U2": "Bo"}.__getitem__)
    assert "with Bo" in report.text
    assert "a host is wanted" in report.text
    assert "LoRA &lt;1&gt;" in report.text
    assert "technical 2/5, soft skills 0/1" in report.text
    assert "Ana thanks Bo: for the &lt;talk&gt;" in report.text
    assert str(report.blocks).count("session_host") == 1
    assert report.table is not None
    assert len(report.table.splitlines()) == 3
    check_blocks(report.blocks)


def test_a_week_without_news_is_not_told() -> None:
    assert week.Facts(progress={"technical": (2, 5)}).is_empty


# --- in the workspace -----------------------------------------------------------------------


class Clock:
    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> datetime:
        return self.now


@pytest_asyncio.fixture
async def desk(workspace: Workspace, tmp_path: Path) -> AsyncIterator[Desktop]:
    async with open_desktop(workspace, tmp_path, clock=Clock()) as desktop:
        yield desktop


async def plan(desk: Desktop, who: str, **chosen: Any) -> Message:
    """Fill in the form and give the card with its dates."""
    since = desk.workspace.state.new_ts()
    await desk.workspace.slash(who, "general", "/team", "session add")
    view = await desk.workspace.wait_for_view(who)
    values = {"title": "Attention", "day": "2026-03-10", "time": "15:00"} | chosen
    await desk.workspace.submit_view(who, view["id"], values)
    return await desk.workspace.wait_for(lambda m: m.ts > since)


async def at(desk: Desktop, now: datetime) -> None:
    """Let it be a time, and do what is due then."""
    clock: Any = desk.office.clock
    clock.now = now
    announcements.refresh(desk.office.settings, now)
    await desk.outbox.drain()


def public(desk: Desktop) -> list[str]:
    return [m.text for m in desk.workspace.messages("general") if not m.ephemeral_to]


def dates_of(desk: Desktop) -> list[Occurrence]:
    with desk.database() as db:
        return sessions.dates_of(db, 1)


async def test_a_session_is_planned_announced_twice_and_held(desk: Desktop) -> None:
    card = await plan(desk, "bo", repeats="fortnightly", host="ana")
    assert "every 2 weeks on Tuesday" in card.text
    assert "Tue, Mar 10, 15:00 (UTC)" in card.text
    assert "Tue, Mar 24" in card.text
    assert_postable(card.text, card.blocks)
    assert not dates_of(desk)
    assert "Session 1 is planned" in (await desk.press("bo", card, "session_keep")).text
    again = await plan(desk, "bo", repeats="fortnightly", host="ana")
    assert "planned already" in (await desk.press("bo", again, "session_keep")).text
    assert len(dates_of(desk)) == 4
    start = dates_of(desk)[0].starts_at
    for now in (NOW, start - DAY, start - DAY, start - timedelta(minutes=15), start, start + DAY):
        await at(desk, now)
    told = [text for text in public(desk) if "Attention" in text]
    assert len(told) == 2
    assert f"with <@{desk.user('ana')}>" in told[0]
    assert "begins at" in told[1]
    assert [one.status for one in dates_of(desk)][:2] == ["held", "planned"]


async def test_who_said_yes_is_told_when_a_date_is_moved_and_all_is_announced_anew(
    desk: Desktop,
) -> None:
    await desk.press("bo", await plan(desk, "bo"), "session_keep")
    listed = await desk.say("ana", "session list", "/team")
    assert_postable(listed.text, listed.blocks)
    assert "A host is wanted" in str(listed.blocks)
    await desk.press("ana", listed, "session_answer:yes")
    start = dates_of(desk)[0].starts_at
    await at(desk, start - DAY)
    asked = await desk.say("bo", "session cancel 1", "/team")
    await desk.workspace.click("bo", asked, "session_move")
    view = await desk.workspace.wait_for_view("bo")
    since = desk.workspace.state.new_ts()
    await desk.workspace.submit_view("bo", view["id"], {"day": "2026-03-11"})
    moved = await desk.workspace.wait_for(lambda m: m.ts > since)
    assert "is moved to Wed, Mar 11, 15:00" in moved.text
    await desk.outbox.drain()
    (told,) = desk.workspace.messages(desk.workspace.dm("ana").id)
    assert "is moved from" in told.text
    assert sum("is moved from" in text for text in public(desk)) == 1
    await at(desk, start)
    assert sum("begins at" in text for text in public(desk)) == 0
    await at(desk, start + DAY - timedelta(minutes=15))
    assert sum("begins at" in text for text in public(desk)) == 1


async def test_what_is_cancelled_is_not_announced_even_at_the_last_second(desk: Desktop) -> None:
    await desk.press("bo", await plan(desk, "bo", repeats="weekly"), "session_keep")
    first = dates_of(desk)[0]
    clock: Any = desk.office.clock
    clock.now = first.starts_at - DAY
    announcements.refresh(desk.office.settings, clock.now)
    with desk.database() as db:
        sessions.call_off(db, first.id, by="U1", now=clock.now)
        delivery = deliveries.get(db, announcements.key(first, "day-before"))
    assert delivery is not None
    assert await announcements.guard(desk.office, delivery) == "it was called off"
    asked = await desk.say("ana", "session cancel 1", "/team")
    assert "All dates" in (await desk.press("ana", asked, "session_cancel_all")).text
    assert {one.status for one in dates_of(desk)} == {"cancelled"}


async def test_the_first_hosts_and_only_leads_plan_policies(desk: Desktop) -> None:
    await desk.press("ana", await plan(desk, "ana"), "session_keep")
    assert "You host *Attention*" in (await desk.say("bo", "session host 1", "/team")).text
    assert "has a host on each date" in (await desk.say("ana", "session host 1", "/team")).text
    assert "Only <@" in (await desk.say("bo", "session cancel 1", "/team")).text
    refused = await plan(desk, "bo", kind="equity", link="https://example.org/policy")
    assert "Only a lead or an admin may do that" in refused.text


async def test_the_calendar_file_comes_in_a_direct_message(desk: Desktop) -> None:
    assert "No session is planned" in (await desk.say("bo", "session calendar", "/team")).text
    await desk.press("ana", await plan(desk, "ana"), "session_keep")
    await desk.workspace.slash("bo", "general", "/team", "session calendar")
    await desk.workspace.wait_for(lambda m: "in your direct messages" in m.text)
    (message,) = desk.workspace.messages(desk.workspace.dm("bo").id)
    assert [file.name for file in message.files] == ["sessions.ics"]
