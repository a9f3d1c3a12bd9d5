"""How fast 1,000 commands of 50 people at once are acknowledged while a run trains.

    python benchmarks/ack.py [--quick]

The real bot and worker, as processes of their own, answer over Socket Mode a local workspace in
this process, so that the figures hold its own delays too. Lost is a command without an ack or
without its answer, doubled an answer too many.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import json
import statistics
import tempfile
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from bot.manifest import manifest
from bot.supervise import coach_parts, supervise
from bot.trial import end_runs, environment
from bot.workspace.server import Workspace
from storage import datasets, jobs, runs
from storage.database import migrate, opened
from storage.records import Dataset, Run

T = TypeVar("T")
PEOPLE = 50
COMMANDS = [("/coach", "status"), ("/train", "list"), ("/coach", "who"), ("/train", "lits 7")]
SETTLE_S = 300


async def main(*, commands_each: int) -> dict[str, float]:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        migrate(folder)
        stop = asyncio.Event()
        async with Workspace(manifest()) as workspace:
            parts = coach_parts(environment(workspace, folder))
            coach = asyncio.create_task(supervise(parts, stop))
            try:
                await train_for_long(workspace, folder)
                return await measure(workspace, commands_each)
            finally:
                await end_runs(folder)
                stop.set()
                await coach


async def train_for_long(workspace: Workspace, folder: Path) -> None:
    """Start a run that takes longer than the measurement, and wait for its first steps."""
    await workspace.connected(60)
    await workspace.slash("ana", "general", "/train", "data sample")
    sample = await until(folder, sample_of)
    await workspace.slash("ana", "general", "/train", f"{sample.title} epochs=100 now=yes")
    await until(folder, stepping_run)


async def measure(workspace: Workspace, commands_each: int) -> dict[str, float]:
    people = invite(workspace)
    gc.collect()
    gc.freeze()  # this process's pauses are not the bot's
    before = len(workspace.deliveries)
    await asyncio.gather(*(talk(workspace, person, commands_each) for person in people))
    acks = [one for one in workspace.deliveries[before:] if one.kind == "slash_commands"]
    wanted = len(people) * commands_each
    answers = await count_answers(workspace, people, wanted)
    unacknowledged = sum(1 for one in acks if one.error)
    times = sorted(1000 * one.seconds for one in acks)
    return {
        "commands": wanted,
        "lost": unacknowledged + sum(max(0, commands_each - answers[p]) for p in people),
        "doubled": sum(max(0, answers[p] - commands_each) for p in people),
        "ack_p50_ms": round(statistics.median(times), 1),
        "ack_p99_ms": round(times[int(0.99 * len(times))], 1),
    }


def invite(workspace: Workspace) -> list[str]:
    return [workspace.state.add_person(f"person{number}").id for number in range(PEOPLE)]


async def talk(workspace: Workspace, person: str, commands_each: int) -> None:
    for number in range(commands_each):
        command, text = COMMANDS[number % len(COMMANDS)]
        await workspace.slash(person, "general", command, text)


async def count_answers(workspace: Workspace, people: list[str], wanted: int) -> Counter[str]:
    """Count what each person was answered, once nothing more comes or all is there."""
    known = set(people)
    for _ in range(SETTLE_S):
        messages = workspace.messages("general")
        answers = Counter(m.ephemeral_to for m in messages if m.ephemeral_to in known)
        if answers.total() >= wanted:
            await asyncio.sleep(2)  # what is too much may still come
            break
        await asyncio.sleep(1)
    messages = workspace.messages("general")
    return Counter(m.ephemeral_to for m in messages if m.ephemeral_to and m.ephemeral_to in known)


async def until(folder: Path, look: Callable[[Path], T | None]) -> T:
    async with asyncio.timeout(SETTLE_S):
        # Bot and worker are other processes: there is no event to wait for.
        while (found := look(folder)) is None:  # noqa: ASYNC110
            await asyncio.sleep(0.2)
        return found


def sample_of(folder: Path) -> Dataset | None:
    with opened(folder) as db:
        return next(iter(datasets.all_newest(db)), None)


def stepping_run(folder: Path) -> Run | None:
    with opened(folder) as db:
        for job in jobs.running(db):
            run = runs.get(db, job.id, job.attempt)
            if run is not None and run.progress:
                return run
    return None


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="4 commands a person, not 20")
    arguments = parser.parse_args()
    print(json.dumps(asyncio.run(main(commands_each=4 if arguments.quick else 20))))
