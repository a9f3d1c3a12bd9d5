"""From a due digest to its buttons, as people see them in the workspace."""

from __future__ import annotations

import copy
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from colleagues import DAY, HOUR
from office import Desktop, open_desktop
from results import assert_postable

from bot.calendar import WorkCalendar
from bot.team import digest
from bot.workspace.records import Message
from bot.workspace.server import Workspace
from storage import deliveries, hiring, learning, members, nudges, resources, roles
from storage.talent import Member

EVERY_DAY = "MO,TU,WE,TH,FR,SA,SU"
MINUTE = timedelta(minutes=1)


@pytest_asyncio.fixture
async def desktop(workspace: Workspace, tmp_path: Path) -> AsyncIterator[Desktop]:
    async with open_desktop(workspace, tmp_path) as opened:
        for name in ("ana", "bo"):
            join(opened, name)
        yield opened


def join(desktop: Desktop, name: str, **changes: Any) -> Member:
    """Make a member for whom it is noon of a working day, whenever the test runs."""
    now = datetime.now(UTC)
    values = {
        "zone": f"Etc/GMT{now.hour - 12:+}",
        "works_from": "00:00",
        "works_to": "23:59",
        "work_days": EVERY_DAY,
        "joined_at": now - 400 * DAY,
    }
    with desktop.database() as db:
        user = desktop.user(name)
        members.ensure(db, user, name=name, kind="person", zone="UTC", language="en", now=now)
        return members.change(db, user, by=user, now=now, **values | changes)


def today(desktop: Desktop, name: str = "bo") -> date:
    with desktop.database() as db:
        member = members.get(db, desktop.user(name))
    assert member is not None
    return WorkCalendar({}).local_day(member, datetime.now(UTC))


def assign(desktop: Desktop, *titles: str) -> None:
    """Give bo things to learn by tomorrow; their numbers count from 1."""
    with desktop.database() as db:
        for title in titles:
            made = resources.add(
                db, kind="paper", title=title, minutes=5, by="UANA", now=datetime.now(UTC)
            )
            assert made is not None
            learning.assign(
                db, desktop.user("bo"), made.id, track="technical", by=desktop.user("ana"),
                now=datetime.now(UTC), due_on=today(desktop) + DAY,
            )  # fmt: skip


async def tick(desktop: Desktop) -> None:
    """Put what is due as of two minutes ago, so that its spread is over, and send it."""
    before = replace(desktop.office, clock=lambda: datetime.now(UTC) - 2 * MINUTE)
    await digest.send_due(before)
    await desktop.outbox.drain()


async def morning(desktop: Desktop) -> Message:
    await tick(desktop)
    return await desktop.workspace.wait_for(lambda m: m.text.startswith("Good morning"))


async def press(desktop: Desktop, message: Message, action: str, value: str, words: str) -> Message:
    """Press a button of a line and wait for words, beside the digest or in it."""
    await desktop.workspace.click("bo", message, action, value)
    return await desktop.workspace.wait_for(lambda m: words in m.text, within=5)


async def test_each_button_of_a_line_does_its_work_and_once(
    desktop: Desktop, workspace: Workspace
) -> None:
    assign(desktop, "One", "Two", "Three")
    message = await morning(desktop)
    assert message.channel == workspace.dm("bo").id
    assert_postable(message.text, message.blocks)
    as_sent = copy.deepcopy(message)
    await press(desktop, message, "line_why", "assignment:1", "You hear of it 3 working days")
    await press(desktop, message, "line_done", "assignment:1", "~*One* is due")
    await press(desktop, message, "line_snooze:assignment:2", "tomorrow assignment:2", "~*Two* is")
    await press(desktop, message, "line_decline", "assignment:3", "~*Three* is")
    with desktop.database() as db:
        states = [one.state for one in learning.of(db, desktop.user("bo"))]
        said = nudges.responses(db, desktop.user("bo"))
    assert sorted(states) == ["done", "open", "open"]
    assert {key: one.response for key, one in said.items()} == {
        "assignment:1": "done",
        "assignment:2": "snoozed",
        "assignment:3": "declined",
    }
    assert said["assignment:2"].until == str(today(desktop) + DAY)
    assert not [block for block in message.blocks if block["type"] == "actions"]
    await press(desktop, as_sent, "line_done", "assignment:1", "That is settled")
    await press(desktop, as_sent, "line_decline", "assignment:3", "answered this already")
    await press(desktop, as_sent, "line_why", "assignment:3", "Assignment 3 in your learning plan")


