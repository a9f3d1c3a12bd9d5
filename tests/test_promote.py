"""A model serves when it is not shown to be worse; going back undoes; each move is told."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from office import Desktop, open_desktop
from results import BETTER, NONE, WORSE, assert_postable

from bot.asking import RefusalError
from bot.train import gate
from bot.workspace.records import Message
from bot.workspace.server import Workspace
from storage import models
from storage.records import Promotion
from trainer.spec import Baseline, Comparison, Difference

REASON = "the old labels were wrong"


@pytest_asyncio.fixture
async def desk(workspace: Workspace, tmp_path: Path) -> AsyncIterator[Desktop]:
    async with open_desktop(workspace, tmp_path) as desktop:
        desktop.add_dataset()
        yield desktop


def beside(model: int, difference: Difference) -> Comparison:
    return Comparison(model=model, difference=difference, left_out=0)


def history(desk: Desktop) -> list[Promotion]:
    with desk.database() as db:
        return models.history(db, "sentiment")[::-1]


async def promote(desk: Desktop, who: str, text: str) -> Message:
    """Promote and give what is told to the channel."""
    number = len(history(desk)) + 1
    await desk.workspace.slash(who, "general", "/train", f"promote {text}")
    async with asyncio.timeout(10):
        while len(history(desk)) < number:  # noqa: ASYNC110 - the bot has no event for it
            await asyncio.sleep(0.02)
    await desk.tick()
    return await desk.workspace.wait_for(lambda m: f"sentiment v{number}" in m.text)


# --- pure -----------------------------------------------------------------------------------


@pytest.mark.parametrize("difference", [BETTER, NONE])
def test_what_is_not_shown_to_be_worse_passes(difference: Difference) -> None:
    gate.check(2, beside(1, difference), reason=None, admin=False)
    gate.check(2, None, reason=None, admin=False)


def test_what_is_worse_is_refused_with_its_figures() -> None:
    with pytest.raises(RefusalError, match=r"worse by 3\.1 ± 1\.2 points, n = 300"):
        gate.check(2, beside(1, WORSE), reason=None, admin=True)


def test_an_admin_may_overrule_with_a_reason_and_no_one_else() -> None:
    gate.check(2, beside(1, WORSE), reason=REASON, admin=True)
    with pytest.raises(RefusalError, match="Only an admin"):
        gate.check(2, beside(1, WORSE), reason=REASON, admin=False)


@pytest.mark.parametrize(
    ("served", "before"),
    [
        ([], None),
        ([1], None),
        ([1, 2], 1),
        ([1, 2, 1], None),
        ([1, 2, 3, 2], 1),
        ([1, 2, 3, 2, 4], 2),
        ([1, 2, 3, 1], 3),
    ],
)
def test_going_back_undoes_the_last_move_that_stands(served: list[int], before: int | None) -> None:
    assert gate.find_previous(served) == before


# --- by dispatch ----------------------------------------------------------------------------


async def test_the_first_model_serves_and_the_channel_is_told(desk: Desktop) -> None:
    desk.add_model("bo")
    told = await promote(desk, "bo", "1")
    assert "sentiment v1 is now model 1" in told.text
    assert "90.0%" in told.text
    assert_postable(told.text, told.blocks)
    assert "rollback" not in str(told.blocks)


async def test_a_worse_model_is_refused_and_an_admins_reason_is_kept(desk: Desktop) -> None:
    desk.add_model("bo")
    await promote(desk, "bo", "1")
    desk.add_model("bo", comparison=beside(1, WORSE))
    assert "worse by 3.1 ± 1.2 points" in (await desk.say("bo", "promote 2")).text
    assert "Only an admin" in (await desk.say("bo", f'promote 2 reason="{REASON}"')).text
    told = await promote(desk, "ana", f'2 reason="{REASON}"')
    assert REASON in told.text
    newest = history(desk)[-1]
    assert (newest.model, newest.previous, newest.reason) == (2, 1, REASON)
    assert newest.comparison is not None


async def test_a_model_that_does_not_beat_its_baseline_serves_and_it_is_said(
    desk: Desktop,
) -> None:
    tie = Baseline(name="TF-IDF", figures={"accuracy": 0.9, "macro_f1": 0.9}, difference=NONE)
    desk.add_model("bo", baselines=[tie])
    assert "does not beat TF-IDF" in (await promote(desk, "bo", "1")).text


async def test_models_that_cannot_be_compared_need_an_admin(desk: Desktop) -> None:
    for _ in range(2):
        desk.add_model("bo")
    await promote(desk, "bo", "1")
    assert "can't be compared" in (await desk.say("bo", "promote 2")).text
    await promote(desk, "ana", '2 reason="looked at by hand"')


async def test_only_its_owner_or_an_admin_promotes_a_model(desk: Desktop) -> None:
    desk.add_model("ana")
    assert "only they or an admin" in (await desk.say("bo", "promote 1")).text
    desk.add_job("bo")
    assert "has made no model" in (await desk.say("bo", "promote 2")).text


async def test_a_model_that_serves_is_not_promoted_again(desk: Desktop) -> None:
    desk.add_model()
    await promote(desk, "ana", "1")
    assert "serves already, as `sentiment` v1" in (await desk.say("ana", "promote 1")).text


async def test_promotions_at_once_move_the_alias_once(desk: Desktop) -> None:
    for _ in range(2):
        desk.add_model("ana")
    both = [desk.workspace.slash("ana", "general", "/train", f"promote {n}") for n in (1, 2)]
    await asyncio.gather(*both)
    await desk.workspace.wait_for(lambda m: "meanwhile" in m.text or "can't be" in m.text)
    assert len(history(desk)) == 1


async def test_roll_back_goes_back_once_by_its_button(desk: Desktop) -> None:
    desk.add_model()
    await promote(desk, "ana", "1")
    desk.add_model(comparison=beside(1, BETTER))
    told = await promote(desk, "ana", "2")
    assert "better by 6.2" in told.text
    for _ in range(2):
        await desk.workspace.click("ana", told, "rollback")
    await desk.workspace.wait_for(lambda m: "nothing was changed" in m.text)
    await desk.tick()
    back = await desk.workspace.wait_for(lambda m: "sentiment v3" in m.text and not m.ephemeral_to)
    assert "went back to it" in back.text
    assert [p.model for p in history(desk)] == [1, 2, 1]
    assert "There is no model before" in (await desk.say("ana", "rollback")).text


async def test_a_model_whose_files_are_gone_does_not_come_to_serve(desk: Desktop) -> None:
    model = desk.add_model()
    (desk.office.settings.data_dir / model.path / "model.onnx").unlink()
    assert "files of model 1 are gone" in (await desk.say("ana", "promote 1")).text
    assert not history(desk)
