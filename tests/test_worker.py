"""Tests of the worker's rounds, with a real engine and real files to read."""

from __future__ import annotations

import os
import socket
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from records import NOON, enqueue, start
from results import THREE, make_dataset, make_result
from sqlite_utils import Database
from working import (
    get,
    has_begun,
    has_ended,
    make_worker,
    processes,
    upload,
    wait_until,
    work_until,
)

from storage import datasets, hosts, jobs, models, runs
from trainer import locks
from trainer.spec import attempt_dir
from trainer.worker import AnotherWorkerError, WorkerSettings, find_rival, run


def test_a_file_becomes_a_data_set(db: Database, data_dir: Path) -> None:
    job = enqueue(db, work=upload(data_dir, "films"))
    work_until(make_worker(data_dir), lambda: has_ended(data_dir, job.id))
    ended = get(data_dir, job.id)
    dataset = datasets.find(db, "films")
    assert dataset is not None
    assert ended.state == "succeeded"
    assert ended.result is not None
    assert ended.result["card"] == dataset.card
    assert (dataset.rows, dataset.added_by) == (60, "U1")
    assert list((data_dir / "uploads").iterdir()) == []
    assert processes(data_dir) == []


def test_a_bad_file_fails_its_job_alone(db: Database, data_dir: Path) -> None:
    good, bad = (enqueue(db, work=upload(data_dir, name)) for name in ("good", "bad"))
    (data_dir / "uploads" / "bad.csv").write_text('text,label\n"never closed,1\n')
    work_until(make_worker(data_dir), lambda: has_ended(data_dir, good.id, bad.id))
    failure = get(data_dir, bad.id).failure
    assert failure is not None
    assert failure["cause"] == "bad_file"
    assert get(data_dir, good.id).state == "succeeded"


def test_a_job_that_cannot_be_started_fails_with_a_reference_and_stops_no_other(
    db: Database, data_dir: Path, caplog: pytest.LogCaptureFixture
) -> None:
    nonsense = enqueue(db, work={"kind": "intake", "upload": 7, "secret": "a typed text"})
    good = enqueue(db, work=upload(data_dir, "good"))
    work_until(make_worker(data_dir), lambda: has_ended(data_dir, nonsense.id, good.id))
    failure = get(data_dir, nonsense.id).failure
    assert failure is not None
    assert failure["cause"] == "unknown"
    assert failure["evidence"].split()[-1].rstrip(")") in caplog.text
    assert "a typed text" not in caplog.text
    assert get(data_dir, good.id).state == "succeeded"


def test_events_that_cannot_be_read_fail_their_job(db: Database, data_dir: Path) -> None:
    job = start(db, enqueue(db))
    events = attempt_dir(data_dir, job.id, 1) / "events"
    events.mkdir(parents=True)
    (events / "00000000.jsonl").write_text('{"seq": 0, "body": "of another version"}\n')
    make_worker(data_dir).work_once(NOON)
    ended = get(data_dir, job.id)
    assert ended.failure is not None
    assert (ended.state, ended.failure["cause"]) == ("failed", "unknown")


def test_a_stop_reaches_a_running_job(db: Database, data_dir: Path) -> None:
    job = enqueue(db, work=upload(data_dir, "large", rows=100_000))
    worker = make_worker(data_dir)
    work_until(worker, lambda: has_begun(data_dir, job.id))
    jobs.request_cancel(db, job.id, by="U2", now=NOON)
    work_until(worker, lambda: has_ended(data_dir, job.id))
    assert get(data_dir, job.id).state == "cancelled"
    assert processes(data_dir) == []
    assert datasets.all_newest(db) == []


def test_jobs_wait_for_a_slot_and_are_told_why(db: Database, data_dir: Path) -> None:
    running = start(db, enqueue(db), slot="cpu:0")
    folder = attempt_dir(data_dir, running.id, 1)
    folder.mkdir(parents=True)
    lock = locks.take(folder / "runner.lock")
    assert lock is not None
    waiting, behind = enqueue(db), enqueue(db)
    with lock:  # as the running job's processes hold it
        assert make_worker(data_dir).work_once(NOON)
    assert get(data_dir, waiting.id).waits_for == f"waiting for job {running.id} on cpu:0"
    assert get(data_dir, behind.id).waits_for == f"its turn is after job {waiting.id}"


