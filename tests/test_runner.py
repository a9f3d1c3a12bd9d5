"""Tests of the runner and the local engine: real processes, killed, stopped and hung."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import psutil
import pynvml
import pytest
from working import QUICK, kill, processes, read_events, upload, wait_until

from trainer import postmortem
from trainer.engines.local import MARK, LocalEngine
from trainer.placement import Slot
from trainer.spec import WORK, Ended, Failure, RunSpec

LONG = 100_000  # rows that take seconds to read
LOST = Failure(cause="lost", evidence="given up by the test")


@pytest.fixture
def data_dir(tmp_path: Path) -> Iterator[Path]:
    """Give a folder for runs, and leave none of their processes."""
    yield tmp_path
    for process in processes(tmp_path):
        process.kill()


def make_spec(data_dir: Path, *, rows: int = 60, device: str = "cpu") -> RunSpec:
    work = WORK.validate_python(upload(data_dir, "films", rows=rows))
    return RunSpec(job=1, attempt=1, data_dir=data_dir, work=work, device=device, threads=1)


def start(spec: RunSpec, changed: str = "") -> subprocess.Popen[bytes]:
    """Start a runner as the engine does; `changed` is code that is run before it."""
    spec.attempt_dir.mkdir(parents=True, exist_ok=True)
    path = spec.attempt_dir / "spec.json"
    path.write_text(spec.model_dump_json(), encoding="utf-8")
    code = f"import sys; from pathlib import Path; from trainer import runner\n{changed}\n"
    code += "runner.main(Path(sys.argv[1]))"
    with (spec.attempt_dir / "log.txt").open("ab") as log:
        return subprocess.Popen(
            [sys.executable, "-c", code, str(path)],
            env=os.environ | QUICK | {MARK: str(spec.attempt_dir)},
            stdout=log,
            stderr=log,
            start_new_session=True,
        )


def has_begun(spec: RunSpec) -> bool:
    return bool(read_events(spec.data_dir, spec.job, spec.attempt))


def read_end(spec: RunSpec) -> Ended:
    """Read the attempt's one end, which is its last event."""
    bodies = [event.body for event in read_events(spec.data_dir, spec.job, spec.attempt)]
    assert [body.type for body in bodies].count("ended") == 1
    assert isinstance(bodies[-1], Ended)
    return bodies[-1]


def read_failure(spec: RunSpec) -> Failure:
    failure = read_end(spec).failure
    assert failure is not None
    return failure


def trainers(spec: RunSpec) -> list[psutil.Process]:
    return processes(spec.data_dir, "trainer.data")


def test_an_attempt_runs_to_its_end_and_leaves_no_process(data_dir: Path) -> None:
    spec = make_spec(data_dir)
    assert start(spec).wait() == 0
    assert read_end(spec).state == "succeeded"
    assert processes(data_dir) == []


def test_two_runners_of_one_attempt_run_it_once(data_dir: Path) -> None:
    """A worker that died after spawning one leaves the next worker no choice but another."""
    spec = make_spec(data_dir)
    both = [start(spec), start(spec)]
    assert [runner.wait() for runner in both] == [0, 0]
    assert read_end(spec).state == "succeeded"
    told = [event.body.type for event in read_events(data_dir, 1, 1)]
    assert told.count("started") == 1


def test_an_attempt_that_has_ended_is_not_run_again(data_dir: Path) -> None:
    spec = make_spec(data_dir)
    start(spec).wait()
    told = read_events(data_dir, 1, 1)
    start(spec).wait()
    assert read_events(data_dir, 1, 1) == told


def test_a_killed_process_is_told_with_its_signal_and_its_memory(data_dir: Path) -> None:
    spec = make_spec(data_dir, rows=LONG)
    runner = start(spec)
    wait_until(lambda: has_begun(spec))
    kill(trainers(spec))
    runner.wait()
    failure = read_failure(spec)
    assert failure.cause == "killed"
    assert failure.evidence.startswith("killed by signal 9 (Killed); it used up to ")
    assert processes(data_dir) == []


def test_a_killed_runner_takes_its_processes_along(data_dir: Path) -> None:
    spec = make_spec(data_dir, rows=LONG)
    runner = start(spec)
    wait_until(lambda: has_begun(spec))
    engine = LocalEngine(data_dir, cpu_slots=1)
    assert engine.observe(1, 1) == "alive"
    runner.kill()
    runner.wait()
    wait_until(lambda: engine.observe(1, 1) == "gone")
    assert processes(data_dir) == []


