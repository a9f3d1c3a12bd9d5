"""Many askers share a model's batches: questions go first, and long lists take turns."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice
from typing import Any, TypeVar, cast

from trainer.graph import fill_batches

GATHER_S = 0.002  # those who ask within it are answered together
TURN_BYTES = 1_024  # of text: some 25 ms of one CPU, the longest that a question waits for it
TEXT_BYTES = 8  # for the tokens that each text has besides its own
CHUNK_TEXTS = 1_024  # of a list, ordered by length together
MOST_QUESTIONS = 1_000  # waiting
MOST_CHARACTERS = 16_000_000  # of the questions waiting, at most 64 MB
MOST_LISTS = 16

A = TypeVar("A")
Model = Callable[[Sequence[str]], Iterable[A]]  # an answer a text, in their order


class BusyError(Exception):
    """So many wait already that one more would only wait too long; `ahead` is how many."""

    def __init__(self, ahead: int) -> None:
        super().__init__(ahead)
        self.ahead = ahead


@dataclass(frozen=True, eq=False)
class Asked:
    """Texts that wait for their answers: a question's one, or those of a list's turn."""

    model: Model[Any]
    texts: Sequence[str]
    size: int  # bytes, as `weigh` says
    answers: asyncio.Future[Sequence[Any]]


class Batcher:
    """Answer texts in threads; used from one event loop, which it never holds up.

    A question waits for a thread and no longer: threads take batches of TURN_BYTES, questions
    before lists. The idea of gathering what comes within some ms is that of Clipper's adaptive
    batching (Crankshaw et al. 2017).
    """

    def __init__(self, threads: int) -> None:
        self._threads = self._free = threads
        self._pool = ThreadPoolExecutor(threads, "answer")
        self._questions: deque[Asked] = deque()
        self._turns: deque[Asked] = deque()
        self._lists = 0
        self._answering: set[asyncio.Task[None]] = set()

    async def answer(self, model: Model[A], texts: Sequence[str]) -> list[A]:
        """Answer texts in their order: one is a question, more are a list. Raise BusyError."""
        return (
            [await self.ask(model, texts[0])]
            if len(texts) == 1
            else await self.ask_all(model, texts)
        )

    async def ask(self, model: Model[A], text: str) -> A:
        """Answer a question. Raise BusyError where too many wait, by number or in characters."""
        ahead = len(self._questions)
        characters = len(text) + sum(len(asked.texts[0]) for asked in self._questions)
        if ahead >= MOST_QUESTIONS or (ahead and characters > MOST_CHARACTERS):
            raise BusyError(ahead)
        (answer,) = await self._wait(self._questions, model, [text])
        return answer

    async def ask_all(self, model: Model[A], texts: Sequence[str]) -> list[A]:
        """Answer a list in its order. Raise BusyError where too many lists are being answered.

        However long it is, no more of it waits in line than there are threads to answer it.
        """
        if self._lists >= MOST_LISTS:
            raise BusyError(self._lists)
        self._lists += 1
        answers: list[A | None] = [None] * len(texts)
        turns = take_turns(texts)
        try:
            await asyncio.gather(
                *(self._answer_turns(model, texts, turns, answers) for _ in range(self._threads))
            )
        finally:
            turns.close()  # where one turn failed the others stop
            self._lists -= 1
        return cast("list[A]", answers)

    def close(self) -> None:
        """Take no more work; what is being answered is finished."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    async def _answer_turns(
        self,
        model: Model[A],
        texts: Sequence[str],
        turns: Iterator[list[int]],
        answers: list[A | None],
    ) -> None:
        for turn in turns:
            found = await self._wait(self._turns, model, [texts[row] for row in turn])
            for row, answer in zip(turn, found, strict=True):
                answers[row] = answer

    async def _wait(self, line: deque[Asked], model: Model[A], texts: Sequence[str]) -> Sequence[A]:
        loop = asyncio.get_running_loop()
        asked = Asked(model, texts, sum(map(weigh, texts)), loop.create_future())
        line.append(asked)
        loop.call_later(GATHER_S, self._start)
        return await asked.answers

    def _start(self) -> None:
        """Give every free thread its next batch."""
        while self._free and (batch := take_batch(self._questions, self._turns)):
            self._free -= 1
            task = asyncio.create_task(self._answer(batch))
            self._answering.add(task)
            task.add_done_callback(self._end)

    def _end(self, task: asyncio.Task[None]) -> None:
        self._answering.discard(task)
        self._free += 1
        self._start()

    async def _answer(self, batch: list[Asked]) -> None:
        """Have a thread answer a batch, and tell those who still wait; errors are theirs too."""
        texts = [text for asked in batch for text in asked.texts]
        loop = asyncio.get_running_loop()
        try:
            found = iter(await loop.run_in_executor(self._pool, batch[0].model, texts))
        except Exception as error:  # noqa: BLE001 - it is raised where it was asked
            for asked in _waiting(batch):
                asked.answers.set_exception(error)
        else:
            for asked in batch:
                answers = list(islice(found, len(asked.texts)))
                if not asked.answers.done():
                    asked.answers.set_result(answers)
        finally:
            for asked in _waiting(batch):  # at the end of the program
                asked.answers.cancel()


# --- pure -----------------------------------------------------------------------------------


def take_batch(*lines: deque[Asked]) -> list[Asked]:
    """Take what is answered next out of the first line where anyone waits.

    It is the first there, with others that ask the same model, up to TURN_BYTES. Those who no
    longer wait leave the line.
    """
    for line in lines:
        waiting = _waiting(line)
        line.clear()
        batch: list[Asked] = []
        room = TURN_BYTES
        for asked in waiting:
            if not batch or (asked.model == batch[0].model and asked.size <= room):
                batch.append(asked)
                room -= asked.size
            else:
                line.append(asked)
        if batch:
            return batch
    return []


def take_turns(texts: Sequence[str]) -> Generator[list[int]]:
    """Group a list's row numbers by length, CHUNK_TEXTS at a time: one group is one turn."""
    for start in range(0, len(texts), CHUNK_TEXTS):
        sizes = [weigh(text) for text in texts[start : start + CHUNK_TEXTS]]
        for rows in fill_batches(sizes, budget=TURN_BYTES):
            yield [start + row for row in rows]


def weigh(text: str) -> int:
    """Estimate a text's share of a turn in bytes of UTF-8: long ones fill it anyway.

    In English as in Chinese a token has some 3 to 5 bytes; characters would differ more.
    """
    return TEXT_BYTES + len(text[:TURN_BYTES].encode("utf-8", "replace"))


def _waiting(line: Iterable[Asked]) -> list[Asked]:
    return [asked for asked in line if not asked.answers.done()]
