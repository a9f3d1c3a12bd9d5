"""A newcomer's first round in the local workspace: data, training, promotion, answers, what is due."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TypeVar

from sqlite_utils import Database

from bot.workspace.records import Message
from bot.workspace.server import Workspace
from storage import datasets, deliveries, jobs, models
from storage.database import opened
from storage.records import FINAL, Dataset, Job, Promotion

T = TypeVar("T")
WHO, WHERE = "ana", "general"
SENTENCE = "I love how quick this was"
CONNECT_S, READ_S, TRAIN_S, ANSWER_S = 90, 120, 900, 60
LOOK_AGAIN_S = 0.2


class TourError(Exception):
    """A step of the tour failed, in words."""


class Tour:
    """Types the commands a newcomer would, and checks what came of each."""

    def __init__(self, workspace: Workspace, data_dir: Path, say: Callable[[str], None]) -> None:
        self._workspace, self._data_dir, self._say = workspace, data_dir, say

    async def play(self) -> None:
        """Take the whole round; TourError says which step failed."""
        await self._connect()
        await self._type("/train", "data sample")
        sample = await self._until("the sample was not read", READ_S, _newest_dataset)
        await self._type("/train", f"{sample.title} now=yes")
        job = await self._until("the training did not end", TRAIN_S, _ended_job)
        if job.state != "succeeded":
            raise TourError(f"Job {job.id} ended as {job.state}: {job.failure}.")
        await self._until("the summary did not arrive", ANSWER_S, partial(_is_told, job))
        await self._type("/train", f"promote {job.id}")
        await self._until("the model was not promoted", ANSWER_S, _promotion)
        await self._ask("/sentiment", SENTENCE, list(sample.card["labels"]))
        await self._ask("/report", "now training", [sample.title])
        await self._ask("/team", "me", ["due for you"])

    async def _connect(self) -> None:
        try:
            await self._workspace.connected(CONNECT_S)
        except TimeoutError:
            raise TourError("The bot did not connect to the workspace.") from None

    async def _ask(self, command: str, text: str, wanted: Sequence[str]) -> None:
        """Type a command whose answer holds one of the wanted words."""
        since = self._workspace.state.new_ts()
        await self._type(command, text)

        def answers(message: Message) -> bool:
            return message.ts > since and any(word in message.text.lower() for word in wanted)

        try:
            await self._workspace.wait_for(answers, within=ANSWER_S)
        except TimeoutError:
            raise TourError(
                f"{command} {text} gave no answer with {' or '.join(wanted)}."
            ) from None

    async def _type(self, command: str, text: str) -> None:
        self._say(f"{WHO} types: {command} {text}")
        delivered = await self._workspace.slash(WHO, WHERE, command, text)
        if delivered.error:
            raise TourError(f"{command} was not acknowledged ({delivered.error}).")

    async def _until(self, fault: str, within: float, look: Callable[[Database], T | None]) -> T:
        try:
            async with asyncio.timeout(within):
                while True:
                    with opened(self._data_dir) as db:
                        found = look(db)
                    if found is not None:
                        return found
                    await asyncio.sleep(LOOK_AGAIN_S)
        except TimeoutError:
            raise TourError(f"After {within:.0f} s {fault}.") from None


async def narrate(workspace: Workspace, say: Callable[[str], None]) -> None:
    """Tell each message as it is posted, and what is new in it when it is edited."""
    told: dict[str, list[str]] = {}
    async for change in workspace.watch():
        message = change.message
        if message is None or change.kind not in {"posted", "edited"}:
            continue
        lines, before = workspace.line(message).splitlines(), told.get(message.ts)
        if before is None:
            say("\n".join(lines))
        elif new := [line for line in lines if line not in before]:
            say("\n".join(f"    {line}" for line in new))
        told[message.ts] = lines


def _newest_dataset(db: Database) -> Dataset | None:
    return next(iter(datasets.all_newest(db)), None)


def _ended_job(db: Database) -> Job | None:
    return next((job for job in jobs.recent(db, limit=1) if job.state in FINAL), None)


def _is_told(job: Job, db: Database) -> bool | None:
    """Tell whether the final message is out, and the charts that are put beside it."""
    final = deliveries.get(db, f"job:{job.id}:a{job.attempt}:final")
    return True if final and final.state == "sent" and not deliveries.waiting(db) else None


def _promotion(db: Database) -> Promotion | None:
    return next(iter(models.aliases(db).values()), None)
