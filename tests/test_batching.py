"""Askers share batches: each gets its own answer, questions go first, and lines are bounded."""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from collections.abc import AsyncIterator, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.sentiment import batching
from bot.sentiment.batching import TURN_BYTES, Asked, Batcher, BusyError, take_batch, take_turns


class Upper:
    """A model that answers in capitals, when it is let; it keeps the batches it was given."""

    def __init__(self) -> None:
        self.batches: list[list[str]] = []
        self.is_asked = threading.Event()
        self.may_answer = threading.Event()

    def answer(self, texts: Sequence[str]) -> list[str]:
        self.batches.append(list(texts))
        self.is_asked.set()
        self.may_answer.wait()
        if texts[0].startswith("fail"):
            raise ValueError("fail")
        return [text.upper() for text in texts]


@pytest.fixture
def model() -> Upper:
    return Upper()


@pytest.fixture
async def batcher(model: Upper) -> AsyncIterator[Batcher]:
    batcher = Batcher(threads=1)
    yield batcher
    model.may_answer.set()
    batcher.close()


async def occupy(batcher: Batcher, model: Upper) -> asyncio.Task[str]:
    """Have the only thread answer a question until the model is let."""
    first = asyncio.create_task(batcher.ask(model.answer, "first"))
    await asyncio.to_thread(model.is_asked.wait)
    return first


async def test_two_hundred_askers_share_batches_and_get_their_own_answers(
    batcher: Batcher, model: Upper
) -> None:
    model.may_answer.set()
    texts = [f"text {number}" for number in range(200)]
    answers = await asyncio.gather(*(batcher.ask(model.answer, text) for text in texts))
    assert answers == [text.upper() for text in texts]
    assert len(model.batches) < 10
    assert [text for batch in model.batches for text in batch] == texts  # first come, first served


async def test_a_list_is_answered_in_its_order(batcher: Batcher, model: Upper) -> None:
    model.may_answer.set()
    texts = ["a" * (number * 37 % 200) for number in range(300)]
    assert await batcher.answer(model.answer, texts) == [text.upper() for text in texts]
    assert await batcher.answer(model.answer, []) == []


async def test_a_question_goes_before_the_rest_of_a_list(batcher: Batcher, model: Upper) -> None:
    first = await occupy(batcher, model)
    bulk = asyncio.create_task(batcher.ask_all(model.answer, ["l" * 500] * 20))
    await asyncio.sleep(0)
    question = asyncio.create_task(batcher.ask(model.answer, "question"))
    await asyncio.sleep(0)
    model.may_answer.set()  # set by the loop: a thread that waits does not hold it up
    assert await question == "QUESTION"
    assert not bulk.done()
    await asyncio.gather(first, bulk)
    assert model.batches[1] == ["question"]


async def test_two_lists_take_turns(batcher: Batcher, model: Upper) -> None:
    first = await occupy(batcher, model)
    lists = [asyncio.create_task(batcher.ask_all(model.answer, [c * 900] * 3)) for c in "ab"]
    await asyncio.sleep(0)
    model.may_answer.set()
    await asyncio.gather(first, *lists)
    assert "".join(batch[0][0] for batch in model.batches[1:]) == "ababab"


async def test_one_more_than_the_line_holds_is_told_how_many_are_ahead(
    batcher: Batcher, model: Upper, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batching, "MOST_QUESTIONS", 12)
    first = await occupy(batcher, model)
    waiting = [asyncio.create_task(batcher.ask(model.answer, "it")) for _ in range(12)]
    await asyncio.sleep(0)
    with pytest.raises(BusyError) as busy:
        await batcher.ask(model.answer, "one more")
    assert busy.value.ahead == 12
    model.may_answer.set()
    assert await asyncio.gather(first, *waiting) == ["FIRST"] + ["IT"] * 12


async def test_huge_questions_fill_the_line_by_their_characters(
    batcher: Batcher, model: Upper, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batching, "MOST_CHARACTERS", 1_000)
    first = await occupy(batcher, model)
    alone = asyncio.create_task(batcher.ask(model.answer, "x" * 5_000))  # none is ahead
    await asyncio.sleep(0)
    with pytest.raises(BusyError):
        await batcher.ask(model.answer, "one more")
    model.may_answer.set()
    assert await first == "FIRST"
    assert await alone == "X" * 5_000


async def test_lists_are_bounded_in_number_and_leave_room_when_done(
    batcher: Batcher, model: Upper, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batching, "MOST_LISTS", 1)
    bulk = asyncio.create_task(batcher.ask_all(model.answer, ["a", "b"]))
    await asyncio.sleep(0)
    with pytest.raises(BusyError):
        await batcher.ask_all(model.answer, ["c", "d"])
    model.may_answer.set()
    await bulk
    assert await batcher.ask_all(model.answer, ["c", "d"]) == ["C", "D"]


async def test_an_error_reaches_those_who_asked_and_nobody_after(
    batcher: Batcher, model: Upper
) -> None:
    model.may_answer.set()
    with pytest.raises(ValueError, match="fail"):
        await batcher.ask_all(model.answer, [*["x" * 900] * 9, "fail" * 250])
    assert len(model.batches) == 1
    assert await batcher.ask(model.answer, "on") == "ON"


async def test_whoever_no_longer_waits_is_not_answered(batcher: Batcher, model: Upper) -> None:
    first = await occupy(batcher, model)
    gone = asyncio.create_task(batcher.ask(model.answer, "gone"))
    await asyncio.sleep(0)
    gone.cancel()
    model.may_answer.set()
    await first
    assert await batcher.ask(model.answer, "here") == "HERE"
    assert model.batches == [["first"], ["here"]]


async def test_at_the_end_nobody_waits_for_ever(model: Upper) -> None:
    batcher = Batcher(threads=1)
    first = await occupy(batcher, model)
    second = asyncio.create_task(batcher.ask(model.answer, "second"))
    await asyncio.sleep(0)
    batcher.close()
    model.may_answer.set()
    assert await first == "FIRST"
    with pytest.raises(RuntimeError):
        await second


async def test_a_batch_is_of_one_model_and_others_keep_their_places() -> None:
    def asked(model: Upper, size: int) -> Asked:
        return Asked(model.answer, ["x"], size, asyncio.get_running_loop().create_future())

    a, b = Upper(), Upper()
    one, other, large, small = asked(a, 9), asked(b, 9), asked(a, TURN_BYTES), asked(a, 9)
    questions, turns = deque([one, other, large, small]), deque([asked(a, 9)])
    assert take_batch(questions, turns) == [one, small]
    assert take_batch(questions, turns) == [other]
    assert take_batch(questions, turns) == [large]
    assert len(take_batch(questions, turns)) == 1
    assert take_batch(questions, turns) == []


@given(st.lists(st.integers(0, 3_000), max_size=60))
def test_turns_hold_every_row_once(lengths: list[int]) -> None:
    turns = list(take_turns(["服" * length for length in lengths]))
    assert sorted(row for turn in turns for row in turn) == list(range(len(lengths)))
    assert all(len(turn) == 1 or sum(3 * lengths[i] for i in turn) <= TURN_BYTES for turn in turns)
