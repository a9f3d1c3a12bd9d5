"""Tests of what people and memory do to a run's steps: saving, pausing, extending, smaller batches."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from short_runs import keep_dataset, make_spec, sample_rows
from tiny_models import write_classifier
from transformers import TrainerCallback, set_seed

from trainer import checkpoints, control, fit, shrink
from trainer.control import Control
from trainer.events import EventWriter, read_all
from trainer.process import Cancellation, Paused
from trainer.reporter import has_stalled
from trainer.spec import Adjustment, Checkpoint, Recipe, RunSpec, TrainWork
from trainer.tasks.classification import Classification

STEPS = 6  # an epoch: 48 rows, 8 a step
Ask = Callable[[int], None]


@dataclass
class Watch(TrainerCallback):
    """Lets a person ask for something after a step, and notes the learning rates."""

    ask: Ask = lambda _: None
    rates: list[float] = field(default_factory=list)
    steps: int = 0  # begun so far

    def on_step_begin(self, *_: Any, **__: Any) -> None:
        self.ask(self.steps)
        self.steps += 1

    def on_log(self, *_: Any, **said: Any) -> None:
        if "learning_rate" in said["logs"]:
            self.rates.append(said["logs"]["learning_rate"])


@pytest.fixture(scope="module")
def data_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("data")


@pytest.fixture(scope="module")
def dataset(data_dir: Path) -> str:
    return keep_dataset(data_dir, sample_rows(train=16, validation=4, test=2))


@pytest.fixture(scope="module")
def tiny(data_dir: Path) -> str:
    return write_classifier(data_dir / "tiny")


@pytest.fixture
def specify(data_dir: Path, dataset: str, tiny: str) -> Callable[..., RunSpec]:
    def make(job: int, **recipe: float) -> RunSpec:
        chosen: dict[str, Any] = {"epochs": 2, "lr": 1e-3} | recipe
        return make_spec(data_dir, dataset, job=job, base_model=tiny, **chosen)

    return make


def train(spec: RunSpec, watch: Watch | None = None) -> fit.Fitted:
    """Take the steps of a run, as it does between loading and exporting."""
    assert isinstance(spec.work, TrainWork)
    set_seed(0)
    task = Classification(spec, spec.work)
    with EventWriter(spec.attempt_dir / "events") as events:
        return fit.fit(
            task,
            task.model,
            spec=spec,
            work=spec.work,
            events=events,
            cancellation=Cancellation(),
            callbacks=[watch or Watch()],
        )


def at(step: int, spec: RunSpec, wishes: Control) -> Watch:
    """Ask for something while the step after `step` is taken."""
    return Watch(lambda now: control.write(spec.run_dir, wishes) if now == step else None)


def saved(spec: RunSpec) -> list[int]:
    told = read_all(spec.attempt_dir / "events")
    return [event.body.step for event in told if isinstance(event.body, Checkpoint)]


# --- asked for by people --------------------------------------------------------------------


def test_a_paused_run_goes_on_to_the_very_same_result(specify: Callable[..., RunSpec]) -> None:
    whole = train(specify(1))
    spec = specify(2)
    with pytest.raises(Paused):
        train(spec, at(8, spec, Control(pause=True)))
    assert saved(spec) == [STEPS, 9]
    control.write(spec.run_dir, Control())
    resumed = train(spec)
    assert (resumed.losses, resumed.evaluations) == (whole.losses, whole.evaluations)


def test_a_checkpoint_asked_for_is_saved_once_also_by_the_next_attempt(
    specify: Callable[..., RunSpec],
) -> None:
    spec = specify(3, epochs=1)
    train(spec, at(1, spec, Control(saves=2)))  # pressed twice: one checkpoint serves both
    assert saved(spec) == [2, STEPS]
    train(spec)
    assert saved(spec) == [2, STEPS]


def test_epochs_added_are_trained_once_by_the_schedule_of_the_new_total(
    specify: Callable[..., RunSpec],
) -> None:
    spec = specify(4, warmup=0.0)
    watch = at(8, spec, Control(extra_epochs=1))
    extended = train(spec, watch)
    assert (extended.epochs_done, extended.extended_by) == (3.0, 1)
    assert [evaluation.epoch for evaluation in extended.evaluations] == [1.0, 2.0, 3.0]
    total = 3 * STEPS
    falling = [1e-3 * (total - step) / total for step in range(9, total)]
    assert watch.rates[-len(falling) :] == pytest.approx(falling)
    assert train(spec).steps == total  # a kill after the last step adds nothing


def test_epochs_added_after_the_last_step_are_trained_too(specify: Callable[..., RunSpec]) -> None:
    spec = specify(5, epochs=1)
    assert train(spec).epochs_done == 1.0
    control.write(spec.run_dir, Control(extra_epochs=2))
    assert train(spec).epochs_done == 3.0


# --- by itself ------------------------------------------------------------------------------


def test_patience_ends_a_run_and_a_kill_after_that_changes_nothing(
    specify: Callable[..., RunSpec],
) -> None:
    spec = specify(6, epochs=9, lr=1e-9, patience=2)
    stopped = train(spec)
    assert stopped.stopped_early
    assert stopped.epochs_done == 3.0
    again = train(spec)
    assert again.steps == stopped.steps
    assert again.evaluations == stopped.evaluations
    assert again.stopped_early


@pytest.mark.parametrize(
    ("values", "patience", "greater", "stalled"),
    [
        ([0.5, 0.6, 0.6, 0.6], 2, True, True),  # as good is no better
        ([0.5, 0.6, 0.5, 0.7], 2, True, False),
        ([0.9, 0.8, 0.85], 1, False, True),
        ([0.5, 0.4, 0.3], 0, True, False),
        ([], 1, True, False),
    ],
)
def test_a_course_has_stalled_when_the_last_epochs_brought_nothing_better(
    values: list[float], patience: int, *, greater: bool, stalled: bool
) -> None:
    assert has_stalled(values, patience, greater_is_better=greater) == stalled


def test_smaller_batches_take_the_same_rows_a_step(specify: Callable[..., RunSpec]) -> None:
    """Without dropout's draws the losses are those of the whole batches, but for rounding."""
    spec = specify(7, precision="fp32")
    spec.run_dir.mkdir(parents=True)
    shrink.write(spec.run_dir, Adjustment(batch=4, accumulation=2, at_step=0))
    halved, whole = train(spec), train(specify(8, precision="fp32"))
    assert halved.adjustment is not None
    assert halved.steps == whole.steps
    assert [loss for _, loss in halved.losses] == pytest.approx(
        [loss for _, loss in whole.losses], abs=0.1
    )


