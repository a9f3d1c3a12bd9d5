"""One per database: follow what runs, start what waits, say what this machine has."""

from __future__ import annotations

import logging
import os
import shutil
import socket
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psutil
from sqlite_utils import Database

from storage import bulk, datasets, hosts, jobs, models, runs
from storage.database import opened
from storage.records import FINAL, Dataset, Host, Job, Model
from trainer import control, failures, locks, placement, purge
from trainer.engines import Engine
from trainer.engines.local import LocalEngine
from trainer.follow import follow
from trainer.spec import WORK, Rival, RunSpec, run_dir

ROUND_S = 0.3
RECOVERY_S = 5.0  # after a round that met a full disk or a locked database
DESCRIBE_EVERY = timedelta(seconds=5)
PURGE_EVERY = timedelta(hours=1)
_MAY_PASS = (sqlite3.OperationalError, OSError)  # the next round tries again
log = logging.getLogger(__name__)


class AnotherWorkerError(Exception):
    """A worker serves this data directory already."""


@dataclass(frozen=True)
class WorkerSettings:
    data_dir: Path
    cpu_slots: int = 1  # runs at once where there is no GPU
    cpu_threads: int = 0  # of one run; 0 shares out the cores
    checkpoint_seconds: float = 60
    max_upload_bytes: int = 50_000_000


def run(settings: WorkerSettings, stop: threading.Event) -> None:
    """Work until `stop` is set; runs go on without it. Call it from a process's main thread.

    The database must be migrated. Raises AnotherWorkerError.
    """
    lock = locks.take(settings.data_dir / "worker.lock")
    if lock is None:
        raise AnotherWorkerError(f"Another worker serves {settings.data_dir}: stop it first.")
    with lock:
        engine = LocalEngine(settings.data_dir, cpu_slots=settings.cpu_slots)
        worker = Worker(settings, engine, started_at=datetime.now(UTC))
        went_well = True
        while not stop.wait(ROUND_S if went_well else RECOVERY_S):
            went_well = worker.work_once(datetime.now(UTC))