async def test_the_button_of_what_is_owed_opens_it_and_leaves_the_digest(
    desktop: Desktop, workspace: Workspace
) -> None:
    bo, now = desktop.user("bo"), datetime.now(UTC)
    with desktop.database() as db:
        roles.give(db, bo, "panel", by=bo, now=now)
        candidate = hiring.add(
            db, code="C-014", role="designer", source="referral", stage="interview", by=bo,
            purge_on=date(2030, 1, 1), now=now,
        )  # fmt: skip
        hiring.plan(
            db, candidate, round_=1, interviewer=bo, starts_at=now - 3 * HOUR,
            ends_at=now - 2 * HOUR, by=bo, now=now,
        )  # fmt: skip
    message = await morning(desktop)
    assert "C-014" not in message.text
    await workspace.click("bo", message, "line_act")
    await workspace.wait_for_view("bo", lambda view: view["callback_id"] == "interview_score")
    assert "The scorecard of interview 1" in message.text
    with desktop.database() as db:
        assert nudges.rates(db, since=now - DAY)["scorecard"].share == 1


async def test_a_line_can_wait_for_ones_run(desktop: Desktop) -> None:
    job = desktop.add_job("bo")
    assign(desktop, "One")
    message = await morning(desktop)
    await press(
        desktop, message, "line_snooze:assignment:1", "run assignment:1", f"job {job.id} has ended"
    )
    with desktop.database() as db:
        said = nudges.responses(db, desktop.user("bo"))
    assert said["assignment:1"].until == f"run:{job.id}"


@pytest.mark.parametrize("how", ["by the command", "behind its back"])
async def test_who_opts_out_at_the_last_second_gets_nothing(
    desktop: Desktop, workspace: Workspace, how: str
) -> None:
    assign(desktop, "One")
    before = replace(desktop.office, clock=lambda: datetime.now(UTC) - 2 * MINUTE)
    await digest.send_due(before)
    key = f"digest:{desktop.user('bo')}:{today(desktop)}"
    if how == "by the command":
        await desktop.say("bo", "prefs digest=off", "/team")
    else:
        join(desktop, "bo", digest_at=None)
    await desktop.outbox.drain()
    with desktop.database() as db:
        delivery = deliveries.get(db, key)
        assert delivery is not None
        assert delivery.state == "cancelled"
        assert nudges.sent(db, desktop.user("bo")) == {}
    assert "Good morning" not in workspace.transcript()


async def test_what_failed_is_said_to_its_person_alone(
    desktop: Desktop, workspace: Workspace
) -> None:
    failure = {"cause": "out_of_memory", "evidence": "x", "fix": {}}
    for _ in range(2):
        desktop.end_job(desktop.add_job("bo"), "failed", failure=failure)
    with desktop.database() as db:
        resources.add(
            db, kind="post-mortem", title="Smaller steps", minutes=5, by="UANA",
            mends="out_of_memory", now=datetime.now(UTC),
        )  # fmt: skip
        roles.give(db, desktop.user("ana"), "lead", by="UANA", now=datetime.now(UTC))
    message = await morning(desktop)
    assert "Two runs met out of memory" in message.text
    await tick(desktop)
    told = [line for line in workspace.transcript().splitlines() if "out of memory" in line]
    assert len(told) == 1
    with desktop.database() as db:
        sent = db.query("SELECT channel FROM deliveries WHERE key LIKE 'digest:%'")
        assert {row["channel"] for row in sent} == {desktop.user("bo")}


