"""How many jobs a second are claimed and finished, by 1, 4 and 16 processes, and in a full table.

    python benchmarks/claims.py [--quick]

Each process does what the worker does, without the runs: list the queue, claim, finish. A lost job
is one that did not end, a doubled one was claimed twice. `million_ratio` is the rate with a million
finished jobs (a fifth of that with --quick) over the rate without, measured by turns on two
databases.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import random
import statistics
import tempfile
import time
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime
from multiprocessing.synchronize import Barrier
from pathlib import Path

from storage import jobs
from storage.database import migrate, opened
from storage.records import text

BATCH = 64  # jobs listed at once; each process takes them in an order of its own
PEOPLE = 20
WORK = {"kind": "train", "dataset": "reviews", "dataset_hash": "d" * 64, "base_model": "minilm"}


@dataclass(frozen=True)
class Drained:
    """What some processes did to a queue."""

    claimed: list[int]
    seconds: float
    lost: int

    @property
    def rate(self) -> float:
        return len(self.claimed) / self.seconds

    @property
    def doubled(self) -> int:
        return sum(count - 1 for count in Counter(self.claimed).values())


Share = tuple[list[int], float, float]  # what one process claimed, from when, to when


def drain(data_dir: Path, barrier: Barrier, shares: multiprocessing.Queue[Share]) -> None:
    """Claim and finish jobs until none is queued."""
    chance, claimed = random.Random(), []  # noqa: S311 - no secret
    barrier.wait()
    began = time.monotonic()
    with opened(data_dir) as db:
        while waiting := jobs.queued(db, limit=BATCH):
            for found in chance.sample(waiting, len(waiting)):
                job = jobs.claim(db, found.id, slot="cpu:0", now=datetime.now(UTC))
                if job is None:
                    break  # another was quicker: what was listed is old
                claimed.append(job.id)
                jobs.finish(
                    db, job.id, attempt=job.attempt, state="succeeded", now=datetime.now(UTC)
                )
    shares.put((claimed, began, time.monotonic()))


def measure(data_dir: Path, *, processes: int, count: int) -> Drained:
    """Fill the queue and let the processes drain it."""
    numbers = fill(data_dir, count)
    context = multiprocessing.get_context("fork")
    barrier, shares = context.Barrier(processes), context.Queue()
    workers = [
        context.Process(target=drain, args=(data_dir, barrier, shares)) for _ in range(processes)
    ]
    for worker in workers:
        worker.start()
    done: list[Share] = [shares.get() for _ in workers]
    for worker in workers:
        worker.join()
    with opened(data_dir) as db:
        ended_well = sum(
            job is not None and job.state == "succeeded"
            for job in (jobs.get(db, number) for number in numbers)
        )
    return Drained(
        claimed=[number for claimed, _, _ in done for number in claimed],
        seconds=max(ended for _, _, ended in done) - min(began for _, began, _ in done),
        lost=count - ended_well,
    )


def fill(data_dir: Path, count: int) -> list[int]:
    with opened(data_dir) as db:
        return [
            jobs.enqueue(
                db,
                key=f"{time.monotonic_ns()}-{number}",
                work=WORK,
                requested_by=f"U{number % PEOPLE}",
                channel="C1",
                now=datetime.now(UTC),
            ).id
            for number in range(count)
        ]


def add_finished(data_dir: Path, count: int) -> None:
    """Add finished jobs with their runs; by SQL of its own, for it is no part of the work."""
    numbers = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?)"
    now, work = text(datetime.now(UTC)), json.dumps(WORK)
    with opened(data_dir) as db:
        db.execute("BEGIN")
        db.execute(
            f"""
            INSERT INTO jobs (key, kind, state, work, requested_by, channel, created_at, attempt,
                              started_at, ended_at)
            {numbers} SELECT 'old-' || i, 'train', 'succeeded', ?, 'U' || i % {PEOPLE}, 'C1',
                             ?, 1, ?, ? FROM n
            """,  # noqa: S608 - ours alone
            (count, work, now, now, now),
        )
        db.execute(
            """
            INSERT INTO runs (job, attempt, state, slot, started_at, heartbeat_at)
            SELECT id, 1, 'succeeded', 'cpu:0', started_at, started_at FROM jobs
            """
        )
        db.execute("COMMIT")
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")  # as a database that grew slowly has long had


def main(*, quick: bool) -> dict[str, float]:
    count, rounds, finished = (500, 3, 200_000) if quick else (1_000, 9, 1_000_000)
    with tempfile.TemporaryDirectory() as folder:
        empty, full = Path(folder) / "empty", Path(folder) / "full"
        for data_dir in (empty, full):
            migrate(data_dir)
        add_finished(full, finished)
        by_processes = {
            n: [measure(empty, processes=n, count=count) for _ in range(rounds)] for n in (1, 4, 16)
        }
        turns = [
            (measure(empty, processes=1, count=count), measure(full, processes=1, count=count))
            for _ in range(rounds)
        ]
    everything = [drained for some in [*by_processes.values(), *turns] for drained in some]
    ratio = statistics.median(of_full.rate / of_empty.rate for of_empty, of_full in turns)
    return {
        **{
            f"claims_{n}": round(statistics.median(drained.rate for drained in several))
            for n, several in by_processes.items()
        },
        "lost": sum(drained.lost for drained in everything),
        "doubled": sum(drained.doubled for drained in everything),
        "million_ratio": round(ratio, 3),
    }


def run() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="under half a minute")
    print(json.dumps(main(quick=parser.parse_args().quick)))


if __name__ == "__main__":
    run()