class Worker:
    """Brings jobs from the queue to their final state, a round at a time."""

    def __init__(self, settings: WorkerSettings, engine: Engine, *, started_at: datetime) -> None:
        self._settings = settings
        self._engine = engine
        self._started_at = self._describe_at = self._purge_at = started_at
        self._went_well = True

    def work_once(self, now: datetime) -> bool:
        """Follow every run, start what fits; False where something has to be tried again.

        It keeps nothing in memory that the records and the runs' folders don't say: it may be
        killed anywhere and goes on from there.
        """
        self._went_well = True
        try:
            with opened(self._settings.data_dir) as db:
                self._follow_all(db, now)
                self._start_what_fits(db, now)
                self._do_what_is_due(db, now)
        except Exception:
            log.exception("a round was not finished", extra={"action": "round failed"})
            return False
        return self._went_well

    def _follow_all(self, db: Database, now: datetime) -> None:
        for run in runs.running(db):
            with self._isolated(db, run.job, run.attempt, now):
                data_dir = self._settings.data_dir
                seen = follow(db, run, engine=self._engine, data_dir=data_dir, now=now)
                job = jobs.get(db, run.job)
                if job is None or job.state != "running":
                    continue
                if seen == "unstarted":
                    self._start(db, job, run.slots, now)
                elif seen == "alive":
                    self._tell_wishes(job)

    def _tell_wishes(self, job: Job) -> None:
        """Bring to a run what people ask of it; it may be told again and again."""
        if job.cancel_requested_by:
            self._engine.stop(job.id, job.attempt)
        if job.kind == "train":
            wishes = control.Control(
                saves=job.saves_wanted,
                extra_epochs=job.extra_epochs,
                pause=job.paused_by is not None,
            )
            control.write(run_dir(self._settings.data_dir, job.id), wishes)

    def _start_what_fits(self, db: Database, now: datetime) -> None:
        queue = {job.id: job for job in jobs.queued(db)}
        chosen = placement.choose(
            [_as_waiting(job) for job in queue.values()],
            busy={slot: run.job for run in runs.running(db) for slot in run.slots},
            slots=self._engine.slots(),
        )
        for number, given in chosen.starts:
            ids = [slot.id for slot in given]
            job = jobs.claim(db, number, slot=",".join(ids), now=now)
            if job is not None:
                with self._isolated(db, job.id, job.attempt, now):
                    self._start(db, job, ids, now)
        for number, reason in chosen.waits.items():
            if queue[number].waits_for != reason:
                jobs.explain_wait(db, number, reason)

    def _start(self, db: Database, job: Job, slots: list[str], now: datetime) -> None:
        extra = {"action": "start", "job": job.id, "attempt": job.attempt}
        log.info("job %d: attempt %d on %s", job.id, job.attempt, ", ".join(slots), extra=extra)
        try:
            self._tell_wishes(job)  # first: a run that was paused must not read that it still is
            self._engine.start(self._compile(db, job, slots))
        except OSError as error:
            self._give_up(db, job.id, job.attempt, error=error, now=now)

    def _compile(self, db: Database, job: Job, ids: list[str]) -> RunSpec:
        """Write down all that a run needs to know."""
        slots = self._engine.slots()
        given = [next(slot for slot in slots if slot.id == slot_id) for slot_id in ids]
        trained_at_once = sum(slot.kind in {"gpu", "cpu"} for slot in slots)
        cores = len(os.sched_getaffinity(0))
        return RunSpec(
            job=job.id,
            attempt=job.attempt,
            data_dir=self._settings.data_dir,
            work=WORK.validate_python(job.work),
            device=placement.device_of(given),
            ranks=len(given),
            threads=self._settings.cpu_threads or max(1, cores // trained_at_once),
            rival=find_rival(db, job),
            save_every_s=self._settings.checkpoint_seconds,
            max_bytes=self._settings.max_upload_bytes,
            requested_by=job.requested_by,
        )

    @contextmanager
    def _isolated(self, db: Database, job: int, attempt: int, now: datetime) -> Iterator[None]:
        """Keep what goes wrong with one job from the others, and end the job where it must."""
        try:
            try:
                yield
            except _MAY_PASS:
                raise
            except Exception as error:  # noqa: BLE001 - logged with its reference
                self._give_up(db, job, attempt, error=error, now=now)
        except _MAY_PASS:
            log.exception("job %d waits for the next round", job, extra={"action": "postponed"})
            self._went_well = False

    def _give_up(
        self, db: Database, job: int, attempt: int, *, error: Exception, now: datetime
    ) -> None:
        failure = failures.explain(error)
        extra = {"action": "give up", "job": job, "attempt": attempt}
        log.error("job %d failed: %s", job, failure.evidence, exc_info=error, extra=extra)
        self._engine.write_off(job, attempt, failure)
        jobs.finish(db, job, attempt=attempt, state="failed", now=now, failure=failure.model_dump())

    def _do_what_is_due(self, db: Database, now: datetime) -> None:
        if now >= self._describe_at:
            self._describe_at = now + DESCRIBE_EVERY
            hosts.describe(db, self._describe(now))
        if now >= self._purge_at:
            self._purge_at = now + PURGE_EVERY
            _purge(db, self._settings.data_dir, now)

    def _describe(self, now: datetime) -> Host:
        memory = psutil.virtual_memory()
        return Host(
            name=socket.gethostname(),
            pid=os.getpid(),
            started_at=self._started_at,
            seen_at=now,
            slots=[asdict(slot) for slot in self._engine.slots()],
            memory_bytes=memory.total,
            memory_free_bytes=memory.available,
            disk_free_bytes=shutil.disk_usage(self._settings.data_dir).free,
        )


def _as_waiting(job: Job) -> placement.Waiting:
    return placement.Waiting(job.id, job.kind, devices=int(job.work.get("devices", 1)))


def find_rival(db: Database, job: Job) -> Rival | None:
    """Find the model that answers the same question now: of those that serve, whose data fit best.

    A model of topics beside one of sentiment would be "better" by everything.
    """
    dataset, task = (
        datasets.get(db, job.work.get("dataset_hash", "")),
        job.work.get("task", "classification"),
    )
    served = [models.get(db, promotion.model) for promotion in models.aliases(db).values()]
    found = [
        (_alike(db, dataset, model), model)
        for model in served
        if dataset and model and model.task == task
    ]
    share, rival = max(found, key=lambda pair: pair[0], default=(0, None))
    if rival is None or not share:
        return None
    return Rival(model=rival.id, path=rival.path, dataset_hash=rival.dataset_hash)


def _alike(db: Database, dataset: Dataset, model: Model) -> float:
    """Give the share of the labels of both that they have in common; else whether data is one's own.

    Without labels only versions of one data set ask the same.
    """
    ours, theirs = set(dataset.card["labels"]), set(model.summary["scores"].get("labels", []))
    if ours or theirs:
        return len(ours & theirs) / len(ours | theirs)
    trained_on = datasets.get(db, model.dataset_hash)
    return float(trained_on is not None and trained_on.name == dataset.name)


def _purge(db: Database, data_dir: Path, now: datetime) -> None:
    def ended(number: int) -> tuple[str, datetime] | None:
        job = jobs.get(db, number)
        if job is None or job.state not in FINAL or job.ended_at is None:
            return None
        return job.state, job.ended_at

    wanted = [job.work.get("upload", "") for job in jobs.queued(db) + jobs.running(db)]
    purge.delete_old_uploads(data_dir, wanted=wanted, now=now)
    purge.delete_old_results(data_dir, ended, wanted=bulk.unsent_files(db), now=now)
    bulk.forget_texts(db, before=now - purge.RESULTS_KEPT)
    purge.delete_old_runs(data_dir, ended, now=now)