def test_the_machine_is_described(db: Database, data_dir: Path) -> None:
    make_worker(data_dir, cpu_slots=2).work_once(datetime.now(UTC))
    (host,) = hosts.seen_since(db, datetime.now(UTC) - timedelta(minutes=1))
    assert (host.name, host.pid) == (socket.gethostname(), os.getpid())
    assert {slot["kind"] for slot in host.slots} >= {"reader"}
    assert 0 < host.memory_free_bytes <= host.memory_bytes
    assert host.disk_free_bytes > 0


def test_what_a_disk_refuses_is_tried_again(db: Database, data_dir: Path) -> None:
    job = enqueue(db, work=upload(data_dir, "films"))
    worker = make_worker(data_dir)
    (data_dir / "runs").touch()  # so that no folder can be made below it
    for _ in range(2):
        assert not worker.work_once(datetime.now(UTC))
        assert get(data_dir, job.id).state == "running"
    (data_dir / "runs").unlink()
    work_until(worker, lambda: has_ended(data_dir, job.id))
    assert get(data_dir, job.id).state == "succeeded"


def test_a_second_worker_is_refused_in_words(data_dir: Path) -> None:
    lock = locks.take(data_dir / "worker.lock")
    assert lock is not None
    with lock, pytest.raises(AnotherWorkerError, match="Another worker serves"):
        run(WorkerSettings(data_dir), threading.Event())


def test_a_worker_that_is_told_to_stop_leaves_the_runs_to_the_next(
    db: Database, data_dir: Path
) -> None:
    job = enqueue(db, work=upload(data_dir, "large", rows=20_000))
    stop = threading.Event()
    worker = threading.Thread(target=run, args=(WorkerSettings(data_dir), stop))
    worker.start()
    wait_until(lambda: has_begun(data_dir, job.id))
    stop.set()
    worker.join()
    assert get(data_dir, job.id).state == "running"
    work_until(make_worker(data_dir), lambda: has_ended(data_dir, job.id))
    assert get(data_dir, job.id).state == "succeeded"
    assert [attempt.state for attempt in runs.of_job(db, job.id)] == ["succeeded"]


def test_old_files_go_and_what_is_needed_stays(db: Database, data_dir: Path) -> None:
    asked, ended = enqueue(db, work=upload(data_dir, "wanted")), start(db, enqueue(db))
    upload(data_dir, "unanswered")
    upload(data_dir, "new")
    long_ago = NOON - timedelta(days=2)
    for name in ("wanted", "unanswered"):
        os.utime(data_dir / "uploads" / f"{name}.csv", (long_ago.timestamp(),) * 2)
    os.utime(data_dir / "uploads" / "new.csv", (NOON.timestamp(),) * 2)
    jobs.finish(db, ended.id, attempt=1, state="failed", now=NOON)
    jobs.claim(db, asked.id, slot="reader:0", now=NOON)
    checkpoints = attempt_dir(data_dir, ended.id, 1).parent / "checkpoints"
    checkpoints.mkdir(parents=True)

    worker = make_worker(data_dir)
    for now, kept in ((NOON, True), (NOON + timedelta(days=8), False)):
        worker._describe_at = worker._purge_at = now
        worker._do_what_is_due(db, now)
        assert checkpoints.exists() is kept
        if kept:
            left = {path.stem for path in (data_dir / "uploads").iterdir()}
            assert left == {"wanted", "new"}


@pytest.mark.parametrize(
    ("labels", "rival"),
    [
        (("negative", "positive"), "sentiment"),
        (("billing", "other", "positive"), "topic"),  # one label that happens to be the same
        (("yes", "no"), None),
    ],
)
def test_a_run_is_compared_with_the_serving_model_of_its_own_labels(
    db: Database, labels: tuple[str, ...], rival: str | None
) -> None:
    serving = {}
    for alias, told in {"sentiment": THREE, "topic": ("billing", "login", "other")}.items():
        job = start(db, enqueue(db))
        summary = make_result(told).model_dump(mode="json")
        model = models.register(db, job=job, path=f"models/{alias}", summary=summary, now=NOON)
        models.promote(db, alias=alias, model=model.id, expected=None, by="U1", now=NOON)
        serving[alias] = model.id
    datasets.register(db, card=make_dataset(labels).card, added_by="U1", now=NOON)
    found = find_rival(db, enqueue(db))
    assert (found.model if found else None) == (serving[rival] if rival else None)
