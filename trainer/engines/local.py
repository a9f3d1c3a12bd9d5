"""Run attempts on this machine: GPU slots by UUID, else the CPU; a detached runner for each."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import psutil
import pynvml
from pydantic import ValidationError

from trainer import locks
from trainer.engines import Observation
from trainer.events import EventWriter, read_end
from trainer.placement import Slot
from trainer.spec import Ended, Failure, RunSpec, attempt_dir

LOCK = "runner.lock"
READERS = 2  # files read at once
# Waiting threads sleep: measured 3 times faster on a busy machine than spinning.
PATIENT = {"OMP_WAIT_POLICY": "passive", "GOMP_SPINCOUNT": "0"}
MARK = "COACH_ATTEMPT"  # in the environment of every process of an attempt, however far removed
KILL_S = 10.0  # a process on a GPU may take seconds to die


class LocalEngine:
    """Starts runners that outlive the worker, and finds those that an earlier worker started.

    An attempt is alive while its `runner.lock` is held: by its runner, and by the training process
    that inherits it. No process number is trusted: one that gets a signal carries the MARK.
    Call it from the process's main thread.
    """

    def __init__(self, data_dir: Path, *, cpu_slots: int) -> None:
        self._data_dir = data_dir
        self._slots = (*(_gpu_slots() or _cpu_slots(cpu_slots)), *_reader_slots(), _bulk_slot())
        self._runners: dict[Path, int] = {}  # process numbers of our own children

    def slots(self) -> Sequence[Slot]:
        return self._slots

    def start(self, spec: RunSpec) -> None:
        folder = spec.attempt_dir
        folder.mkdir(parents=True, exist_ok=True)
        _write_whole(folder / "spec.json", spec.model_dump_json(indent=2))
        self._runners[folder] = _spawn(folder)

    def observe(self, job: int, attempt: int) -> Observation:
        folder = attempt_dir(self._data_dir, job, attempt)
        runner = self._runners.get(folder)
        if runner is not None and _is_running(runner):
            return "alive"
        if not (folder / LOCK).exists():
            return "unstarted" if runner is None else "gone"
        if locks.is_held(folder / LOCK):
            return "alive"
        self._runners.pop(folder, None)
        return "gone"

    def stop(self, job: int, attempt: int) -> None:
        folder = attempt_dir(self._data_dir, job, attempt)
        with contextlib.suppress(FileNotFoundError, ValueError, psutil.Error):
            runner = psutil.Process(int((folder / LOCK).read_text()))
            if _carries(runner, folder):
                runner.terminate()

    def write_off(self, job: int, attempt: int, failure: Failure) -> None:
        folder = attempt_dir(self._data_dir, job, attempt)
        folder.mkdir(parents=True, exist_ok=True)
        _kill_all(folder)
        lock = locks.take(folder / LOCK, patience_s=KILL_S)
        if lock is None:
            raise TimeoutError(f"a process of job {job}, attempt {attempt} does not die")
        with lock:
            _end_for(folder / "events", failure)
        if runner := self._runners.pop(folder, None):
            _is_running(runner)  # asking takes the dead one's entry out of the process table


def _gpu_slots() -> list[Slot]:
    try:
        pynvml.nvmlInit()
    except pynvml.NVMLError:  # no driver, or no GPU
        return []
    try:
        return [_gpu_slot(number) for number in range(pynvml.nvmlDeviceGetCount())]
    finally:
        pynvml.nvmlShutdown()


def _gpu_slot(number: int) -> Slot:
    device = pynvml.nvmlDeviceGetHandleByIndex(number)
    name = f"GPU {number} ({pynvml.nvmlDeviceGetName(device)})"
    memory = int(pynvml.nvmlDeviceGetMemoryInfo(device).total)
    return Slot(pynvml.nvmlDeviceGetUUID(device), "gpu", name, memory)


def _cpu_slots(count: int) -> list[Slot]:
    memory = int(psutil.virtual_memory().total) // count
    return [Slot(f"cpu:{number}", "cpu", f"cpu:{number}", memory) for number in range(count)]


def _reader_slots() -> Iterator[Slot]:
    memory = int(psutil.virtual_memory().total)
    return (Slot(f"reader:{n}", "reader", f"reader:{n}", memory) for n in range(READERS))


def _bulk_slot() -> Slot:
    return Slot("bulk:0", "bulk", "bulk:0", int(psutil.virtual_memory().total))


def _spawn(folder: Path) -> int:
    """Start an attempt's runner. Not by Popen, which takes it for a fault that one outlives us."""
    arguments = [sys.executable, "-m", "trainer.runner", str(folder / "spec.json")]
    log, append = str(folder / "log.txt"), os.O_WRONLY | os.O_CREAT | os.O_APPEND
    return os.posix_spawn(
        sys.executable,
        arguments,
        _environment(folder),
        file_actions=[
            (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
            (os.POSIX_SPAWN_OPEN, 1, log, append, 0o600),
            (os.POSIX_SPAWN_DUP2, 1, 2),
        ],
        setsid=True,  # Ctrl-C and the end of the worker pass it by
        setsigdef=[signal.SIGPIPE],  # which Python ignores
    )


def _is_running(child: int) -> bool:
    try:
        return os.waitpid(child, os.WNOHANG) == (0, 0)
    except ChildProcessError:  # waited for before
        return False


def _environment(folder: Path) -> dict[str, str]:
    """Let a run inherit all but the bot's secrets."""
    inherited = {k: v for k, v in os.environ.items() if not k.startswith("SLACK_")}
    return PATIENT | inherited | {MARK: str(folder)}


def _carries(process: psutil.Process, folder: Path) -> bool:
    try:
        return bool(process.environ().get(MARK) == str(folder))
    except psutil.Error:  # another user's, or it has just ended
        return False


def _end_for(events_dir: Path, failure: Failure) -> None:
    """Say in an attempt's place how it ended, unless it said so itself."""
    try:
        if read_end(events_dir) is not None:
            return
    except ValidationError:  # written by another version: no runner goes on with that either
        return
    with EventWriter(events_dir) as events:
        events.write(Ended(state="failed", failure=failure))


def _kill_all(folder: Path) -> None:
    marked = [process for process in psutil.process_iter() if _carries(process, folder)]
    for process in marked:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.kill()
    psutil.wait_procs(marked, timeout=KILL_S)


def _write_whole(path: Path, text: str) -> None:
    """Write to a temporary name and rename: a runner that starts meanwhile never sees a part."""
    temporary = path.with_suffix(".tmp")
    temporary.write_text(text, encoding="utf-8")
    temporary.rename(path)
