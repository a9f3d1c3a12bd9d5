"""Skills, plans, resources and tables as people ask for them, and what they may not do."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest_asyncio
from office import Desktop, open_desktop

from bot.team import plan_card, skill_list, starter
from bot.team.skill_list import Skills
from bot.workspace.limits import check_blocks
from bot.workspace.records import Message
from bot.workspace.server import Workspace
from storage import audit, learning, members, skills
from storage.talent import MemberSkill, Skill


@pytest_asyncio.fixture
async def desk(workspace: Workspace, tmp_path: Path) -> AsyncIterator[Desktop]:
    """Give a desktop where ana, an admin, and bo are members."""
    async with open_desktop(workspace, tmp_path) as desktop:
        for who in ("ana", "bo"):
            await desktop.say(who, "skill list", "/team")
        yield desktop


async def team(desk: Desktop, who: str, text: str) -> Message:
    return await desk.say(who, text, "/team")


def add_starter(desk: Desktop) -> None:
    with desk.database() as db:
        starter.add(db, by=desk.user("ana"), now=desk.office.clock())


# --- skills ---------------------------------------------------------------------------------


def test_skills_are_grouped_by_how_many_have_them_and_fit_into_a_message() -> None:
    listed = [Skill(n, f"Skill & number {n} " + "x" * 40, n < 3) for n in range(100)]
    held = {
        n: [MemberSkill(f"U{m}", n, m % 2 == 0, "self", have=4 - m % 5) for m in range(n % 12)]
        for n in range(100)
    }
    shown = skill_list.say(Skills(listed, held), lead=False)
    assert shown.blocks is not None
    check_blocks(shown.blocks)
    assert "Two or more have it" in str(shown.blocks)
    assert "There are more" in str(shown.blocks)
    few = skill_list.say(Skills(listed[:3], held), lead=False)
    assert "One person alone has it" in str(few.blocks)


async def test_a_lead_adds_the_starter_list_and_people_say_what_they_know(desk: Desktop) -> None:
    assert "A lead can begin one" in (await team(desk, "bo", "skill list")).text
    offer = await team(desk, "ana", "skill list")
    shown = await desk.press("ana", offer, "starter_add")
    assert "27 skills" in shown.text
    check_blocks(shown.blocks)
    await team(desk, "bo", "prefs language=zh")
    assert "模型评测" in str((await team(desk, "bo", "skill list")).blocks)
    await team(desk, "bo", "skill have 模型评测 3")
    shown = await team(desk, "bo", "skill list")
    asked = await desk.press("bo", shown, "skill_pick:want")
    await desk.workspace.click("bo", asked, "skill_want", "5")
    await desk.workspace.wait_for(lambda m: "PyTorch" in m.text)
    assert "Did you mean `Evaluation`" in (await team(desk, "ana", "skill have evaluatio 2")).text
    with desk.database() as db:
        evaluation = skills.find(db, "evaluation")
        assert evaluation is not None
        own = skills.of(db, desk.user("bo"))
        assert [(one.have, one.want) for one in own.values()] == [(3, False), (None, True)]
        assert str(skill_list.home(db, desk.office, desk.user("bo"))).count("skill_level") == 2


async def test_only_a_manager_or_a_lead_assesses(desk: Desktop) -> None:
    add_starter(desk)
    refused = await team(desk, "bo", "skill assess @ana pytorch 2")
    assert "Only a lead or an admin may do that" in refused.text
    assert "Only a lead or an admin" in (await team(desk, "bo", "skill add Haggling")).text
    with desk.database() as db:
        boss, now = desk.user("bo"), desk.office.clock()
        members.change(db, desk.user("ana"), by=boss, now=now, manager=boss)
    assert "assessed by you" in (await team(desk, "bo", "skill assess @ana pytorch 2")).text
    with desk.database() as db:
        (seen,) = skills.of(db, desk.user("ana")).values()
    assert (seen.have, seen.source, seen.assessed_by) == (2, "lead", desk.user("bo"))


# --- plans ----------------------------------------------------------------------------------


async def test_a_plan_is_given_told_finished_with_evidence_and_counted(desk: Desktop) -> None:
    add_starter(desk)
    refused = await team(desk, "bo", "plan add @ana 1")
    assert "Only a lead or an admin may do that" in refused.text
    assert "Only a lead or an admin" in (await team(desk, "bo", "plan @ana")).text
    assert "Did you mean" in (await team(desk, "ana", 'plan add @bo "Laws of UI"')).text
    assert "is over" in (await team(desk, "ana", "plan add @bo 1 due=2020-01-01")).text
    given = await team(desk, "ana", 'plan add @bo "laws of ux" due=2099-01-04 track=soft')
    assert "due Sun, Jan 4, a day off: counts as Fri, Jan 2" in given.text
    await desk.outbox.drain()
    (told,) = desk.workspace.messages(desk.workspace.dm("bo").id)
    assert f"<@{desk.user('ana')}> put" in told.text
    plan = await team(desk, "bo", "plan")
    check_blocks(plan.blocks)
    await desk.workspace.click("bo", plan, "assignment_done")
    view = await desk.workspace.wait_for_view("bo")
    await desk.workspace.submit_view("bo", view["id"], {"evidence": "notes"})
    await desk.workspace.wait_for(lambda m: "is done. soft skills 1/1" in m.text)
    with desk.database() as db:
        (done,) = learning.of(db, desk.user("bo"))
        assert done.evidence == "notes"
        assert "1/1" in str(plan_card.home(db, desk.office, desk.user("bo")))


async def test_what_a_lead_gave_is_dropped_by_leads_alone(desk: Desktop) -> None:
    add_starter(desk)
    await team(desk, "ana", "plan add @bo 1")
    assert "assignment_drop" not in str((await team(desk, "bo", "plan")).blocks)
    shown = await team(desk, "ana", "plan @bo")
    refused = await desk.press("bo", shown, "assignment_drop")
    assert "Only a lead or an admin may do that" in refused.text
    assert "is dropped" in (await desk.press("ana", shown, "assignment_drop")).text


async def test_something_to_learn_is_added_by_a_form_and_put_into_ones_plan(desk: Desktop) -> None:
    add_starter(desk)
    await desk.workspace.slash("bo", "general", "/team", "learn add")
    view = await desk.workspace.wait_for_view("bo")
    typed = {"title": "Our <own> guide", "link": "nowhere", "skills": ["2", "3"]}
    refused = await desk.workspace.submit_view("bo", view["id"], typed)
    assert "is no address" in str(refused.reply)
    await desk.workspace.submit_view("bo", view["id"], typed | {"link": "https://example.org"})
    added = await desk.workspace.wait_for(lambda m: "is added, as number" in m.text)
    assert "Our &lt;own&gt; guide" in added.text
    assert "is in the plan" in (await desk.press("bo", added, "plan_take")).text


# --- tables ---------------------------------------------------------------------------------


async def send(desk: Desktop, who: str, table: str, content: str) -> Message:
    """Import a file, and give what is said of it."""
    shared = await desk.workspace.upload(who, "general", f"{table}.csv", content.encode())
    await desk.workspace.slash(who, "general", "/team", f"import {table}")
    view = await desk.workspace.wait_for_view(who)
    since = desk.workspace.state.new_ts()
    await desk.workspace.submit_view(who, view["id"], {"file": [shared.files[0].id]})
    return await desk.workspace.wait_for(lambda m: m.ts > since and "file" in m.text)


async def test_a_table_goes_out_changes_and_comes_back_after_a_word_of_consent(
    desk: Desktop,
) -> None:
    add_starter(desk)
    assert "Only a lead or an admin" in (await team(desk, "bo", "export members")).text
    assert "Only a lead or an admin" in (await team(desk, "bo", "import skills")).text
    await desk.workspace.slash("bo", "general", "/team", "export skills")
    await desk.workspace.wait_for(lambda m: "`skills.csv` is in your direct messages" in m.text)
    (sent,) = desk.workspace.messages(desk.workspace.dm("bo").id)
    content = sent.files[0].content.decode("utf-8-sig")
    changed = content.replace("PyTorch 框架,no", "PyTorch 框架,yes") + "Haggling,,no,,\n"
    broken = await send(desk, "ana", "skills", changed.replace(",yes", ",perhaps"))
    assert "Nothing was imported" in broken.text
    assert "• Line 2: column `critical`: `perhaps` isn't one of yes, no" in broken.text
    preview = await send(desk, "ana", "skills", changed)
    assert "adds 1 row, changes 1 and leaves 26 as they are" in preview.text
    with desk.database() as db:
        assert skills.find(db, "Haggling") is None
    await desk.workspace.click("ana", preview, "import_write")
    await desk.workspace.wait_for(lambda m: "1 added, 1 changed" in m.text)
    with desk.database() as db:
        pytorch = skills.find(db, "PyTorch")
        assert pytorch is not None
        assert pytorch.critical
        assert audit.find(db, "import")[0].after == "added 1, changed 1"
    assert not list((desk.office.settings.data_dir / "uploads").glob("*/*"))
