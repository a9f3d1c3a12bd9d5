"""A worker on a data directory, in the test's process or as one of its own, and what it started."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import psutil

from storage import jobs, runs
from storage.database import opened
from storage.records import FINAL, Job, Json
from trainer import data
from trainer.engines.local import MARK, LocalEngine
from trainer.events import read_segment
from trainer.spec import Event, attempt_dir
from trainer.worker import Worker, WorkerSettings

QUICK = {"OMP_WAIT_POLICY": "passive", "GOMP_SPINCOUNT": "0", "HF_HUB_OFFLINE": "1"}
STUCK_S = 300  # a test that waits longer has found a fault
WORKER = """
import sys, threading
from pathlib import Path
from trainer.worker import WorkerSettings, run
run(WorkerSettings(Path(sys.argv[1]), checkpoint_seconds=0.5), threading.Event())
"""


def upload(data_dir: Path, name: str, *, rows: int = 60) -> Json:
    """Put a file into a data directory, and give the work of reading it."""
    path = data_dir / "uploads" / f"{name}.csv"
    path.parent.mkdir(exist_ok=True)
    lines = (f"{name} {i:x} {i * 7919:x} {i * 104729:o},{i % 2}\n" for i in range(rows))
    path.write_text("text,label\n" + "".join(lines), encoding="utf-8")
    return {
        "kind": "intake",
        "upload": f"uploads/{name}.csv",
        "filename": f"{name}.csv",
        "name": name,
    }


def upload_sample(data_dir: Path) -> Json:
    """Put the sample data set into a data directory as an upload."""
    work = upload(data_dir, "chat")
    sample = Path(data.__file__).parent / "sample" / "work_chat.csv"
    (data_dir / work["upload"]).write_bytes(sample.read_bytes())
    return work


def wait_until(
    happened: Callable[[], object], *, step: Callable[[], object] = lambda: None
) -> None:
    """Wait for something, taking a step each time it has not happened."""
    deadline = time.monotonic() + STUCK_S
    while not happened():
        assert time.monotonic() < deadline, "it did not happen"
        step()
        time.sleep(0.02)


def get(data_dir: Path, number: int) -> Job:
    with opened(data_dir) as db:
        job = jobs.get(db, number)
    assert job is not None
    return job


def has_ended(data_dir: Path, *numbers: int) -> bool:
    return all(get(data_dir, number).state in FINAL for number in numbers)


def has_begun(data_dir: Path, number: int, *, attempt: int = 1) -> bool:
    """Say whether an attempt's process is at work: its runner alone has no events yet."""
    return read_segment(attempt_dir(data_dir, number, attempt) / "events", 0) is not None


def read_events(data_dir: Path, job: int, attempt: int) -> list[Event]:
    """Read what an attempt told, heartbeats included."""
    found: list[Event] = []
    number = 0
    folder = attempt_dir(data_dir, job, attempt) / "events"
    while (segment := read_segment(folder, number)) is not None:
        found += segment
        number += 1
    return found


def processes(data_dir: Path, module: str = "trainer.") -> list[psutil.Process]:
    """Find the living processes of a data directory's runs by the mark that all of them carry."""
    return [
        process
        for process in psutil.process_iter()
        if _environment(process).get(MARK, "").startswith(f"{data_dir}/")
        and any(word.startswith(module) for word in process.cmdline())
    ]


def _environment(process: psutil.Process) -> dict[str, str]:
    try:
        return {} if process.status() == psutil.STATUS_ZOMBIE else process.environ()
    except psutil.Error:
        return {}


def kill(found: list[psutil.Process]) -> None:
    """Kill processes, of which there must be some."""
    assert found
    for process in found:
        process.kill()


def make_worker(data_dir: Path, *, cpu_slots: int = 1) -> Worker:
    """Make a worker to be driven round by round."""
    settings = WorkerSettings(data_dir, cpu_slots=cpu_slots)
    engine = LocalEngine(data_dir, cpu_slots=settings.cpu_slots)
    return Worker(settings, engine, started_at=datetime.now(UTC))


def work_until(worker: Worker, happened: Callable[[], object]) -> None:
    wait_until(happened, step=lambda: worker.work_once(datetime.now(UTC)))


@dataclass
class WorkerProcess:
    """A worker as people run it: a process to be killed and started again."""

    data_dir: Path
    _processes: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def start(self) -> None:
        with (self.data_dir / "worker.log").open("ab") as log:
            self._processes.append(
                subprocess.Popen(
                    [sys.executable, "-c", WORKER, str(self.data_dir)],
                    env=os.environ | QUICK,
                    stdout=log,
                    stderr=log,
                )
            )

    def kill(self) -> None:
        process = self._processes.pop()
        process.send_signal(signal.SIGKILL)
        process.wait()

    def stop(self) -> None:
        """Leave no process behind."""
        while self._processes:
            self.kill()
        for process in processes(self.data_dir):
            process.kill()


def assert_told_once(data_dir: Path, job: int) -> None:
    """Every attempt's events are recorded without gap or double, and each ended once."""
    with opened(data_dir) as db:
        recorded = runs.events(db, job)
        attempts = runs.of_job(db, job)
    for run in attempts:
        told = read_events(data_dir, job, run.attempt)
        assert [event.seq for event in told] == list(range(len(told)))
        assert [event.body.type for event in told].count("ended") == 1
        assert [row["seq"] for row in recorded if row["attempt"] == run.attempt] == [
            event.seq for event in told if event.body.type != "heartbeat"
        ]
