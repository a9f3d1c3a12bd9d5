"""Tests of whole training runs: real processes, a real model, real kills."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import psutil
import pytest
from huggingface_hub import constants
from safetensors.torch import load_file, save_file
from short_runs import (
    keep_dataset,
    make_spec,
    read_ended,
    read_events,
    sample_rows,
    saved_at,
    start,
    wait_for,
)

from trainer import train
from trainer.events import EventWriter
from trainer.process import Cancellation
from trainer.spec import Ended, Failure, Rival, RunSpec, TrainSummary, resolve_base_model

EPOCHS, STEPS = 2, 12  # of 4 rows each epoch's steps: 16 rows a label, 3 labels


@pytest.fixture(scope="module")
def data_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("data")


@pytest.fixture(scope="module")
def dataset(data_dir: Path) -> str:
    return keep_dataset(data_dir, sample_rows(train=16, validation=8, test=10))


def run_here(spec: RunSpec) -> Ended:
    """Run in this process, where torch is loaded already."""
    with EventWriter(spec.attempt_dir / "events") as events:
        return train.run(spec, events, Cancellation())


def run_alone(spec: RunSpec) -> TrainSummary:
    assert start(spec).wait() == 0, (spec.attempt_dir / "log.txt").read_text()
    summary = read_ended(spec).summary
    assert summary is not None
    return summary


@pytest.fixture(scope="module")
def uninterrupted(data_dir: Path, dataset: str) -> tuple[RunSpec, TrainSummary]:
    spec = make_spec(data_dir, dataset, job=1, epochs=EPOCHS, batch=4)
    return spec, run_alone(spec)


def test_a_run_tells_its_course_and_leaves_a_model_that_serves(
    uninterrupted: tuple[RunSpec, TrainSummary], dataset: str
) -> None:
    spec, summary = uninterrupted
    told = [event.body.type for event in read_events(spec)]
    assert told[0] == "started"
    assert told[-1] == "ended"
    assert {"phase", "progress", "evaluated", "checkpoint"} < set(told)
    assert summary.scores.n == 30
    assert summary.steps == len(summary.losses) == EPOCHS * STEPS
    assert [evaluation.epoch for evaluation in summary.evaluations] == [1.0, 2.0]
    assert summary.baselines[0].name == "majority"
    assert summary.rows == {"train": 48, "validation": 24, "test": 30}
    assert summary.resumed_from_step is None
    model = spec.data_dir / str(read_ended(spec).model)
    card = json.loads((model / "model.json").read_text())
    assert card["labels"] == ["negative", "neutral", "positive"]
    assert card["dataset_hash"] == dataset
    assert {file.name for file in model.iterdir()} == {
        "model.onnx",
        "model.json",
        "model-card.md",
        "tokenizer.json",
        "test_predictions.npz",
        "torch",
    }


def test_no_text_of_the_data_is_told_or_logged(
    uninterrupted: tuple[RunSpec, TrainSummary],
) -> None:
    spec, _ = uninterrupted
    said = (spec.attempt_dir / "log.txt").read_text()
    said += "".join(event.model_dump_json() for event in read_events(spec))
    assert not [text for text, _, _ in sample_rows(train=16, validation=8, test=10) if text in said]


def test_a_run_that_succeeded_keeps_no_checkpoints(
    uninterrupted: tuple[RunSpec, TrainSummary],
) -> None:
    spec, _ = uninterrupted
    assert not (spec.run_dir / "checkpoints").exists()


def test_a_run_killed_in_the_middle_of_an_epoch_resumes_to_the_very_same_result(
    uninterrupted: tuple[RunSpec, TrainSummary], data_dir: Path, dataset: str
) -> None:
    """The kill comes in the second epoch, at any moment after a checkpoint: maybe in a save."""
    first = make_spec(data_dir, dataset, job=2, epochs=EPOCHS, batch=4, save_every_s=1e-6)
    process = start(first)
    wait_for(first, lambda event: saved_at(event, STEPS + 3))
    process.send_signal(signal.SIGKILL)
    process.wait()

    spec, whole = uninterrupted
    rival = Rival(model=7, path=str(read_ended(spec).model), dataset_hash=dataset)
    second = make_spec(data_dir, dataset, job=2, attempt=2, epochs=EPOCHS, batch=4, rival=rival)
    resumed = run_alone(second)
    assert resumed.resumed_from_step is not None
    assert STEPS < resumed.resumed_from_step < EPOCHS * STEPS
    for field in ("scores", "losses", "evaluations", "best_epoch", "steps", "epochs_done"):
        assert getattr(resumed, field) == getattr(whole, field), field
    assert resumed.baselines == whole.baselines
    assert resumed.comparison is not None
    assert (resumed.comparison.model, resumed.comparison.difference.points) == (7, 0.0)
    assert resumed.temperature == whole.temperature
    logits = [
        np.load(s.attempt_dir / "model" / "test_predictions.npz")["logits"] for s in (spec, second)
    ]
    assert np.array_equal(*logits)


def test_sigterm_saves_a_checkpoint_and_ends_as_cancelled(data_dir: Path, dataset: str) -> None:
    spec = make_spec(data_dir, dataset, job=3, epochs=50, batch=4)
    process = start(spec)
    wait_for(spec, lambda event: event.body.type == "progress")
    process.terminate()
    assert process.wait() == 0
    *_, before, last = (e.body for e in read_events(spec) if e.body.type != "heartbeat")
    assert before.type == "checkpoint"
    assert last == Ended(state="cancelled")
    assert (spec.run_dir / "checkpoints" / f"checkpoint-{before.step}" / "complete.json").exists()


def test_other_work_does_not_go_on_from_the_checkpoints(data_dir: Path, dataset: str) -> None:
    """*Retry with batch=2* is another recipe: it starts at its own beginning."""
    spec = make_spec(data_dir, dataset, job=3, attempt=2, epochs=50, batch=2)
    process = start(spec)
    started = wait_for(spec, lambda event: event.body.type == "started").body
    process.kill()
    process.wait()
    assert started.type == "started"
    assert started.resumed_from_step is None


def test_a_run_dies_with_the_process_that_started_it(data_dir: Path, dataset: str) -> None:
    spec = make_spec(data_dir, dataset, job=4, epochs=50)
    spec.attempt_dir.mkdir(parents=True)
    path = spec.attempt_dir / "spec.json"
    path.write_text(spec.model_dump_json())
    code = (
        "import subprocess, sys, time;"
        f"p = subprocess.Popen([sys.executable, '-m', 'trainer.train', {str(path)!r}]);"
        "print(p.pid, flush=True); time.sleep(600)"
    )
    parent = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE)
    assert parent.stdout is not None
    child = psutil.Process(int(parent.stdout.readline()))
    wait_for(spec, lambda event: event.body.type == "started")
    parent.kill()
    parent.communicate()
    psutil.wait_procs([child], timeout=10)
    assert not child.is_running()


# --- failures, each told with its cause -----------------------------------------------------


def failure_of(spec: RunSpec) -> Failure:
    ended = run_here(spec)
    assert ended.state == "failed"
    assert ended.failure is not None
    return ended.failure


def test_a_base_model_that_nobody_has_is_not_found(
    data_dir: Path, dataset: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    failure = failure_of(make_spec(data_dir, dataset, job=10, base_model="no/such-model"))
    assert failure.cause == "model_not_found"
    assert "'no/such-model' is no folder here, and no hub in reach has it" in failure.evidence


def test_a_model_with_nothing_but_pickles_is_unsafe(
    data_dir: Path, dataset: str, tmp_path: Path
) -> None:
    for name in ("config.json", "tokenizer.json", "tokenizer_config.json"):
        source = Path(resolve_base_model("minilm")) / name
        (tmp_path / name).write_bytes(source.read_bytes())
    (tmp_path / "pytorch_model.bin").write_bytes(b"\x80\x02}q\x00.")
    failure = failure_of(make_spec(data_dir, dataset, job=11, base_model=str(tmp_path)))
    assert failure.cause == "unsafe_model"
    assert failure.fix == {"model": "minilm"}


def test_a_model_that_brings_code_of_its_own_is_unsafe(
    data_dir: Path, dataset: str, tmp_path: Path
) -> None:
    config = {"model_type": "own", "auto_map": {"AutoConfig": "own.Config"}}
    (tmp_path / "config.json").write_text(json.dumps(config))
    (tmp_path / "own.py").write_text("raise SystemExit('this code must never run')")
    failure = failure_of(make_spec(data_dir, dataset, job=12, base_model=str(tmp_path)))
    assert failure.cause == "unsafe_model"


def test_a_folder_without_a_tokenizer_is_no_model(
    data_dir: Path, dataset: str, tmp_path: Path
) -> None:
    (tmp_path / "config.json").write_text('{"model_type": "bert"}')
    failure = failure_of(make_spec(data_dir, dataset, job=14, base_model=str(tmp_path)))
    assert failure.cause == "model_not_found"
    assert "it needs config.json, tokenizer.json and model.safetensors" in failure.evidence


def test_a_loss_that_is_no_number_ends_the_run_at_once(
    data_dir: Path, dataset: str, tmp_path: Path
) -> None:
    for file in Path(resolve_base_model("minilm")).iterdir():
        if file.is_file():
            (tmp_path / file.name).write_bytes(file.read_bytes())
    weights = load_file(tmp_path / "model.safetensors")
    weights["encoder.layer.0.output.dense.bias"][0] = float("nan")
    save_file(weights, tmp_path / "model.safetensors", metadata={"format": "pt"})
    failure = failure_of(make_spec(data_dir, dataset, job=13, base_model=str(tmp_path), lr=2e-4))
    assert failure == Failure(
        cause="nan_loss", evidence="The loss was nan at step 1.", fix={"lr": "2e-05"}
    )


@pytest.fixture
def tiny_disk(tmp_path: Path) -> Iterator[Path]:
    """Mount a disk with room for the data and the events, not for a checkpoint of 270 MB."""
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=120m", "tmpfs", str(tmp_path)],
        capture_output=True,
        check=False,
    )
    if mounted.returncode:
        pytest.skip("a file system can be mounted by root only")
    yield tmp_path
    subprocess.run(["umount", str(tmp_path)], check=True)


def test_a_full_disk_is_told_on_that_very_disk(tiny_disk: Path) -> None:
    rows = sample_rows(train=8, validation=5, test=5)
    spec = make_spec(tiny_disk, keep_dataset(tiny_disk, rows), job=1)
    assert start(spec).wait() == 1
    failure = read_ended(spec).failure
    assert failure is not None
    assert failure.cause == "disk_full"
    assert not list((spec.run_dir / "checkpoints").iterdir())
