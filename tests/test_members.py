"""People are known from their first word, and who leaves takes nothing along that others wait for."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from colleagues import DAY, HOUR, MONDAY
from office import Desktop, open_desktop
from sqlite_utils import Database

from bot import newcomers
from bot.manifest import manifest
from bot.newcomers import Profile
from bot.team import leaving, rounds
from bot.workspace.server import Workspace
from storage import (
    audit,
    deliveries,
    hiring,
    learning,
    members,
    pairs,
    resources,
    roles,
    sessions,
)
from storage.talent import Member


@pytest_asyncio.fixture
async def desktop(workspace: Workspace, tmp_path: Path) -> AsyncIterator[Desktop]:
    async with open_desktop(workspace, tmp_path) as opened:
        yield opened


async def known(desktop: Desktop, user: str, **fields: Any) -> Member:
    """Wait until a member is known with these fields."""
    async with asyncio.timeout(5):
        while True:
            with desktop.database() as db:
                found = members.get(db, user)
            if found and all(getattr(found, name) == value for name, value in fields.items()):
                return found
            await asyncio.sleep(0.02)


# --- coming ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("told", "profile"),
    [
        (
            {"real_name": "Li Wei", "tz": "Asia/Shanghai", "locale": "zh-CN"},
            Profile("Li Wei", "person", "Asia/Shanghai", "zh"),
        ),
        (
            {"name": "bo", "tz": "Mars/Base", "locale": "fr-FR"},
            Profile("bo", "person", "UTC", "en"),
        ),
        (
            {"profile": {"real_name": "Al"}, "is_restricted": True},
            Profile("Al", "guest", "UTC", "en"),
        ),
        ({"is_ultra_restricted": True}, Profile("U9", "guest", "UTC", "en")),
        ({"is_bot": True, "tz": None}, Profile("U9", "bot", "UTC", "en")),
        ({"id": "USLACKBOT"}, Profile("USLACKBOT", "bot", "UTC", "en")),
    ],
)
def test_what_slack_says_of_somebody_is_read(told: dict[str, Any], profile: Profile) -> None:
    assert newcomers.read({"id": "U9"} | told, language="en") == profile


async def test_the_first_request_makes_a_member_and_is_answered_in_their_language(
    desktop: Desktop, workspace: Workspace
) -> None:
    await workspace.change("bo", tz="Asia/Shanghai", locale="zh-CN")
    await desktop.say("bo", "help", "/coach")
    bo = await known(desktop, desktop.user("bo"))
    assert (bo.zone, bo.language, bo.kind) == ("Asia/Shanghai", "zh", "person")
    with desktop.database() as db:
        assert [m.user for m in members.all_active(db)] == [bo.user]


async def test_where_the_app_may_not_ask_slack_a_member_is_made_all_the_same(
    tmp_path: Path,
) -> None:
    may_not = manifest()
    may_not["oauth_config"]["scopes"]["bot"].remove("users:read")
    async with Workspace(may_not) as workspace, open_desktop(workspace, tmp_path) as desktop:
        await workspace.change("bo", tz="Asia/Shanghai")
        await desktop.say("bo", "help", "/coach")
        assert (await known(desktop, desktop.user("bo"))).zone == "UTC"


async def test_who_joins_travels_or_leaves_in_slack_does_so_here(
    desktop: Desktop, workspace: Workspace
) -> None:
    cy = await workspace.join("cy", "Cy", tz="Europe/Berlin")
    await known(desktop, cy.id, zone="Europe/Berlin")
    await workspace.change("cy", tz="Asia/Tokyo")
    await known(desktop, cy.id, zone="Asia/Tokyo")
    await workspace.change("cy", deleted=True)
    await known(desktop, cy.id, active=False)
    with desktop.database() as db:
        assert members.get(db, desktop.user("bo")) is None  # nobody asked for anything


# --- leaving --------------------------------------------------------------------------------


@pytest.fixture
def team(db: Database) -> Database:
    """U1 leads, owes a scorecard, hosts, learns and is paired; others wait for that."""
    for user in ("U1", "U2", "U3", "U4"):
        members.ensure(
            db, user, name=user, kind="person", zone="UTC", language="en", now=MONDAY - 9 * DAY
        )
    roles.give(db, "U1", "lead", by="U2", now=MONDAY)
    roles.give(db, "U2", "panel", by="U2", now=MONDAY)
    candidate = hiring.add(
        db, code="C-014", role="designer", source="referral", stage="interview", by="U2",
        purge_on=date(2027, 1, 1), now=MONDAY,
    )  # fmt: skip
    hiring.plan(
        db, candidate, round_=1, interviewer="U1", starts_at=MONDAY - 2 * HOUR,
        ends_at=MONDAY - HOUR, by="U2", now=MONDAY - DAY,
    )  # fmt: skip
    session = sessions.add(
        db, kind="lecture", title="Evals", starts_at=(MONDAY + DAY).replace(tzinfo=None),
        zone="UTC", minutes=60, channel="C1", organiser="U2", host="U1", now=MONDAY,
    )  # fmt: skip
    sessions.materialise(db, session, [MONDAY + DAY])
    resource = resources.add(db, kind="paper", title="P", minutes=5, by="U2", now=MONDAY)
    assert resource is not None
    learning.assign(db, "U1", resource.id, track="technical", by="U2", now=MONDAY)
    pairs.make_round(db, day="2026-03-02", seed=1, groups=[("U1", "U2"), ("U3", "U4")], now=MONDAY)
    deliveries.put(db, key="digest:U1:2026-03-02", channel="U1", body={"text": "x"}, now=MONDAY)
    deliveries.put(db, key="digest:U2:2026-03-02", channel="U2", body={"text": "x"}, now=MONDAY)
    return db


def traces(db: Database) -> dict[str, object]:
    """Tell what U1 has to do with others."""
    planned = sessions.between(db, MONDAY, MONDAY + 9 * DAY)
    digests = {f"U{n}": deliveries.get(db, f"digest:U{n}:2026-03-02") for n in (1, 2)}
    return {
        "active": [member.user for member in members.all_active(db)],
        "digests": {user: one and one.state for user, one in digests.items()},
        "paired": any("U1" in pair.users for pair in pairs.open_pairs(db)),
        "hosts": [one.host for one in planned],
        "owed by": [one.interviewer for one in hiring.owed(db, now=MONDAY)],
        "to learn": [one.state for one in learning.of(db, "U1")],
        "roles": roles.of(db, "U1"),
    }


def test_who_leaves_is_let_out_of_everything_and_others_are_told(team: Database) -> None:
    assert leaving.leave(team, "U1", by="U2", now=MONDAY)
    assert traces(team) == {
        "active": ["U2", "U3", "U4"],
        "digests": {"U1": "cancelled", "U2": "due"},
        "paired": False,
        "hosts": [None],
        "owed by": ["U2"],
        "to learn": ["dropped"],
        "roles": frozenset(),
    }
    (again,) = pairs.open_pairs(team)
    assert again.users == ("U2", "U3", "U4")  # the one who was left is matched anew
    assert [change.subject for change in audit.find(team, "leaves")] == ["<@U1>"]
    assert not leaving.leave(team, "U1", by="U2", now=MONDAY)


def test_leaving_happens_as_a_whole_or_not_at_all(team: Database) -> None:
    before = traces(team)
    team.execute(
        """
        CREATE TRIGGER full_disk BEFORE DELETE ON roles
        BEGIN SELECT RAISE(ABORT, 'the last of all steps fails'); END
        """
    )
    with pytest.raises(sqlite3.IntegrityError, match="the last of all steps"):
        leaving.leave(team, "U1", by="U2", now=MONDAY)
    assert traces(team) == before


def test_who_opts_out_of_pairing_is_let_out_of_their_pair(team: Database) -> None:
    members.change(team, "U1", by="U1", now=MONDAY, matched=False)
    rounds.mend(team, now=MONDAY)
    assert not any("U1" in pair.users for pair in pairs.open_pairs(team))


async def test_leads_alone_may_say_that_somebody_left(
    desktop: Desktop, workspace: Workspace
) -> None:
    await desktop.say("bo", "me", "/team")
    refused = await desktop.say("bo", "leaves @bo", "/team")
    assert "Only a lead or an admin" in refused.text
    done = await desktop.say("ana", "leaves @bo", "/team")
    assert "has left" in done.text
    again = await desktop.say("ana", "leaves @bo", "/team")
    assert "has left before" in again.text
    await workspace.click("ana", again, "member_back")
    await known(desktop, desktop.user("bo"), active=True)
