"""Hiring: codes instead of names, scores that anchor nobody, the panel alone, and a purge."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, get_args
from zoneinfo import ZoneInfo

import pytest
import pytest_asyncio
from office import Desktop, open_desktop
from records import NOON
from sqlite_utils import Database

from bot.asking import RefusalError
from bot.commands.team import MoveCandidate
from bot.commands.words import hints
from bot.logs import OURS
from bot.report import hiring as report
from bot.report.kinds import Scope
from bot.settings import BotSettings
from bot.team import candidates
from bot.team.hiring import STAGES, ageing, differing, read_code, sees_scores
from bot.workspace.records import Message
from bot.workspace.server import Workspace
from storage import audit, deliveries, erasure, hiring, roles
from storage.database import FILENAME
from storage.talent import Candidate, Interview

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
CANARY = "Zoltan Kanarienvogel"
LATER = date(2026, 12, 1)


def card(number: int, interviewer: str, *scores: int, **changes: Any) -> Interview:
    """Give an interview of C-014, with its scores where it has any."""
    values: dict[str, Any] = {
        **dict(zip(("technical", "industry", "teamwork"), scores, strict=False)),
        "candidate": "C-014",
        "round": 1,
        "starts_at": NOON,
        "ends_at": NOON + HOUR,
        "submitted_at": NOON + 2 * HOUR if scores else None,
    }
    return Interview(number, interviewer=interviewer, **(values | changes))


def candidate(code: str = "C-014", stage: str = "interview", *, days: int = 1) -> Candidate:
    since = NOON - days * DAY
    return Candidate(14, code, "designer", stage, since, "referral", "U9", since, "2026-12-01")


def keep(db: Database, code: str = "C-014", *, purge_on: date = LATER) -> Candidate:
    more = {"role": "designer", "source": "referral", "stage": "interview", "by": "U9"}
    return hiring.add(db, code=code, purge_on=purge_on, now=NOON, **more)


def plan(db: Database, kept: Candidate, interviewer: str = "U1") -> Interview:
    ends = NOON + HOUR
    return hiring.plan(
        db, kept, round_=1, interviewer=interviewer, starts_at=NOON, ends_at=ends, by="U9", now=NOON
    )


# --- rules ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("typed", "why"),
    [
        ("Zoltan", "a name"),
        (CANARY, "a name"),
        ("王小明", "a name"),
        ("zoltan@example.org", "an e-mail address"),
        ("+36 1 555 0134", "a phone number"),
        ("CAND-014", "no candidate's code"),
    ],
)
def test_what_looks_personal_is_no_code_and_is_not_repeated(typed: str, why: str) -> None:
    with pytest.raises(RefusalError, match=why) as refused:
        read_code(typed)
    assert typed not in str(refused.value)


def test_a_code_is_read_in_either_case() -> None:
    assert read_code(" c-014 ") == "C-014"


def test_stages_are_the_same_where_they_are_typed_kept_and_said() -> None:
    typed = get_args(hints(MoveCandidate)["stage"].__origin__)
    assert typed == hiring.STAGES == tuple(STAGES)


def test_nobody_sees_scores_before_giving_their_own() -> None:
    mine, theirs = card(1, "U1"), card(2, "U2", 5, 5, 5)
    assert not sees_scores("U1", [mine, theirs])
    assert sees_scores("U2", [mine, theirs])
    assert sees_scores("U1", [card(1, "U1", 3, 3, 3), theirs])
    assert sees_scores("U1", [card(1, "U1", cancelled_at=NOON), theirs])


def test_scores_two_points_apart_are_named_once_all_are_in() -> None:
    low, high = card(1, "U1", 2, 4, 3), card(2, "U2", 4, 5, 3)
    assert differing([low, high]) == ["technical"]
    assert differing([low, high, card(3, "U3")]) == []


def test_a_candidate_ages_by_the_patience_of_the_stage() -> None:
    old, new = candidate("C-001", "offer", days=6), candidate("C-002", "sourced", days=6)
    closed = candidate("C-003", "rejected", days=99)
    assert ageing([new, closed, old], NOON) == [old]


# --- records --------------------------------------------------------------------------------


def test_a_scorecard_is_owed_from_the_end_until_it_is_in(db: Database) -> None:
    kept = keep(db)
    first, second = plan(db, kept), plan(db, kept, "U2")
    ended = NOON + HOUR
    assert hiring.owed(db, now=ended - DAY) == []
    assert [one.id for one in hiring.owed(db, now=ended)] == [first.id, second.id]
    hiring.score(db, first.id, technical=1, industry=2, teamwork=5, by="U1", now=ended)
    hiring.cancel(db, second.id, by="U9", now=ended)
    assert hiring.owed(db, now=ended) == []


def test_nothing_is_owed_for_a_candidate_who_is_closed(db: Database) -> None:
    kept = keep(db)
    plan(db, kept)
    hiring.move(db, kept, "withdrawn", by="U9", purge_on=LATER, now=NOON)
    assert hiring.owed(db, now=NOON + DAY) == []


def test_changed_scores_are_audited_without_the_numbers_or_the_code(db: Database) -> None:
    number = plan(db, keep(db)).id
    for score in (1, 5):
        hiring.score(db, number, technical=score, industry=score, teamwork=score, by="U1", now=NOON)
    changes = audit.find(db, "interview score")
    assert [(one.subject, one.before, one.after) for one in changes] == [
        (f"interview {number}", "submitted", "changed"),
        (f"interview {number}", None, "submitted"),
    ]
    assert not any("C-014" in str(one) for one in audit.find(db))


def test_who_leaves_owes_nothing_and_owns_nobody(db: Database) -> None:
    for user in ("U1", "U9"):
        roles.give(db, user, "panel", by="U0", now=NOON)
    kept = keep(db)
    number = plan(db, kept, "U1").id
    hiring.hand_over(db, "U1", by="U0", now=NOON)
    handed = hiring.interview(db, number)
    assert handed is not None
    assert handed.interviewer == kept.owner == "U9"
    roles.give(db, "U2", "panel", by="U0", now=NOON)
    roles.take(db, "U1", "panel", by="U0", now=NOON)
    hiring.hand_over(db, "U9", by="U0", now=NOON)
    assert [one.owner for one in hiring.candidates(db)] == ["U2"]
    assert [one.interviewer for one in hiring.owed(db, now=NOON + DAY)] == ["U2"]


def test_a_purged_code_is_not_suggested_again(db: Database) -> None:
    assert hiring.next_code(db) == "C-001"
    kept = keep(db, "C-001")
    assert hiring.next_code(db) == "C-002"
    assert erasure.erase(db, kept, by="U9", now=NOON)
    assert hiring.next_code(db) == "C-002"


def test_messages_about_one_code_are_not_taken_for_anothers(db: Database) -> None:
    for key, text in (("a", "C-014 at 9"), ("b", "C-0141"), ("c", "AC-014"), ("d", "• C-014: x")):
        deliveries.put(db, key=key, channel="C1", body={"text": text}, now=NOON)
    assert [one.key for one in erasure.mentioning(db, "C-014")] == ["a", "d"]
    assert not erasure.erase(db, keep(db), by="U9", now=NOON)


# --- the report -----------------------------------------------------------------------------


def test_the_report_names_codes_and_who_owes_but_no_score() -> None:
    owed = card(1, "U1")
    low, high = card(2, "U2", 1, 5, 5, candidate="C-020"), card(3, "U3", 5, 5, 5, candidate="C-020")
    late = candidate("C-020", "interview", days=11)
    found = report.summarise(
        [candidate(), late],
        [owed, low, high],
        [owed],
        now=NOON + 3 * HOUR,
        zone=ZoneInfo("Asia/Shanghai"),
    )
    said = report.say(found, NOON)
    assert said.text.startswith("Hiring: 3 interviews today, 1 scorecard owed.")
    assert "• <@U1>: C-014, interview 1" in said.text
    assert "• C-020, interview for 2 weeks" in said.text
    assert "• C-020: Technical skill" in said.text
    assert said.table is None  # a file couldn't be purged


def test_a_morning_without_news_has_no_report(db: Database, desk_scope: Scope) -> None:
    keep(db)
    assert report.compose(db, desk_scope) is None


@pytest.fixture
def desk_scope(data_dir: Path) -> Scope:
    settings = BotSettings(_env_file=None, data_dir=data_dir)
    return Scope("C1", NOON - DAY, NOON, "UTC", settings)


# --- through the workspace ------------------------------------------------------------------


@pytest_asyncio.fixture
async def desktop(workspace: Workspace, tmp_path: Path) -> AsyncIterator[Desktop]:
    """Open the bot with bo and cy on the panel; ana is an admin and is not."""
    await workspace.join("cy", "Cy")
    await workspace.make_private("hiring", "bo", "cy", "coach")
    async with open_desktop(workspace, tmp_path) as opened:
        with opened.database() as db:
            for name in ("bo", "cy"):
                roles.give(db, opened.user(name), "panel", by="U0", now=NOON)
        yield opened


async def fill_in(desktop: Desktop, who: str, **values: Any) -> Any:
    view = await desktop.workspace.wait_for_view(who)
    return (await desktop.workspace.submit_view(who, view["id"], values)).reply


def on_disk(data_dir: Path) -> bytes:
    """Read the database's file and the log beside it."""
    return b"".join(path.read_bytes() for path in data_dir.glob(f"{FILENAME}*"))