@given(batch=st.integers(1, 128), accumulation=st.integers(1, 8), ranks=st.integers(1, 4))
def test_a_smaller_batch_keeps_the_rows_of_a_step(
    batch: int, accumulation: int, ranks: int
) -> None:
    recipe = Recipe(
        method="full",
        epochs=1,
        lr=1e-3,
        batch=batch * ranks,
        accumulation=accumulation,
        max_length=32,
    )
    smaller = shrink.shrink(recipe, at_step=3, ranks=ranks)
    if batch == 1:
        assert smaller is None
    else:
        assert smaller is not None
        assert smaller.batch < recipe.batch
        assert smaller.batch % ranks == 0
        assert smaller.batch * smaller.accumulation == recipe.batch * recipe.accumulation


def test_what_was_asked_reaches_the_run_whole_and_an_unknown_file_asks_nothing(
    tmp_path: Path,
) -> None:
    assert control.read(tmp_path) == Control()
    control.write(tmp_path, Control(saves=1, pause=True))
    assert control.read(tmp_path) == Control(saves=1, pause=True)
    (tmp_path / control.NAME).write_text('{"saves": "of another vers')
    assert control.read(tmp_path) == Control()


def test_a_marker_keeps_the_saves_that_it_serves(specify: Callable[..., RunSpec]) -> None:
    spec = specify(3)
    record = checkpoints.read_record(spec.run_dir / "checkpoints" / f"checkpoint-{STEPS}")
    assert record is not None
    assert record.saves == 2
