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

from trainer import locks, postmortem, shrink, tracking, verdict
from trainer.events import EventWriter, read_all, read_end
from trainer.process import adopt_orphans, die_with_parent
from trainer.spec import (
    Adjusted,
    Adjustment,
    Body,
    Ended,
    Failure,
    Phase,
    Progress,
    RunSpec,
    TrainWork,
)

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
    """Run the attempt's process, and once more where smaller batches may fit into memory.

    Outlive it and all its descendants, and tell what it left untold.
    """
    adopt_orphans()
    end = _outlive(spec, lock)
    if end is not None and (smaller := _shrink(spec, end)) is not None:
        shrink.write(spec.run_dir, smaller)
        _tell(spec, Adjusted(**smaller.model_dump()))
        end = _outlive(spec, lock)
    if end is not None:
        _tell(spec, end)


def _outlive(spec: RunSpec, lock: BinaryIO) -> Ended | None:
    """Start the attempt's process and wait for its end; give that where it was not told."""
    kills_before = postmortem.count_memory_kills()
    watch = Watch(_start(spec, spec_path=spec.attempt_dir / "spec.json", lock=lock), spec)
    watch.wait()
    _kill_descendants()
    if read_end(spec.attempt_dir / "events") is not None:
        return None
    return watch.explain(for_memory=postmortem.count_memory_kills() > kills_before)


def _shrink(spec: RunSpec, end: Ended) -> Adjustment | None:
    """Give smaller batches where memory ran out in a step for the first time."""
    work = spec.work
    if not isinstance(work, TrainWork) or end.failure is None:
        return None
    told = [event.body for event in read_all(spec.attempt_dir / "events")]
    phases = [body.name for body in told if isinstance(body, Phase)]
    if end.failure.cause != "out_of_memory" or phases[-1:] != ["training"]:
        return None
    if shrink.read(spec.run_dir, work.recipe) is not None:
        return None
    steps = [body.step for body in told if isinstance(body, Progress)]
    return shrink.shrink(work.recipe, at_step=max(steps, default=0), ranks=spec.ranks)


def _tell(spec: RunSpec, body: Body) -> None:
    with EventWriter(spec.attempt_dir / "events") as events:
        events.write(body)


def _start(spec: RunSpec, *, spec_path: Path, lock: BinaryIO) -> subprocess.Popen[bytes]:
    """Start the process that trains or reads; it inherits the log, and the lock as proof of life."""
    return subprocess.Popen(  # noqa: S603 - our own interpreter and modules
        [sys.executable, *_launcher(spec), "-m", MODULES[spec.work.kind], str(spec_path)],
        env=os.environ | _settings(spec),
        pass_fds=[lock.fileno()],
        preexec_fn=partial(die_with_parent, os.getpid()),  # noqa: PLW1509 - there is one thread
    )


def _launcher(spec: RunSpec) -> list[str]:
    """Let torchrun start the ranks, where there are several.

    Each asks the kernel to die with it on its first line, as it does with this process.
    """
    if spec.ranks == 1:
        return []
    return ["-m", "torch.distributed.run", "--standalone", f"--nproc-per-node={spec.ranks}"]


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
        code, log = self._process.returncode, self._spec.attempt_dir / "log.txt"
        signal_ = -code if code < 0 else self._find_signal(log)
        killed = self._explain_kill(signal_, for_memory=for_memory) if signal_ else None
        failure = verdict.choose(verdict.take(self._spec.attempt_dir), killed=killed)
        return failure or postmortem.explain_exit(code, log)

    def _find_signal(self, log: Path) -> int | None:
        """Find what one of several ranks died by: torchrun itself ends with a status then."""
        return verdict.find_signal(postmortem.read_tail(log)) if self._spec.ranks > 1 else None

    def _explain_kill(self, number: int, *, for_memory: bool) -> Failure:
        work, peak = self._spec.work, self._peak_bytes
        recipe = work.recipe if isinstance(work, TrainWork) else None
        return postmortem.explain_kill(
            number, peak_bytes=peak, for_memory=for_memory, recipe=recipe
        )

    def _stop(self) -> None:
        self._stop_by = min(self._stop_by, time.monotonic() + STOP_GRACE_S)
        for process in self._workers():
            with contextlib.suppress(psutil.NoSuchProcess):
                process.terminate()

    def _workers(self) -> list[psutil.Process]:
        """List the processes that train: torchrun would let them half a minute to save."""
        with contextlib.suppress(psutil.NoSuchProcess):
            started = psutil.Process(self._process.pid)
            ranks = started.children() if self._spec.ranks > 1 else []
            return ranks or [started]
        return []

    def _look(self) -> None:
        with contextlib.suppress(psutil.Error):
            memory = sum(process.memory_info().rss for process in self._workers())
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
    settings |= tracking.settings(spec)
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