async def ask(desktop: Desktop, who: str, text: str, channel: str = "hiring") -> Message:
    since = desktop.workspace.state.new_ts()
    await desktop.workspace.slash(who, channel, "/team", text)
    return await desktop.workspace.wait_for(lambda m: m.ts > since)


async def add(desktop: Desktop, who: str, **changes: Any) -> Any:
    await desktop.workspace.slash(who, "hiring", "/team", "interview add")
    yesterday = datetime.now(UTC) - DAY
    values = {"code": "C-777", "interviewer": who, "day": f"{yesterday:%Y-%m-%d}", "time": "10:00"}
    return await fill_in(desktop, who, **(values | changes))


async def test_only_the_panel_may_do_anything_with_hiring(desktop: Desktop) -> None:
    for text in ("list", "add", "score 1", "move C-014 offer", "purge C-014"):
        refused = await ask(desktop, "ana", f"interview {text}", "general")
        assert "a member of the hiring panel" in refused.text
    await add(desktop, "bo")
    await desktop.workspace.wait_for(lambda m: "is planned" in m.text)
    shown = await ask(desktop, "bo", "interview list")
    since = desktop.workspace.state.new_ts()
    await desktop.workspace.click("ana", shown, "interview_score")  # a forged click
    refused = await desktop.workspace.wait_for(lambda m: m.ts > since)
    assert "a member of the hiring panel" in refused.text
    # A form that is open while its person leaves the panel is refused too.
    await desktop.workspace.slash("bo", "hiring", "/team", "interview score 1")
    view = await desktop.workspace.wait_for_view("bo")
    with desktop.database() as db:
        roles.take(db, desktop.user("bo"), "panel", by="U0", now=NOON)
    since = desktop.workspace.state.new_ts()
    scores = dict.fromkeys(("technical", "industry", "teamwork"), "5")
    await desktop.workspace.submit_view("bo", view["id"], scores)
    refused = await desktop.workspace.wait_for(lambda m: m.ts > since)
    assert "a member of the hiring panel" in refused.text
    with desktop.database() as db:
        assert [one.submitted_at for one in hiring.interviews(db)] == [None]


