"""The detached parent of one local attempt: own its processes, and report how they ended."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from functools import partial
from pathlib import Path
from typing import BinaryIO

import psutil

from trainer import locks, postmortem
from trainer.events import EventWriter, read_end
from trainer.process import adopt_orphans, die_with_parent
from trainer.spec import Ended, Failure, RunSpec, TrainWork

MODULES = {
    "train": "trainer.train",
    "intake": "trainer.data",
    "encoder": "trainer.encoder",
    "bulk": "trainer.bulk",
}
POLL_S = 0.2
LOCK_PATIENCE_S = 1.0  # a worker that looks whether the lock is held takes it for an instant
STOP_GRACE_S = 60.0  # to save a checkpoint
EXIT_GRACE_S = 30.0  # to leave after the end was told: a GPU's teardown may hang
SILENCE_S = 600.0  # heartbeats come every 5 s from a thread of their own
LOG_BYTES = 20_000_000  # the log is emptied when it grows beyond


def main(spec_path: Path) -> None:
    """Run the attempt of a spec to its end; leave at once where it runs already or has ended."""
    spec = RunSpec.model_validate_json(spec_path.read_text(encoding="utf-8"))
    lock = locks.take(spec.attempt_dir / "runner.lock", patience_s=LOCK_PATIENCE_S)
    if lock is None:
        return
    with lock:
        if read_end(spec.attempt_dir / "events") is None:
            _write_pid(lock)
            _run(spec, lock)


def _run(spec: RunSpec, lock: BinaryIO) -> None:
    """Start the attempt's process, outlive it and all its descendants, tell what it left untold."""
    adopt_orphans()
    kills_before = postmortem.count_memory_kills()
    watch = Watch(_start(spec, spec_path=spec.attempt_dir / "spec.json", lock=lock), spec)
    watch.wait()
    _kill_descendants()
    if read_end(spec.attempt_dir / "events") is None:
        end = watch.explain(for_memory=postmortem.count_memory_kills() > kills_before)
        with EventWriter(spec.attempt_dir / "events") as events:
            events.write(end)


def _start(spec: RunSpec, *, spec_path: Path, lock: BinaryIO) -> subprocess.Popen[bytes]:
    """Start the process that trains or reads; it inherits the log, and the lock as proof of life."""
    return subprocess.Popen(  # noqa: S603 - our own interpreter and modules
        [sys.executable, "-m", MODULES[spec.work.kind], str(spec_path)],
        env=os.environ | _settings(spec),
        pass_fds=[lock.fileno()],
        preexec_fn=partial(die_with_parent, os.getpid()),  # noqa: PLW1509 - there is one thread
    )


class Watch:
    """Waits for an attempt's process, passes SIGTERM on, and kills it where it hangs."""

    def __init__(self, process: subprocess.Popen[bytes], spec: RunSpec) -> None:
        self._process = process
        self._spec = spec
        self._peak_bytes = 0
        self._stop_by = float("inf")  # this and the next are on the monotonic clock:
        self._heard_at = time.monotonic()  # it stands still while the machine sleeps
        self._newest = 0  # change of the events' folder, ns
        signal.signal(signal.SIGTERM, lambda *_: self._stop())

    def wait(self) -> None:
        """Come back when the process has ended, by itself or killed."""
        while self._process.poll() is None:
            self._look()
            if self._is_overdue():
                self._process.kill()
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(POLL_S)

    def explain(self, *, for_memory: bool) -> Ended:
        """Say how a process ended that did not say so itself."""
        if self._stop_by < float("inf"):
            return Ended(state="cancelled")
        if self._silence() >= SILENCE_S:
            evidence = f"no sign of life for {SILENCE_S / 60:.0f} minutes"
            return Ended(state="failed", failure=Failure(cause="lost", evidence=evidence))
        return Ended(state="failed", failure=self._explain_death(for_memory=for_memory))

    def _explain_death(self, *, for_memory: bool) -> Failure:
        work, code = self._spec.work, self._process.returncode
        if code >= 0:
            return postmortem.explain_exit(code, self._spec.attempt_dir / "log.txt")
        recipe = work.recipe if isinstance(work, TrainWork) else None
        return postmortem.explain_kill(
            -code, peak_bytes=self._peak_bytes, for_memory=for_memory, recipe=recipe
        )

    def _stop(self) -> None:
        self._stop_by = min(self._stop_by, time.monotonic() + STOP_GRACE_S)
        self._process.terminate()

    def _look(self) -> None:
        with contextlib.suppress(psutil.Error):
            memory = psutil.Process(self._process.pid).memory_info().rss
            self._peak_bytes = max(self._peak_bytes, memory)
        with contextlib.suppress(FileNotFoundError):
            newest = (self._spec.attempt_dir / "events").stat().st_mtime_ns
            if newest != self._newest:
                self._newest, self._heard_at = newest, time.monotonic()
        with contextlib.suppress(FileNotFoundError):
            log = self._spec.attempt_dir / "log.txt"
            if log.stat().st_size > LOG_BYTES:
                os.truncate(log, 0)

    def _is_overdue(self) -> bool:
        if time.monotonic() >= self._stop_by or self._silence() >= SILENCE_S:
            return True
        ended = self._silence() >= EXIT_GRACE_S and read_end(self._spec.attempt_dir / "events")
        return bool(ended)

    def _silence(self) -> float:
        return time.monotonic() - self._heard_at


def _settings(spec: RunSpec) -> dict[str, str]:
    """Set what the libraries of a run read from their environment."""
    settings = {
        "CUDA_DEVICE_ORDER": "PCI_BUS_ID",
        "CUDA_VISIBLE_DEVICES": "" if spec.device == "cpu" else spec.device,
        "OMP_WAIT_POLICY": "passive",  # waiting threads that spin cost a busy machine 3x
        "GOMP_SPINCOUNT": "0",
        "TOKENIZERS_PARALLELISM": "false",
        "HF_HUB_DISABLE_TELEMETRY": "1",
        "PYTHONUNBUFFERED": "1",
    }
    return settings | ({"OMP_NUM_THREADS": str(spec.threads)} if spec.threads else {})


def _kill_descendants() -> None:
    """Kill until none is left: one may start another while it is being killed."""
    while descendants := psutil.Process().children(recursive=True):
        for process in descendants:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()
        psutil.wait_procs(descendants, timeout=POLL_S)


def _write_pid(lock: BinaryIO) -> None:
    lock.truncate(0)
    lock.write(str(os.getpid()).encode())
    lock.flush()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
