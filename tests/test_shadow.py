"""Tests of shadows: a candidate answers silently, counts are all that is kept, and it ends in time."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from hypothesis import given
from hypothesis import strategies as st
from keyword_models import write_keyword_model
from office import WORDS, Desktop, open_desktop
from records import NOON
from results import WORSE

from bot.logs import OURS
from bot.sentiment import shadow
from bot.train import agreement
from bot.train.agreement import Agreement
from bot.workspace.records import Message
from bot.workspace.server import Workspace
from storage import models, shadows
from storage.answering import ShadowCount, ShadowRun
from storage.records import Model
from trainer.evaluate import proportion
from trainer.spec import Comparison

CANARY = "zirconium"
RUN = ShadowRun(1, "sentiment", 2, 1, 0.2, "U1", "C1", NOON, serving_ms=400, candidate_ms=1_000)


@pytest_asyncio.fixture
async def desk(workspace: Workspace, tmp_path: Path) -> AsyncIterator[Desktop]:
    """Open a bot whose model 1 serves."""
    async with open_desktop(workspace, tmp_path) as desktop:
        desktop.add_dataset()
        serving = desktop.add_model().id
        with desktop.database() as db:
            models.promote(db, alias="sentiment", model=serving, expected=None, by="U1", now=NOON)
        yield desktop


def add_candidate(desk: Desktop, comparison: Comparison | None = None) -> Model:
    """Add a model of bo's that takes `fine` for negative."""
    job = desk.add_job("bo")
    folder = desk.office.settings.data_dir / f"runs/{job.id}/attempt-1/model"
    write_keyword_model(folder, WORDS | {"fine": "negative"})
    desk.end_job(job, comparison=comparison)
    with desk.database() as db:
        model = models.get(db, job.id)
    assert model is not None
    return model


async def ask(desk: Desktop, text: str, who: str = "bo") -> Message:
    said = await desk.say(who, text, "/sentiment")
    await shadow.settle()
    return said


def counts(desk: Desktop) -> dict[tuple[str, str], int]:
    with desk.database() as db:
        return {(one.told, one.would_tell): one.n for one in shadows.counts(db, 1)}


# --- pure -----------------------------------------------------------------------------------


@given(st.lists(st.text(), max_size=50), st.integers(1, 99))
def test_the_same_text_is_drawn_or_not_each_time(texts: list[str], salt: int) -> None:
    drawn = shadow.draw(texts, 0.3, salt=salt)
    assert shadow.draw(texts, 0.3, salt=salt) == drawn
    assert shadow.draw(texts, 1, salt=salt) == list(range(len(texts)))
    assert set(drawn) <= set(shadow.draw(texts, 0.6, salt=salt))


def test_about_the_share_that_was_asked_for_is_drawn() -> None:
    drawn = shadow.draw([f"text {n}" for n in range(2_000)], 0.2, salt=1)
    assert 320 < len(drawn) < 480


def test_agreement_is_said_with_its_interval_and_where_the_two_differ() -> None:
    rows = [("positive", "positive", 85), ("neutral", "negative", 12), ("negative", "<!here>", 3)]
    said = agreement.say(Agreement(RUN, [ShadowCount(*row) for row in rows]))
    assert "model 2 tells the same as model 1 in 85.0% (77.0–91.0%), n = 100." in said
    assert "neutral → negative 12 times, negative → &lt;!here&gt; 3 times" in said
    assert "It takes 10.0 ms a text, model 1 4.0 ms." in said
    assert "no question" in agreement.say(Agreement(RUN, []))


def test_an_interval_reaches_to_the_end_where_all_agree() -> None:
    assert proportion(20, 20).high == 1.0
    assert 0.88 < proportion(20, 20).low < 0.89
    assert proportion(0, 20).low == 0.0


# --- through the workspace ------------------------------------------------------------------