def test_a_stopped_attempt_ends_cancelled(data_dir: Path) -> None:
    spec = make_spec(data_dir, rows=LONG)
    runner = start(spec)
    wait_until(lambda: has_begun(spec))
    LocalEngine(data_dir, cpu_slots=1).stop(1, 1)
    runner.wait()
    assert read_end(spec).state == "cancelled"


def test_an_attempt_stopped_before_it_can_listen_ends_cancelled_too(data_dir: Path) -> None:
    spec = make_spec(data_dir, rows=LONG)
    runner = start(spec)
    wait_until(lambda: trainers(spec))
    runner.terminate()
    runner.wait()
    assert read_end(spec).state == "cancelled"


def test_one_that_ignores_a_stop_is_killed_after_its_grace(data_dir: Path) -> None:
    spec = make_spec(data_dir, rows=LONG)
    runner = start(spec, changed="runner.STOP_GRACE_S = 0.3")
    wait_until(lambda: has_begun(spec))
    for process in trainers(spec):
        process.send_signal(signal.SIGSTOP)  # so it hears nothing
    runner.terminate()
    runner.wait()
    assert read_end(spec).state == "cancelled"
    assert processes(data_dir) == []


def test_one_that_hangs_is_lost(data_dir: Path) -> None:
    spec = make_spec(data_dir, rows=LONG)
    runner = start(spec, changed="runner.SILENCE_S = 6")
    wait_until(lambda: has_begun(spec))
    for process in trainers(spec):
        process.send_signal(signal.SIGSTOP)
    runner.wait()
    assert read_failure(spec).cause == "lost"


def run_module(spec: RunSpec, source: str) -> None:
    """Run another module in place of the one that reads files."""
    (spec.data_dir / "stand_in.py").write_text(source)
    changed = f"runner.MODULES['intake'] = 'stand_in'; sys.path.append({str(spec.data_dir)!r})"
    changed += f"; import os; os.environ['PYTHONPATH'] = {str(spec.data_dir)!r}"
    start(spec, changed=changed).wait()


def test_descendants_that_hide_in_a_session_of_their_own_are_killed(data_dir: Path) -> None:
    spec = make_spec(data_dir)
    hide = "import subprocess; subprocess.Popen(['sleep', '999'], start_new_session=True)"
    run_module(spec, hide)
    assert read_failure(spec).evidence == "ended with status 0 and no result"
    assert processes(data_dir, "sleep") == []


def test_a_crash_is_told_by_type_and_place_and_never_by_its_message(data_dir: Path) -> None:
    spec = make_spec(data_dir)
    run_module(spec, "raise ValueError('what a person wrote')")
    failure = read_failure(spec)
    assert failure.cause == "unknown"
    assert failure.evidence == "ended with status 1 and no result: ValueError at stand_in.py:1"


def test_one_that_does_not_leave_after_its_end_is_killed(data_dir: Path) -> None:
    spec = make_spec(data_dir)
    (data_dir / "stand_in.py").write_text(
        "import sys, time\nfrom pathlib import Path\nfrom trainer.events import EventWriter\n"
        "from trainer.spec import Ended\n"
        "with EventWriter(Path(sys.argv[1]).parent / 'events') as events:\n"
        "    events.write(Ended(state='cancelled'))\n"
        "time.sleep(999)"
    )
    changed = f"import os; os.environ['PYTHONPATH'] = {f'{data_dir}:{Path.cwd()}'!r}\n"
    changed += "runner.MODULES['intake'] = 'stand_in'; runner.EXIT_GRACE_S = 0.3"
    start(spec, changed=changed).wait()
    assert read_end(spec).state == "cancelled"


def test_a_log_that_grows_without_end_is_emptied(data_dir: Path) -> None:
    spec = make_spec(data_dir)
    run_module(
        spec,
        "import time\nfor _ in range(30): print('x' * 1_000_000, flush=True)\ntime.sleep(1)",
    )
    assert (spec.attempt_dir / "log.txt").stat().st_size < 20_000_000


# --- the engine -------------------------------------------------------------------------------


