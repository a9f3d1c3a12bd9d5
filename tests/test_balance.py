"""What the team is made of against what it should be, and who has which role."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from office import open_desktop
from results import assert_valid
from sqlite_utils import Database

from bot.asking import Asker, RefusalError
from bot.commands.team import TakeRole
from bot.report import health
from bot.report.kinds import Scope
from bot.settings import BotSettings
from bot.team import balance, makeup
from bot.team import roles as team_roles
from bot.team.makeup import Share
from bot.workspace.server import Workspace
from storage import audit, learning, members, nudges, pairs, resources, roles, skills, targets

NOW = datetime(2026, 11, 24, 9, tzinfo=UTC)


@pytest.fixture
def team(db: Database) -> Database:
    """Make a team of four with three skills."""
    for number, discipline in enumerate(["Engineer", "engineer", "designer", None], start=1):
        about = {"name": f"P{number}", "kind": "person", "zone": "UTC", "language": "en"}
        members.ensure(db, f"U{number}", **about, now=NOW)  # type: ignore[arg-type]
        members.change(db, f"U{number}", by="U1", now=NOW, discipline=discipline)
    for name, critical in (("pytorch", True), ("audio", True), ("sales", False)):
        skills.add(db, name, zh=None, critical=critical, by="U1", now=NOW)
    levels = [("U1", 1, 3), ("U2", 1, 2), ("U3", 2, 4), ("U1", 2, 1)]
    for user, skill, level in levels:
        skills.set_level(db, user, skill, level, by=user, now=NOW)
    targets.set_all(db, {"engineer": 4, "product manager": 1}, by="U1", now=NOW)
    return db


def test_disciplines_stand_against_their_targets_the_widest_gap_first(team: Database) -> None:
    found = makeup.look(team)
    assert found.shares == [
        Share("engineer", 2, 4),
        Share("product manager", 0, 1),
        Share("designer", 1, None),
    ]
    text = makeup.say_shares(found)
    assert "engineer         ██████░░░░░░  2 of 4" in text
    assert "1 person has not told their discipline yet" in text


def test_a_skill_counts_for_whoever_can_do_it_alone(team: Database) -> None:
    assert makeup.say_coverage(makeup.look(team)).splitlines() == [
        "Two people or more have: *pytorch* (critical).",
        "One person alone has: *audio* (critical).",
        "Nobody has: *sales*.",
    ]


@pytest.mark.parametrize(
    ("typed", "wanted"),
    [
        ("engineer 4 designer 2", {"engineer": 4, "designer": 2}),
        ("Product manager 2, data scientist=3", {"product manager": 2, "data scientist": 3}),
        ("工程师 4，设计师 2", {"工程师": 4, "设计师": 2}),
        ("designer 0", {}),
    ],
)
def test_targets_are_read_as_people_write_them(typed: str, wanted: dict[str, int]) -> None:
    assert balance.read(typed) == wanted


@pytest.mark.parametrize("typed", ["engineer", "engineer four", "4", "engineer 4 Engineer 2", ""])
def test_targets_that_are_none_are_refused_with_an_example(typed: str) -> None:
    with pytest.raises(RefusalError, match="`/team balance target engineer 4, designer 2`"):
        balance.read(typed)


async def test_targets_and_roles_are_set_by_those_who_may(
    workspace: Workspace, tmp_path: Path
) -> None:
    async with open_desktop(workspace, tmp_path) as desk:

        async def team(who: str, text: str) -> str:
            return (await desk.say(who, text, "/team")).text

        bo, ana = f"<@{desk.user('bo')}>", f"<@{desk.user('ana')}>"
        assert (await team("bo", "balance target engineer 2")).startswith("Only a lead or an admin")
        assert (await team("bo", "role give @bo admin")).startswith("Only an admin may")
        assert await team("ana", "role give @bo lead") == f"{bo} is a lead now."
        assert await team("ana", "role give @bo lead") == f"{bo} is a lead already."
        assert "0 of 2" in await team("bo", "balance target engineer 2")
        assert "has a role, and a guest has none" in await team("ana", "role give @bo guest")
        assert "named in the setting ADMINS" in await team("ana", "role take @ana admin")
        assert await team("ana", "role take @bo lead") == f"{bo} is no longer a lead."
        assert await team("ana", "role give @bo guest") == f"{bo} is a guest now."
        assert "these have no role" in await team("ana", "role give @bo lead")
        assert (await team("bo", "balance")).startswith("You are a guest here")
        with desk.database() as db:
            changes = [(c.action, c.subject, c.before, c.after) for c in audit.find(db, "role")]
        assert changes == [
            ("role give", bo, None, "guest"),
            ("role take", bo, "lead", None),
            ("role give", bo, None, "lead"),
        ]
        assert ana not in str(changes)


async def test_the_last_admin_stays_one(workspace: Workspace, tmp_path: Path) -> None:
    async with open_desktop(workspace, tmp_path) as desk:
        settings = desk.office.settings.model_copy(update={"admins": frozenset()})
        office = replace(desk.office, settings=settings)
        with desk.database() as db:
            roles.give(db, "U1", "admin", by="U1", now=NOW)
        take = TakeRole("U1", "admin")
        with pytest.raises(RefusalError, match="the last admin"):
            team_roles.take(office, Asker("key", "U1", "C1"), take)
        with desk.database() as db:
            roles.give(db, "U2", "admin", by="U1", now=NOW)
        said = team_roles.take(office, Asker("key", "U1", "C1"), take)
        assert said.text == "<@U1> is no longer an admin."


# --- the report on the team's health --------------------------------------------------------


@pytest.fixture
def month(team: Database) -> Database:
    """Let the team learn, meet, be assessed and be reminded for a month."""
    talk = resources.add(team, kind="talk", title="Evals", minutes=90, by="U1", now=NOW)
    assert talk is not None
    given = learning.assign(team, "U3", talk.id, track="soft", by="U1", now=NOW)
    assert given is not None
    learning.finish(team, given.id, by="U3", now=NOW)
    made = pairs.make_round(
        team, day="2026-11-10", seed=1, groups=[("U1", "U2"), ("U3", "U4")], now=NOW
    )
    pairs.met(team, (made or [])[0].id, met=True, by="U1", now=NOW)
    lines = [(f"assignment:{number}", "assignment") for number in range(4)]
    nudges.note_sent(team, "U3", lines, day=NOW.date(), now=NOW)
    nudges.respond(team, "U3", "assignment:1", kind="assignment", response="done", now=NOW)
    return team


SCOPE = Scope("C1", NOW - timedelta(days=31), NOW, "UTC", BotSettings(_env_file=None))


def test_the_health_of_a_team_is_told_in_sums(month: Database) -> None:
    report = health.compose(month, SCOPE)
    assert report is not None
    assert "engineer         ██████░░░░░░  2 of 4" in report.text
    for line in (
        "*Skills* 1 that two people or more have, 1 that one alone has, 1 that nobody has.",
        "Critical ones that fewer than two people have: *audio*.",
        "*Learning* 1.5 hours were finished: soft skills 1.5.",
        "*Assessments* 0 of 4 levels are older than 180 days.",
        "*Pairs* 1 of 2 pairs met, 1 gave no answer.",
        "25% of 4.",
    ):
        assert line in report.text
    for block in report.blocks:
        assert_valid(block)
    assert not set(report.text.split()).intersection({"U3", "<@U3>", "P3"})
    assert report.picture is not None
    assert report.picture.alt.startswith("The team is 3 people short of its targets")
    assert "people,engineer,2,4" in (report.table or "")


def test_old_assessments_are_counted_and_an_empty_team_has_no_report(month: Database) -> None:
    later = NOW + timedelta(days=200)
    found = health.look(month, Scope("C1", NOW, later, "UTC", SCOPE.settings))
    assert (found.old, found.levels, found.minutes, found.met) == (4, 4, {}, {})
    for member in members.all_active(month):
        members.deactivate(month, member.user, by="U1", now=NOW)
    assert health.compose(month, SCOPE) is None