async def test_a_candidate_from_the_first_interview_to_no_trace(
    desktop: Desktop, caplog: pytest.LogCaptureFixture
) -> None:
    for name in OURS:  # others' debug lines are never logged: see bot/logs.py
        caplog.set_level(logging.DEBUG, logger=name)
    workspace, settings = desktop.workspace, desktop.office.settings
    # A name is refused in the form, and so is an interviewer who is not of the panel.
    refused = await add(desktop, "bo", code=CANARY)
    assert "a name" in refused["errors"]["code"]
    open_form = await workspace.wait_for_view("bo")
    await workspace.close_view("bo", open_form["id"])
    await add(desktop, "bo", interviewer="ana")
    await workspace.wait_for(lambda m: "not of the hiring panel" in m.text)
    # bo and cy each interview and score; who has yet to score sees nobody's scores.
    await add(desktop, "bo")
    await add(desktop, "bo", interviewer="cy")
    await workspace.wait_for(lambda m: "Interview 2 is planned" in m.text)
    await desktop.outbox.drain()
    invited = await workspace.wait_for(lambda m: m.channel == workspace.dm("cy").id)
    assert "You interview a candidate" in invited.text
    await workspace.slash("bo", "hiring", "/team", "interview score 1")
    await fill_in(desktop, "bo", technical="2", industry="3", teamwork="3")
    await workspace.wait_for(lambda m: "scorecard of interview 1 is in" in m.text)
    before = await ask(desktop, "cy", "interview list")
    assert "Technical skill" not in str(before.blocks)
    await workspace.click("cy", before, "interview_score")
    await fill_in(desktop, "cy", technical="5", industry="3", teamwork="3")
    done = await workspace.wait_for(lambda m: "scorecard of interview 2 is in" in m.text)
    assert "Technical skill 2, Industry experience 3, Teamwork 3" in str(done.blocks)
    # The report goes to the panel's channel, and to no public one.
    refused = await desktop.say("bo", "now hiring", "/report")
    assert "private channels only" in refused.text
    await workspace.slash("bo", "hiring", "/report", "now hiring")
    while not [m for m in workspace.messages("hiring") if "C-777: Technical skill" in m.text]:
        await desktop.outbox.drain()
    # A purge leaves nothing: rows, messages, the file, the log beside it, the log of the bot.
    assert b"C-777" in on_disk(settings.data_dir)
    asked = await ask(desktop, "cy", "interview purge c-777")
    assert "2 interviews and 1 message" in asked.text
    await workspace.click("cy", asked, "interview_purge")
    await workspace.wait_for(lambda m: "known of this candidate is deleted" in m.text)
    lasting = [m for m in workspace.messages("hiring") if not m.ephemeral_to]
    for canary in ("C-777", CANARY, "Zoltan"):
        assert canary.encode() not in on_disk(settings.data_dir)
        assert canary not in workspace.transcript()
        assert canary not in str(lasting)
        assert canary not in caplog.text


async def test_the_daily_tick_purges_whose_day_has_come(desktop: Desktop) -> None:
    today = desktop.office.clock().date()
    with desktop.database() as db:
        keep(db, "C-001", purge_on=today)
        keep(db, "C-002", purge_on=today + DAY)
    await candidates.purge_due(desktop.office)
    with desktop.database() as db:
        assert [one.code for one in hiring.candidates(db)] == ["C-002"]


async def test_a_closed_candidates_interviews_to_come_are_cancelled(desktop: Desktop) -> None:
    tomorrow = f"{datetime.now(UTC) + DAY:%Y-%m-%d}"
    await add(desktop, "bo", interviewer="cy", day=tomorrow)
    await desktop.workspace.wait_for(lambda m: "Interview 1 is planned" in m.text)
    moved = await ask(desktop, "bo", "interview move C-777 withdrawn")
    assert "now at withdrawn" in moved.text
    await desktop.outbox.drain()
    await desktop.workspace.wait_for(lambda m: "of a candidate is cancelled" in m.text)
    with desktop.database() as db:
        assert hiring.interviews(db) == []
