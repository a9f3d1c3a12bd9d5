"""Thanks in public, privacy reviews by checklist, and the quarter's report on them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest_asyncio
from office import Desktop, open_desktop
from records import NOON
from results import make_dataset

from bot.report import quarter
from bot.report.kinds import Scope
from bot.team import thanks as say_thanks
from bot.workspace.server import Workspace
from storage import privacy, roles, thanks
from storage.talent import PrivacyReview, ThankYou

DAY = timedelta(days=1)
ANSWERS = {
    "purpose": "to serve sentiment",
    "basis": "licence",
    "retention": "a year",
    "access": "the team",
    "deletion": "by hash",
}


@pytest_asyncio.fixture
async def desktop(workspace: Workspace, tmp_path: Path) -> AsyncIterator[Desktop]:
    async with open_desktop(workspace, tmp_path) as opened:
        yield opened


async def test_thanks_stand_in_the_channel_and_are_kept(desktop: Desktop) -> None:
    job = desktop.add_job()
    await desktop.workspace.slash(
        "ana", "general", "/team", f"thanks @bo for the <evaluation> run={job.id}"
    )
    said = f"thanks <@{desktop.user('bo')}> (job {job.id}): for the &lt;evaluation&gt;"
    while not [m for m in desktop.workspace.messages("general") if said in m.text]:
        await desktop.outbox.drain()
    with desktop.database() as db:
        (kept,) = thanks.since(db, NOON)
    assert (kept.sender, kept.receiver) == (desktop.user("ana"), desktop.user("bo"))
    assert (kept.run, kept.words) == (job.id, "for the <evaluation>")


async def test_nobody_thanks_themselves_or_a_bot_or_for_no_job(desktop: Desktop) -> None:
    for text, why in (
        ("thanks @ana", "go to somebody else"),
        ("thanks @coach", "a bot has no use"),
        ("thanks @bo run=99", "There is no job 99"),
    ):
        assert why in (await desktop.say("ana", text, "/team")).text
    with desktop.database() as db:
        assert thanks.since(db, NOON) == []


def test_thanks_without_words_read_well_too() -> None:
    bare = ThankYou(1, "U1", "U2", "", "C1", NOON)
    assert say_thanks.announce(bare) == ":clap: <@U1> thanks <@U2>."


async def test_the_committee_signs_a_data_set_off(desktop: Desktop) -> None:
    workspace, dataset = desktop.workspace, desktop.add_dataset(personal_data={"e-mail": 2})
    assert "privacy committee" in (await desktop.say("ana", "review list", "/team")).text
    with desktop.database() as db:
        roles.give(db, desktop.user("bo"), "committee", by="U0", now=NOON)
    waiting = await desktop.say("bo", "review list", "/team")
    assert "1 data set waits" in waiting.text
    assert "e-mail in 2 rows" in waiting.text
    await workspace.click("bo", waiting, "review_open")
    view = await workspace.wait_for_view("bo")
    await workspace.submit_view("bo", view["id"], ANSWERS)
    await workspace.wait_for(lambda m: "is signed off" in m.text)
    with desktop.database() as db:
        review = privacy.review_of(db, dataset.hash)
        assert privacy.unreviewed(db) == []
    assert review is not None
    assert review.checklist == ANSWERS | {"personal_data": {"e-mail": 2}}
    card = await desktop.say("ana", "data show reviews")
    assert f"reviewed by <@{desktop.user('bo')}>" in card.text


def test_the_quarter_puts_what_is_not_reviewed_first() -> None:
    signed, waiting = make_dataset(), make_dataset(name="tickets", hash="e" * 64)
    review = PrivacyReview(signed.hash, "U1", dict(ANSWERS), NOON)
    said = quarter.say(quarter.Quarter([(signed, review), (waiting, None)], None, []))
    first, second = said.text.splitlines()[2:4]
    assert "`tickets`: not reviewed" in first
    assert "`reviews`: signed by <@U1>" in second
    assert said.table is not None
    assert "licence,to serve sentiment,a year" in said.table


async def test_a_quarter_without_anything_has_no_report(desktop: Desktop) -> None:
    scope = Scope("C1", NOON - DAY, NOON, "UTC", desktop.office.settings)
    with desktop.database() as db:
        assert quarter.compose(db, scope) is None