async def test_me_shows_what_is_known_and_due_and_is_edited_by_a_form(
    desktop: Desktop, workspace: Workspace
) -> None:
    assign(desktop, "评估" * 90)
    shown = await desktop.say("bo", "me", "/team")
    assert "is due on" in shown.text
    assert_postable(shown.text, shown.blocks)
    await workspace.click("bo", shown, "me_edit")
    view = await workspace.wait_for_view("bo")
    wrong = {"zone": "Mars/Base", "country": "China", "works_from": "10:00", "works_to": "09:00"}
    refused = await workspace.submit_view("bo", view["id"], wrong)
    assert (refused.reply or {})["errors"].keys() == {"zone", "country", "works_to"}
    right = {
        "zone": "Asia/Shanghai",
        "country": "cn",
        "discipline": "designer",
        "works_from": "10:00",
        "works_to": "19:00",
        "days": ["MO", "TU"],
        "company": ["helps"],
    }
    await workspace.submit_view("bo", view["id"], right)
    await workspace.wait_for(lambda m: "Your profile is saved" in m.text)
    with desktop.database() as db:
        bo = members.get(db, desktop.user("bo"))
    assert bo is not None
    assert (bo.zone, bo.country, bo.discipline, bo.digest_at, bo.work_days) == (
        "Asia/Shanghai", "CN", "designer", "10:00", "MO,TU",
    )  # fmt: skip
    assert (bo.helps, bo.matched) == (True, False)


async def test_preferences_are_typed_or_chosen_in_a_form(
    desktop: Desktop, workspace: Workspace
) -> None:
    join(desktop, "bo", works_from="09:00", works_to="18:00")
    saved = await desktop.say("bo", "prefs digest=9:30 helps=yes mute=survey", "/team")
    assert "Morning message at 09:30." in saved.text
    for typed, words in [
        ("prefs digest=20:00", "within your working hours, 09:00 to 18:00"),
        ("prefs mute=surveys", "Did you mean `survey`?"),
    ]:
        assert words in (await desktop.say("bo", typed, "/team")).text
    await workspace.slash("bo", "general", "/team", "prefs")
    view = await workspace.wait_for_view("bo")
    refused = await workspace.submit_view("bo", view["id"], {"at": "19:00"})
    assert (refused.reply or {})["errors"].keys() == {"at"}
    chosen = {"at": "10:00", "language": "zh", "muted": [], "pause": "2099-01-01"}
    await workspace.submit_view("bo", view["id"], chosen)
    await workspace.wait_for(lambda m: "2099" in m.text)
    with desktop.database() as db:
        bo = members.get(db, desktop.user("bo"))
    assert bo is not None
    assert (bo.digest_at, bo.language, bo.muted, bo.paused_until, bo.helps) == (
        "10:00", "zh", [], "2099-01-01", True,
    )  # fmt: skip


async def test_days_away_are_noted_and_taken_back(desktop: Desktop) -> None:
    refused = await desktop.say("bo", "away 2026-01-05 2026-01-02", "/team")
    assert "is no time to come" in refused.text
    noted = await desktop.say("bo", "away 2098-12-24 2099-01-02", "/team")
    with desktop.database() as db:
        (leave,) = members.leaves(db)
    assert (leave.starts_on, leave.ends_on) == ("2098-12-24", "2099-01-02")
    await desktop.press("bo", noted, "away_drop")
    with desktop.database() as db:
        assert members.leaves(db) == []


async def test_home_shows_what_is_due_and_is_answered_in_place(
    desktop: Desktop, workspace: Workspace
) -> None:
    assign(desktop, "One")
    await workspace.open_home("bo")
    view = await workspace.wait_for_home("bo", lambda view: "Due for you" in str(view))
    await workspace.click("bo", view, "line_done")
    await workspace.wait_for_home("bo", lambda view: "Nothing is due for you." in str(view))
