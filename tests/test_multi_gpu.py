"""Tests of ranks that train together, on the CPU over gloo, and of memory that runs out: real processes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest
from short_runs import keep_dataset, make_spec, read_ended, sample_rows
from tiny_models import write_classifier
from working import QUICK, processes, wait_until

from trainer import shrink
from trainer.engines.local import MARK, LocalEngine
from trainer.events import read_all
from trainer.spec import Adjusted, Adjustment, Ended, Failure, Progress, RunSpec, TrainWork
from trainer.verdict import choose, find_signal

RANKS = 2
KILLED = Failure(cause="killed", evidence="killed by signal 9")
HUNGRY = "from trainer import runner\nrunner.MODULES['train'] = 'hungry_train'\n"


@pytest.fixture(scope="module")
def data_dir(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Give a folder for runs, and leave none of their processes."""
    folder = tmp_path_factory.mktemp("data")
    yield folder
    for process in processes(folder, ""):
        process.kill()


@pytest.fixture(scope="module")
def specify(data_dir: Path) -> Callable[..., RunSpec]:
    dataset = keep_dataset(data_dir, sample_rows(train=16, validation=8, test=10))
    tiny = write_classifier(data_dir / "tiny")

    def make(job: int, *, ranks: int = RANKS, base_model: str = tiny, epochs: int = 90) -> RunSpec:
        spec = make_spec(data_dir, dataset, job=job, base_model=base_model, epochs=epochs)
        assert isinstance(spec.work, TrainWork)
        work = spec.work.model_copy(update={"devices": ranks})
        return spec.model_copy(update={"ranks": ranks, "threads": 1, "work": work})

    return make


def start(spec: RunSpec, changed: str = "") -> subprocess.Popen[bytes]:
    """Start a runner as the engine does; `changed` is code that is run before it."""
    spec.attempt_dir.mkdir(parents=True, exist_ok=True)
    path = spec.attempt_dir / "spec.json"
    path.write_text(spec.model_dump_json(), encoding="utf-8")
    code = f"import sys; from pathlib import Path; from trainer import runner\n{changed}"
    code += "\nrunner.main(Path(sys.argv[1]))"
    marks = {MARK: str(spec.attempt_dir), "PYTHONPATH": str(Path(__file__).parent)}
    with (spec.attempt_dir / "log.txt").open("ab") as log:
        return subprocess.Popen(
            [sys.executable, "-c", code, str(path)],
            env=os.environ | QUICK | marks,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )


def progress(spec: RunSpec) -> list[Progress]:
    told = read_all(spec.attempt_dir / "events")
    return [event.body for event in told if isinstance(event.body, Progress)]


def ranks_of(spec: RunSpec) -> list[psutil.Process]:
    found = processes(spec.data_dir, "trainer.train")
    launcher = launcher_of(spec)
    return sorted((p for p in found if p not in launcher), key=lambda process: process.pid)


def launcher_of(spec: RunSpec) -> list[psutil.Process]:
    return processes(spec.data_dir, "torch.distributed.run")


def kill_the_launcher(spec: RunSpec, _: psutil.Process) -> None:
    launcher_of(spec)[0].kill()


def kill_a_rank(spec: RunSpec, _: psutil.Process) -> None:
    next(p for p in ranks_of(spec) if p.environ()["RANK"] == "1").kill()


def kill_the_runner(_: RunSpec, runner: psutil.Process) -> None:
    runner.kill()


KILLS = [kill_the_launcher, kill_a_rank, kill_the_runner]


@pytest.mark.parametrize(
    "kill", [pytest.param(kill_the_launcher, marks=pytest.mark.slow), *KILLS[1:]]
)
def test_no_rank_survives_a_kill_of_another_process_of_the_run(
    specify: Callable[..., RunSpec], kill: Callable[[RunSpec, psutil.Process], None]
) -> None:
    spec = specify(10 + KILLS.index(kill))
    runner = start(spec)
    wait_until(lambda: progress(spec) or runner.poll() is not None)
    assert len(ranks_of(spec)) == RANKS, (spec.attempt_dir / "log.txt").read_text()
    kill(spec, psutil.Process(runner.pid))
    runner.wait()
    wait_until(lambda: not processes(spec.data_dir, ""))
    if kill is not kill_the_runner:  # which nobody outlives to tell of
        failure = read_ended(spec).failure
        assert failure is not None
        assert failure.cause == "killed"


