"""The models in the bot's memory: never in the event loop's way, swapped without a gap."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from keyword_models import write_keyword_model
from slack_sdk.web.async_client import AsyncWebClient

from bot.asking import Office, RefusalError
from bot.sentiment import answer, batching
from bot.sentiment.batching import CHUNK_TEXTS
from bot.sentiment.serving import Serving
from bot.settings import BotSettings

ODD_TEXTS = [
    "",
    "👍🏽👩‍👩‍👧",
    "خدمة سيئة جدا",
    "הכל טוב",
    "服务 very good",
    "\ud83d",
    "it " * 1_700_000,
]
POSITIVE, NEGATIVE = {"it": "positive", "no": "negative"}, {"it": "negative", "no": "positive"}


@pytest.fixture
def serving(tmp_path: Path) -> Iterator[Serving]:
    write_keyword_model(tmp_path / "old", POSITIVE)
    write_keyword_model(tmp_path / "new", NEGATIVE)
    serving = Serving(tmp_path, kept=2)
    yield serving
    serving.close()


async def ask(serving: Serving, path: str, text: str = "it") -> str:
    (prediction,) = await serving.classify(path, [text])
    return prediction.label


async def test_each_model_answers_under_its_own_path(serving: Serving) -> None:
    assert await ask(serving, "old") == "positive"
    assert await ask(serving, "new") == "negative"


async def test_many_questions_at_once_load_a_model_once(serving: Serving, tmp_path: Path) -> None:
    answers = await asyncio.gather(*(ask(serving, "old") for _ in range(50)))
    assert answers == ["positive"] * 50
    shutil.rmtree(tmp_path / "old")  # it is in memory by now
    assert await ask(serving, "old") == "positive"


async def test_while_a_model_loads_the_other_goes_on_answering(serving: Serving) -> None:
    await serving.load("old")
    loading = asyncio.create_task(serving.load("new"))
    await asyncio.sleep(0)
    assert await ask(serving, "old") == "positive"
    await loading
    assert await ask(serving, "new") == "negative"


async def test_a_long_list_lets_a_single_question_in_between(serving: Serving) -> None:
    bulk = asyncio.create_task(serving.classify("old", ["it " * 100, "no"] * CHUNK_TEXTS))
    await asyncio.sleep(0)
    assert await ask(serving, "old") == "positive"
    assert not bulk.done()
    labels = [one.label for one in await bulk]
    assert labels == ["positive", "negative"] * CHUNK_TEXTS


async def test_a_model_that_makes_room_finishes_what_it_has(tmp_path: Path) -> None:
    for name, words in {"old": POSITIVE, "new": NEGATIVE}.items():
        write_keyword_model(tmp_path / name, words)
    serving = Serving(tmp_path, kept=1)
    await serving.load("old")
    bulk = asyncio.create_task(serving.classify("old", ["it " * 100] * CHUNK_TEXTS))
    await asyncio.sleep(0)
    assert await ask(serving, "new") == "negative"
    assert not bulk.done()
    assert {one.label for one in await bulk} == {"positive"}
    serving.close()


async def test_a_full_line_is_a_refusal_in_words(
    serving: Serving, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batching, "MOST_QUESTIONS", 12)
    settings = BotSettings(data_dir=tmp_path)
    office = Office(settings, AsyncWebClient(), serving, lambda: datetime.now(UTC))
    source = answer.Source("old", "sentiment v1", "sentiment", 1)
    await serving.load("old")
    asking = [answer.classify(office, source, ["it"]) for _ in range(13)]
    *answered, refused = await asyncio.gather(*asking, return_exceptions=True)
    assert all(isinstance(one, list) for one in answered)
    assert isinstance(refused, RefusalError)
    assert str(refused) == ("Busy: 12 questions are ahead of yours. Try again in a few seconds.")


@pytest.mark.parametrize("text", ODD_TEXTS, ids=range(len(ODD_TEXTS)))
async def test_odd_texts_are_answered(serving: Serving, text: str) -> None:
    assert await ask(serving, "old", text) in {"positive", "negative"}


async def test_no_text_gets_no_answer(serving: Serving) -> None:
    assert await serving.classify("old", []) == []


async def test_a_missing_model_is_an_error_and_tried_again_when_it_is_there(
    serving: Serving, tmp_path: Path
) -> None:
    with pytest.raises(OSError, match="late"):
        await ask(serving, "late")
    write_keyword_model(tmp_path / "late", POSITIVE)
    assert await ask(serving, "late") == "positive"


async def test_one_who_no_longer_waits_takes_the_model_from_no_other(serving: Serving) -> None:
    impatient = asyncio.create_task(ask(serving, "old"))
    patient = asyncio.create_task(ask(serving, "old"))
    await asyncio.sleep(0)
    impatient.cancel()
    assert await patient == "positive"


async def test_the_model_asked_least_recently_makes_room(serving: Serving, tmp_path: Path) -> None:
    write_keyword_model(tmp_path / "third", POSITIVE)
    for path in ("old", "new", "old", "third"):
        await ask(serving, path)
    shutil.rmtree(tmp_path / "new")
    shutil.rmtree(tmp_path / "old")
    assert await ask(serving, "old") == "positive"
    with pytest.raises(OSError, match="new"):
        await ask(serving, "new")