async def test_a_candidate_answers_silently_and_only_labels_are_counted(desk: Desktop) -> None:
    candidate = add_candidate(desk)
    begun = await ask(desk, f"shadow {candidate.id} share=100")
    assert "answers 100% of the questions to `sentiment` silently, beside model 1" in begun.text
    assert "positive" in (await ask(desk, "good fine fine xylophone")).text
    await ask(desk, "bad xylophone")
    assert counts(desk) == {("positive", "negative"): 1, ("negative", "negative"): 1}
    with desk.database() as db:
        assert "xylophone" not in "".join(db.conn.iterdump())
    job = (await desk.say("bo", f"show {candidate.id}")).text
    assert f"model {candidate.id} tells the same as model 1 in 50.0%" in job
    ended = (await ask(desk, "shadow end")).text
    assert "positive → negative 1 times" in ended
    await ask(desk, "good")
    assert sum(counts(desk).values()) == 2


async def test_only_the_candidates_owner_or_an_admin_begins_and_ends_it(desk: Desktop) -> None:
    await desk.workspace.join("cy", "Cy")
    number = add_candidate(desk).id
    assert "only they or an admin" in (await ask(desk, f"shadow {number}", "cy")).text
    assert "serves already" in (await ask(desk, "shadow 1", "ana")).text
    assert "There is no model 99" in (await ask(desk, "shadow 99")).text
    assert "silently" in (await ask(desk, f"shadow {number}", "ana")).text
    assert "beside `sentiment` already" in (await ask(desk, f"shadow {number}")).text
    assert "only they or an admin" in (await ask(desk, "shadow end", "cy")).text
    assert "no longer answers" in (await ask(desk, "shadow end")).text
    assert "No model answers beside" in (await ask(desk, "shadow end")).text


async def test_the_gate_and_the_promotion_tell_the_agreement_and_the_promotion_ends_it(
    desk: Desktop,
) -> None:
    number = add_candidate(desk, Comparison(model=1, difference=WORSE, left_out=0)).id
    await ask(desk, f"shadow {number} share=100")
    await ask(desk, "good")
    refused = (await desk.say("bo", f"promote {number}")).text
    assert "worse by" in refused
    assert f"On real questions model {number} tells the same as model 1 in 100.0%" in refused
    await desk.workspace.slash("ana", "general", "/train", f'promote {number} reason="labels"')
    async with asyncio.timeout(10):
        while not [m for m in desk.workspace.messages("general") if "sentiment v2" in m.text]:
            await desk.tick()
    told = await desk.workspace.wait_for(lambda m: "sentiment v2" in m.text)
    assert "tells the same as model 1 in 100.0%" in told.text
    with desk.database() as db:
        assert shadows.open_of(db, "sentiment") is None


async def test_a_candidate_that_fails_harms_no_answer(desk: Desktop) -> None:
    candidate = add_candidate(desk)
    await ask(desk, f"shadow {candidate.id} share=100")
    (desk.office.settings.data_dir / candidate.path / "model.onnx").unlink()
    for model in (desk.add_model(), desk.add_model()):  # they take its place in memory
        await desk.office.serving.load(model.path)
    assert "positive" in (await ask(desk, "good")).text
    assert counts(desk) == {}


async def test_what_is_pasted_is_nowhere_after_its_answer(
    desk: Desktop, caplog: pytest.LogCaptureFixture
) -> None:
    """Not in the database, its log, the files, the logs or the workspace, but for the answer itself."""
    for name in OURS:  # others' debug lines are never logged: see bot/logs.py
        caplog.set_level(logging.DEBUG, logger=name)
    await ask(desk, f"shadow {add_candidate(desk).id} share=100")
    texts = (
        f"good {CANARY}",
        f"Good {CANARY}. Bad {CANARY}. Good good. " * 20,
        f"好 {CANARY} good",
    )
    for text in texts:
        answered = await ask(desk, text)
        assert answered.ephemeral_to == desk.user("bo")
        await desk.workspace.click("bo", answered, "correct")  # a form that nobody sends
        await desk.workspace.wait_for_view("bo")
    await desk.tick()
    assert sum(counts(desk).values()) == 2  # not the one that is longer than a model reads
    folder = desk.office.settings.data_dir
    kept = b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())
    lasting = [m for m in desk.workspace.messages("general") if not m.ephemeral_to]
    assert CANARY.encode() not in kept
    assert CANARY not in caplog.text
    assert CANARY not in str(lasting)