def test_a_stop_saves_once_for_all_ranks(specify: Callable[..., RunSpec]) -> None:
    spec = specify(20)
    runner = start(spec)
    wait_until(lambda: progress(spec) or runner.poll() is not None)
    LocalEngine(spec.data_dir, cpu_slots=RANKS).stop(spec.job, spec.attempt)
    runner.wait()
    assert read_ended(spec) == Ended(state="cancelled")
    newest = max((spec.run_dir / "checkpoints").glob("checkpoint-*"), key=os.path.getmtime)
    kept = {path.name for path in newest.iterdir()}
    assert {"complete.json", "rng_state_0.pth", "rng_state_1.pth"} <= kept
    assert processes(spec.data_dir, "") == []


@pytest.mark.slow
def test_two_ranks_come_to_what_one_comes_to(specify: Callable[..., RunSpec]) -> None:
    """They share each batch, so that a step has the same rows; dropout's draws differ."""
    alone, together = (
        specify(30 + ranks, ranks=ranks, base_model="minilm", epochs=2) for ranks in (1, RANKS)
    )
    for spec in (alone, together):
        assert start(spec).wait() == 0
    one, two = read_ended(alone).summary, read_ended(together).summary
    assert one is not None
    assert two is not None
    assert (two.steps, two.epochs_done, two.devices) == (one.steps, one.epochs_done, RANKS)
    assert [loss for _, loss in two.losses] == pytest.approx(
        [loss for _, loss in one.losses], abs=0.05
    )
    assert two.evaluations[-1].loss == pytest.approx(one.evaluations[-1].loss, abs=0.02)


# --- memory ---------------------------------------------------------------------------------


def test_memory_that_runs_out_halves_the_batch_once_and_the_run_goes_on(
    specify: Callable[..., RunSpec],
) -> None:
    """The allocation that fails is a real one: a batch of 8 rows asks for 128 TiB."""
    spec = specify(40, ranks=1)
    runner = start(spec, HUNGRY)
    wait_until(lambda: progress(spec) or runner.poll() is not None)
    assert runner.poll() is None, (spec.attempt_dir / "log.txt").read_text()
    runner.send_signal(signal.SIGTERM)
    runner.wait()
    told = [event.body for event in read_all(spec.attempt_dir / "events")]
    halved = Adjustment(batch=4, accumulation=2, at_step=0)
    assert [body for body in told if isinstance(body, Adjusted)] == [
        Adjusted(**halved.model_dump())
    ]
    assert progress(spec)[-1].adjustment == halved


@pytest.mark.slow
def test_memory_that_runs_out_again_fails_the_run(specify: Callable[..., RunSpec]) -> None:
    spec = specify(41, ranks=1)
    spec.run_dir.mkdir(parents=True)
    shrink.write(spec.run_dir, Adjustment(batch=8, accumulation=1, at_step=0))
    start(spec, HUNGRY).wait()
    failure = read_ended(spec).failure
    assert failure is not None
    assert failure.cause == "out_of_memory"
    assert "allocate memory" in failure.evidence


# --- which of several deaths explains the others --------------------------------------------


@pytest.mark.parametrize(
    ("left", "killed", "chosen"),
    [
        (["unknown"], KILLED, "killed"),  # it only saw the other vanish
        (["unknown", "out_of_memory"], KILLED, "out_of_memory"),
        (["unknown"], None, "unknown"),
        ([], KILLED, "killed"),
        ([], None, None),
    ],
)
def test_the_failure_told_is_the_one_that_explains_the_others(
    left: list[str], killed: Failure | None, chosen: str | None
) -> None:
    failures = [Failure.model_validate({"cause": cause, "evidence": "…"}) for cause in left]
    found = choose(failures, killed=killed)
    assert (found.cause if found else None) == chosen


def test_a_ranks_signal_is_read_from_what_torchrun_wrote() -> None:
    assert find_signal("  exitcode  : -15 (pid: 7)\n  exitcode  : -9 (pid: 8)") == 9
    assert find_signal("  exitcode  : 1 (pid: 7)\n  exitcode  : -15 (pid: 8)") is None
