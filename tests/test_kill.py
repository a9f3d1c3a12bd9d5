"""Tests that kill the worker, the runner and the training process at every stage.

The rule: one job has one final state, its events are told once, no process is left, and what was
resumed ends with the same figures as what ran through.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from records import NOON, TRAIN_WORK, enqueue, start
from short_runs import keep_dataset, sample_rows
from sqlite_utils import Database
from working import (
    WorkerProcess,
    assert_told_once,
    get,
    has_begun,
    has_ended,
    kill,
    make_worker,
    processes,
    upload,
    wait_until,
    work_until,
)

from storage import datasets, jobs, models, runs
from storage.records import Job, Json
from trainer.spec import attempt_dir

LONG = 8_000  # rows that take a second or two to read


@pytest.fixture
def worker(data_dir: Path) -> Iterator[WorkerProcess]:
    """Give a worker that is a process of its own; it and what it started are gone afterwards."""
    process = WorkerProcess(data_dir)
    yield process
    process.stop()


def assert_whole(db: Database, data_dir: Path, job: Job, *, attempts: int) -> None:
    """One job, one final state that is true, and nothing left of the processes."""
    wait_until(lambda: not processes(data_dir))
    assert get(data_dir, job.id).state == "succeeded"
    states = [run.state for run in runs.of_job(db, job.id)]
    assert states == ["lost"] * (attempts - 1) + ["succeeded"]
    assert_told_once(data_dir, job.id)


def test_a_worker_killed_between_claim_and_spawn_starts_it_when_it_is_back(
    db: Database, data_dir: Path, worker: WorkerProcess
) -> None:
    job = start(db, enqueue(db, work=upload(data_dir, "films")), slot="reader:0")
    worker.start()
    wait_until(lambda: has_ended(data_dir, job.id))
    assert_whole(db, data_dir, job, attempts=1)


def test_a_worker_killed_while_a_run_goes_on_adopts_it(
    db: Database, data_dir: Path, worker: WorkerProcess
) -> None:
    job = enqueue(db, work=upload(data_dir, "films", rows=LONG))
    worker.start()
    wait_until(lambda: has_begun(data_dir, job.id))
    worker.kill()
    assert processes(data_dir)
    worker.start()
    wait_until(lambda: has_ended(data_dir, job.id))
    assert_whole(db, data_dir, job, attempts=1)


def test_a_run_that_ends_while_no_worker_lives_is_recorded_by_the_next(
    db: Database, data_dir: Path, worker: WorkerProcess
) -> None:
    job = enqueue(db, work=upload(data_dir, "films", rows=LONG))
    worker.start()
    wait_until(lambda: has_begun(data_dir, job.id))
    worker.kill()
    wait_until(lambda: not processes(data_dir))
    assert get(data_dir, job.id).state == "running"
    worker.start()
    wait_until(lambda: has_ended(data_dir, job.id))
    assert_whole(db, data_dir, job, attempts=1)
    assert datasets.find(db, "films") is not None


def kill_runner(data_dir: Path) -> None:
    kill(processes(data_dir, "trainer.runner"))


def kill_trainer(data_dir: Path) -> None:
    kill(processes(data_dir, "trainer.data"))


def kill_both(data_dir: Path) -> None:
    kill(processes(data_dir))


@pytest.mark.parametrize("kill_part", [kill_runner, kill_trainer, kill_both])
def test_whatever_of_a_run_is_killed_it_is_made_again_once(
    db: Database, data_dir: Path, worker: WorkerProcess, kill_part: Callable[[Path], None]
) -> None:
    job = enqueue(db, work=upload(data_dir, "films", rows=LONG))
    worker.start()
    wait_until(lambda: has_begun(data_dir, job.id))
    kill_part(data_dir)
    wait_until(lambda: has_ended(data_dir, job.id))
    assert_whole(db, data_dir, job, attempts=2)


def test_everything_killed_at_once_as_by_a_power_cut_goes_on(
    db: Database, data_dir: Path, worker: WorkerProcess
) -> None:
    job = enqueue(db, work=upload(data_dir, "films", rows=LONG))
    worker.start()
    wait_until(lambda: has_begun(data_dir, job.id))
    worker.kill()
    kill_both(data_dir)
    worker.start()
    wait_until(lambda: has_ended(data_dir, job.id))
    assert_whole(db, data_dir, job, attempts=2)


def test_a_worker_killed_over_and_over_loses_and_doubles_nothing(
    db: Database, data_dir: Path, worker: WorkerProcess
) -> None:
    """Killed at moments of chance, it dies between any two of its steps sooner or later."""
    chance = random.Random(7)  # noqa: S311 - no secret
    queued = [enqueue(db, work=upload(data_dir, f"films-{number}")) for number in range(4)]
    while not has_ended(data_dir, *(job.id for job in queued)):
        worker.start()
        time.sleep(chance.uniform(0.5, 2.5))
        worker.kill()
    for job in queued:
        assert_whole(db, data_dir, job, attempts=1)
    assert len(datasets.all_newest(db)) == len(queued)


# --- real training ----------------------------------------------------------------------------


def training(dataset_hash: str) -> Json:
    recipe = {"method": "full", "epochs": 2, "lr": 1e-4, "batch": 4, "max_length": 32, "seed": 3}
    return TRAIN_WORK | {"dataset_hash": dataset_hash, "recipe": recipe}


def has_saved(db: Database, job: Job) -> bool:
    return bool(runs.events(db, job.id, type_="checkpoint"))


@pytest.mark.slow  # test_train.py holds it for a run without a worker
def test_a_resumed_training_has_the_figures_of_one_that_ran_through(
    db: Database, data_dir: Path, worker: WorkerProcess
) -> None:
    """Killed once with everything, and once stopped by a person, who then retries it."""
    rows = sample_rows(train=12, validation=4, test=10)
    work = training(keep_dataset(data_dir, rows))
    through = enqueue(db, work=work)
    worker.start()
    wait_until(lambda: has_ended(data_dir, through.id))

    broken = enqueue(db, work=work)
    wait_until(lambda: has_saved(db, broken))
    worker.kill()
    kill_both(data_dir)
    worker.start()
    wait_until(lambda: has_begun(data_dir, broken.id, attempt=2))
    jobs.request_cancel(db, broken.id, by="U1", now=NOON)
    wait_until(lambda: has_ended(data_dir, broken.id))
    assert get(data_dir, broken.id).state == "cancelled"
    assert jobs.retry(db, broken.id)
    wait_until(lambda: has_ended(data_dir, broken.id))

    wait_until(lambda: not processes(data_dir))
    assert [run.state for run in runs.of_job(db, broken.id)] == ["lost", "cancelled", "succeeded"]
    for job in (through, broken):
        assert_told_once(data_dir, job.id)
        assert not (attempt_dir(data_dir, job.id, 1).parent / "checkpoints").exists()
    expected, found = models.get(db, through.id), models.get(db, broken.id)
    assert expected is not None
    assert found is not None
    assert found.summary["resumed_from_step"] > 0
    for figure in ("scores", "evaluations", "losses", "steps", "best_epoch", "temperature"):
        assert found.summary[figure] == expected.summary[figure]


def test_a_job_stopped_by_a_person_is_not_made_again(db: Database, data_dir: Path) -> None:
    """Though its processes are killed while they save."""
    job = enqueue(db, work=upload(data_dir, "films", rows=LONG))
    worker = make_worker(data_dir)
    work_until(worker, lambda: has_begun(data_dir, job.id))
    jobs.request_cancel(db, job.id, by="U1", now=NOON)
    kill_both(data_dir)
    work_until(worker, lambda: has_ended(data_dir, job.id))
    assert get(data_dir, job.id).state == "cancelled"
    assert len(runs.of_job(db, job.id)) == 1
