"""The Home tab: all that Coach has to say to one person, changed in place by what they press."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from hypothesis import given
from hypothesis import strategies as st
from office import Desktop, open_desktop
from records import NOON
from results import assert_valid, strings

from bot.asking import Asker, Feature, Reply
from bot.home import MOST, Home, fit
from bot.workspace.server import Workspace
from storage import members, skills

TYPED = "what somebody typed"
LINE: dict[str, Any] = {"type": "divider"}


def lines(name: str, count: int) -> list[dict[str, Any]]:
    return [{"type": "section", "name": name, "number": number} for number in range(count)]


@given(st.lists(st.integers(1, 150), min_size=1, max_size=12), st.integers(0, 30))
def test_a_tab_never_has_too_many_blocks_and_leaves_nobody_out(sizes: list[int], top: int) -> None:
    sections = [lines(str(place), size) for place, size in enumerate(sizes)]
    shown = fit(lines("top", top), sections)
    assert len(shown) <= MOST
    names = {block.get("name") for block in shown}
    assert names >= ({str(place) for place, size in enumerate(sizes) if size == 1})
    if sum(sizes) + top + len(sizes) - 1 <= MOST:
        joined = [block for section in sections for block in [LINE, *section]][1:]
        assert shown == [*lines("top", top), *joined]


def test_a_long_section_gives_way_to_short_ones_and_says_so() -> None:
    shown = fit([], [lines("a", 3), lines("long", 300), lines("b", 4)])
    assert len(shown) == MOST
    assert [block.get("name") for block in shown].count("b") == 4
    assert "There is more than fits here." in str(shown)


@pytest_asyncio.fixture
async def desk(workspace: Workspace, tmp_path: Path) -> AsyncIterator[Desktop]:
    async with open_desktop(workspace, tmp_path) as running:
        yield running


async def open_home(desk: Desktop, who: str) -> dict[str, Any]:
    await desk.workspace.open_home(who)
    return await desk.workspace.wait_for_home(who)


async def test_a_tab_has_what_is_ones_own_and_how_coach_is_doing(desk: Desktop) -> None:
    job = desk.add_job("bo")
    desk.add_model("ana")
    home = await open_home(desk, "bo")
    text = "\n".join(strings(home["blocks"]))
    assert "*My jobs*" in text
    assert f"*Job {job.id}*  queued, next in line" in text
    assert "*How Coach is doing*" in text
    assert "*Bo Chen*" in text
    assert "accuracy" not in text  # that job is Ana's
    for block in home["blocks"]:
        assert_valid({key: part for key, part in block.items() if key != "block_id"})


async def test_what_is_pressed_there_is_answered_there_and_shown_as_it_is_now(
    desk: Desktop,
) -> None:
    job = desk.add_job("bo")
    home = await open_home(desk, "bo")
    await desk.workspace.click("bo", home, "stop")
    home = await desk.workspace.wait_for_home("bo", lambda view: "Stopped" in str(view["blocks"]))
    said = strings(home["blocks"])
    assert f"Stopped: job {job.id} had not begun." in home["blocks"][0]["text"]["text"]
    assert any("cancelled" in one for one in said)
    assert not desk.workspace.messages(desk.workspace.dm("bo").id)


async def test_a_form_opened_there_changes_the_tab_when_it_is_sent(desk: Desktop) -> None:
    home = await open_home(desk, "bo")
    await desk.workspace.click("bo", home, "me_edit")
    form = await desk.workspace.wait_for_view("bo")
    await desk.workspace.submit_view("bo", form["id"], {"discipline": "designer"})
    await desk.workspace.wait_for_home("bo", lambda view: "designer" in str(view["blocks"]))


async def test_a_tab_speaks_its_readers_language(desk: Desktop) -> None:
    cy = await desk.workspace.join("cy", "Cy", locale="zh-CN")
    with desk.database() as db:
        about = {"name": "Cy", "kind": "person", "zone": "Asia/Shanghai", "language": "zh"}
        members.ensure(db, cy.id, **about, now=NOON)  # type: ignore[arg-type]
        skills.add(db, "pytorch", zh="深度学习", critical=False, by=cy.id, now=NOON)
        skills.set_level(db, cy.id, 1, 3, by=cy.id, now=NOON)
    assert "深度学习" in str((await open_home(desk, "cy"))["blocks"])


def fails(*_: object) -> list[dict[str, Any]]:
    raise ValueError(TYPED)


async def test_a_section_that_fails_costs_itself_alone(
    desk: Desktop, caplog: pytest.LogCaptureFixture
) -> None:
    feature = Feature(home=(fails, lambda *_: [LINE], lambda *_: []))
    with caplog.at_level(logging.ERROR):
        assert await Home(desk.office, [feature]).show(desk.user("bo"))
    home = desk.workspace.home("bo")
    assert home is not None
    assert [block["type"] for block in home["blocks"]] == ["divider"]
    assert "a section of Home failed" in caplog.text
    assert TYPED not in caplog.text


async def test_where_slack_takes_no_tab_the_answer_comes_as_a_message(desk: Desktop) -> None:
    desk.workspace.faults.unavailable.add("views.publish")
    asker = Asker("key", desk.user("bo"), "")
    await Home(desk.office, []).say(desk.office, asker, Reply("Noted."))
    (message,) = desk.workspace.messages(desk.workspace.dm("bo").id)
    assert message.text == "Noted."
