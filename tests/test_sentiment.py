"""A text is answered to its asker alone, with what the model is sure of, and kept nowhere."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from hypothesis import given
from hypothesis import strategies as st
from office import Desktop, open_desktop
from records import NOON
from results import assert_postable

from bot.sentiment import answer, pasted
from bot.sentiment.answer import Source
from bot.sentiment.card import card
from bot.sentiment.pasted import Told
from bot.sentiment.reading import Reading
from bot.workspace.records import Message
from bot.workspace.server import Workspace
from storage import models
from storage.records import Model
from trainer.predict import Prediction

SOURCE = Source("runs", "sentiment v2, model 14, trained on reviews@2", "sentiment", 14, "reviews")


@pytest_asyncio.fixture
async def desk(workspace: Workspace, tmp_path: Path) -> AsyncIterator[Desktop]:
    async with open_desktop(workspace, tmp_path) as desktop:
        yield desktop


def let_serve(desk: Desktop) -> Model:
    desk.add_dataset()
    model = desk.add_model()
    with desk.database() as db:
        models.promote(db, alias="sentiment", model=model.id, expected=None, by="U1", now=NOON)
    return model


def predict(confidence: float, label: str = "positive", *, sure: bool = True) -> Prediction:
    rest = 1 - confidence
    chances = {label: confidence, "neutral": rest * 0.7, "negative": rest * 0.3}
    return Prediction(label, confidence, chances, sure)


async def ask(desk: Desktop, text: str) -> Message:
    return await desk.say("bo", text, "/sentiment")


@pytest.mark.parametrize(
    ("prediction", "words"),
    [
        (predict(0.97), "Almost certainly positive, 97% sure"),
        (predict(0.85), "Probably positive, 85% sure"),
        (predict(0.66), "Rather positive, 66% sure"),
        (predict(0.45, sure=False), "Not sure; positive is the most likely, at 45%"),
    ],
)
def test_the_confidence_is_said_in_words_and_percent(prediction: Prediction, words: str) -> None:
    reply = card(Reading("it is good", prediction), SOURCE, key="k")
    assert reply.text.startswith(words)
    assert SOURCE.name in reply.text
    assert not reply.public


@given(st.text(max_size=3_000), st.text(min_size=1, max_size=75))
def test_any_text_and_label_make_a_message_that_slack_takes(text: str, label: str) -> None:
    reply = card(Reading(text + "<!channel>", predict(0.7, label)), SOURCE, key="k")
    assert_postable(reply.text, reply.blocks)


async def test_the_asker_alone_is_answered_by_the_model_that_serves(desk: Desktop) -> None:
    model = let_serve(desk)
    said = await ask(desk, "good good good")
    assert said.ephemeral_to == desk.user("bo")
    assert "positive" in said.text
    assert f"sentiment v1, model {model.id}, trained on reviews" in said.text


async def test_the_model_that_serves_is_in_memory_before_the_first_question(
    desk: Desktop,
) -> None:
    model = let_serve(desk)
    await answer.warm(desk.office)
    (desk.office.settings.data_dir / model.path / "model.onnx").unlink()
    assert "positive" in (await ask(desk, "good")).text


async def test_below_the_threshold_it_is_not_sure(desk: Desktop) -> None:
    let_serve(desk)
    assert (await ask(desk, "good bad")).text.startswith("Not sure")


async def test_without_a_model_the_way_to_one_is_told(desk: Desktop) -> None:
    assert "/train data sample" in (await ask(desk, "good")).text


@pytest.mark.parametrize(
    "text", ["👍🏽 good", "טוב good", "很好 good", "a < b & c > d good", "good " * 200_000]
)
async def test_any_text_is_answered(desk: Desktop, text: str) -> None:
    let_serve(desk)
    assert "positive" in (await ask(desk, text)).text


async def test_another_purpose_is_asked_by_its_name(desk: Desktop) -> None:
    model = let_serve(desk)
    with desk.database() as db:
        models.promote(db, alias="topic", model=model.id, expected=None, by="U1", now=NOON)
    assert "topic v1" in (await ask(desk, "good model=topic")).text
    refused = (await ask(desk, "good model=topik")).text
    assert "Did you mean `topic`? There are: `sentiment`, `topic`." in refused


async def test_a_form_takes_a_long_text(desk: Desktop) -> None:
    let_serve(desk)
    await desk.workspace.slash("bo", "general", "/sentiment")
    view = await desk.workspace.wait_for_view("bo")
    await desk.workspace.submit_view("bo", view["id"], {"text": "good " * 500})
    said = await desk.workspace.wait_for(lambda m: "positive" in m.text)
    assert said.ephemeral_to == desk.user("bo")


async def test_a_model_whose_files_are_gone_is_said_so(desk: Desktop) -> None:
    model = let_serve(desk)
    (desk.office.settings.data_dir / model.path / "model.onnx").unlink()
    assert "/train rollback" in (await ask(desk, "good")).text


def test_what_was_told_of_a_text_is_remembered_for_who_says_that_it_is_wrong() -> None:
    told = Told("sentiment", 14, "好评", pasted.keep("很好"))
    assert Told.read(told.write()) == told
    assert pasted.get(told.key) == "很好"
    assert pasted.get(pasted.keep("x" * (pasted.LONGEST + 1))) is None
    assert pasted.get("of another process") is None


async def test_the_text_is_neither_logged_nor_kept(
    desk: Desktop, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, logger="bot")
    let_serve(desk)
    await ask(desk, "good xyzzy-secret")
    await desk.tick()
    assert "xyzzy" not in "".join(r.getMessage() for r in caplog.records if r.name[:3] == "bot")
    for kept in desk.office.settings.data_dir.rglob("*"):
        assert kept.is_dir() or b"xyzzy" not in kept.read_bytes()