def test_a_run_inherits_no_secret_of_the_bot_and_sees_no_gpu_on_the_cpu(
    data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SLACK_BOT_TOKEN", "xoxb-secret")
    spec = make_spec(data_dir, rows=LONG)
    engine = LocalEngine(data_dir, cpu_slots=1)
    engine.start(spec)
    wait_until(lambda: has_begun(spec))
    environment = trainers(spec)[0].environ()
    assert "SLACK_BOT_TOKEN" not in environment
    assert environment["CUDA_VISIBLE_DEVICES"] == ""
    assert environment["OMP_NUM_THREADS"] == "1"
    engine.write_off(1, 1, LOST)


def test_a_gpu_is_given_to_a_run_by_its_uuid(data_dir: Path) -> None:
    spec = make_spec(data_dir, rows=LONG, device="GPU-1b2c")
    runner = start(spec)
    wait_until(lambda: trainers(spec))
    environment = trainers(spec)[0].environ()
    assert environment["CUDA_VISIBLE_DEVICES"] == "GPU-1b2c"
    assert environment["CUDA_DEVICE_ORDER"] == "PCI_BUS_ID"
    runner.kill()
    runner.wait()


def test_what_is_written_off_is_killed_told_and_never_started_again(data_dir: Path) -> None:
    spec = make_spec(data_dir, rows=LONG)
    engine = LocalEngine(data_dir, cpu_slots=1)
    engine.start(spec)
    wait_until(lambda: has_begun(spec))
    engine.write_off(1, 1, LOST)
    assert processes(data_dir) == []
    assert read_failure(spec) == LOST
    engine.start(spec)
    wait_until(lambda: engine.observe(1, 1) == "gone")
    assert read_failure(spec) == LOST


def test_a_runner_that_cannot_even_begin_is_gone(data_dir: Path) -> None:
    """Its interpreter or its modules are broken: starting it for ever would help nobody."""
    spec = make_spec(data_dir)
    engine = LocalEngine(data_dir, cpu_slots=1)
    assert engine.observe(1, 1) == "unstarted"
    engine.start(spec.model_copy(update={"threads": -1}))  # a spec that it refuses
    wait_until(lambda: engine.observe(1, 1) == "gone")


def test_stopping_what_does_not_run_does_nothing(data_dir: Path) -> None:
    engine = LocalEngine(data_dir, cpu_slots=1)
    engine.stop(1, 1)
    spec = make_spec(data_dir)
    start(spec).wait()
    (spec.attempt_dir / "runner.lock").write_text(str(os.getpid()))  # a number used again
    engine.stop(1, 1)


def test_without_a_driver_the_cpu_is_shared_out(data_dir: Path) -> None:
    slots = LocalEngine(data_dir, cpu_slots=2).slots()
    if slots[0].kind == "gpu":
        pytest.skip("this machine has a GPU")
    assert [slot.id for slot in slots] == ["cpu:0", "cpu:1", "reader:0", "reader:1", "bulk:0"]


def test_each_gpu_is_a_slot_named_by_its_uuid(
    data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """NVML is stood in for: the machine that tests has no GPU."""
    answers = {
        "nvmlInit": lambda: None,
        "nvmlShutdown": lambda: None,
        "nvmlDeviceGetCount": lambda: 2,
        "nvmlDeviceGetHandleByIndex": lambda number: number,
        "nvmlDeviceGetUUID": lambda device: f"GPU-{device}",
        "nvmlDeviceGetName": lambda _: "NVIDIA H100",
        "nvmlDeviceGetMemoryInfo": lambda _: SimpleNamespace(total=80),
    }
    for name, answer in answers.items():
        monkeypatch.setattr(pynvml, name, answer)
    slots = LocalEngine(data_dir, cpu_slots=2).slots()
    assert slots[:2] == (
        Slot("GPU-0", "gpu", "GPU 0 (NVIDIA H100)", 80),
        Slot("GPU-1", "gpu", "GPU 1 (NVIDIA H100)", 80),
    )
    assert {slot.kind for slot in slots[2:]} == {"reader", "bulk"}


# --- why a process died -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("log", "cause", "evidence"),
    [
        ("", "unknown", "ended with status 1 and no result"),
        ("torch.OutOfMemoryError: CUDA out of memory", "out_of_memory", ": OutOfMemoryError"),
        ("OSError: [Errno 28] No space left on device", "disk_full", ": OSError"),
        ('  File "/a/b.py", line 7, in f\nKeyError: "a row"', "unknown", ": KeyError at b.py:7"),
    ],
)
def test_an_exit_is_explained_by_the_end_of_its_log(
    tmp_path: Path, log: str, cause: str, evidence: str
) -> None:
    (tmp_path / "log.txt").write_text(log)
    failure = postmortem.explain_exit(1, tmp_path / "log.txt")
    assert failure.cause == cause
    assert failure.evidence.endswith(evidence)


def test_a_kill_for_want_of_memory_carries_its_fix(data_dir: Path) -> None:
    from short_runs import make_spec as make_training  # noqa: PLC0415 - it brings in the reader

    work = make_training(data_dir, "d" * 64, batch=32).work
    assert work.kind == "train"
    failure = postmortem.explain_kill(9, peak_bytes=2**31, for_memory=True, recipe=work.recipe)
    assert (failure.cause, failure.fix) == ("out_of_memory", {"batch": "16"})
    assert "it used up to 2.0 of" in failure.evidence
