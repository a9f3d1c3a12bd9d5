"""What happens beside the steps of training: events, checkpoints in time, a stop on request."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from transformers import TrainerCallback
from transformers import TrainerControl as Control
from transformers import TrainerState as State
from transformers import TrainingArguments as Args

from trainer import checkpoints, device
from trainer.events import EventWriter
from trainer.process import Cancellation, Cancelled
from trainer.spec import Checkpoint, Evaluated, EvaluatedEvent, Progress, RunSpec, TrainWork

PROGRESS_S = 0.5
_ABOUT_THE_EVALUATION = {
    "eval_loss",
    "eval_runtime",
    "eval_samples_per_second",
    "eval_steps_per_second",
    "eval_model_preparation_time",
}


class Reporter(TrainerCallback):
    """Tell the events of training, save in time, and stop on request once saved."""

    def __init__(
        self,
        folder: Path,
        resumed_from: Path | None,
        *,
        spec: RunSpec,
        work: TrainWork,
        events: EventWriter,
        cancellation: Cancellation,
    ) -> None:
        self._folder = folder
        self._spec = spec
        self._work = work
        self._events = events
        self._cancellation = cancellation
        record = checkpoints.read_record(resumed_from) if resumed_from else None
        self._earlier_seconds = record.train_seconds if record else 0.0
        self._first_step = checkpoints.step_of(resumed_from) if resumed_from else 0
        self._began = self._saved = time.monotonic()
        self._told = 0.0
        self._loss: float | None = None

    def seconds(self) -> float:
        """Seconds of training by all attempts, up to now."""
        return self._earlier_seconds + time.monotonic() - self._began

    def on_train_begin(self, args: Args, state: State, control: Control, **kwargs: Any) -> None:
        self._began = self._saved = time.monotonic()

    def on_log(self, args: Args, state: State, control: Control, **kwargs: Any) -> None:
        self._loss = kwargs["logs"].get("loss", self._loss)

    def on_step_end(self, args: Args, state: State, control: Control, **kwargs: Any) -> None:
        now = time.monotonic()
        if now - self._told >= PROGRESS_S:
            self._told = now
            self._events.write(self._progress(state, now))
        due = now - self._saved >= self._spec.save_every_s or self._cancellation.requested
        # The last step of an epoch is saved after its evaluation, which a checkpoint taken
        # before it would skip on resuming.
        if due and state.global_step % steps_per_epoch(state):
            control.should_save = True

    def on_evaluate(self, args: Args, state: State, control: Control, **kwargs: Any) -> None:
        evaluation = list_evaluations(state.log_history[-1:])[0]
        self._events.write(EvaluatedEvent(**evaluation.model_dump()))

    def on_save(self, args: Args, state: State, control: Control, **kwargs: Any) -> None:
        checkpoints.mark_complete(
            self._folder / f"checkpoint-{state.global_step}",
            work=self._work.model_dump_json(),
            train_seconds=self.seconds(),
        )
        best = state.best_model_checkpoint
        checkpoints.remove_old(self._folder, Path(best) if best else None)
        self._saved = time.monotonic()
        self._events.write(Checkpoint(step=state.global_step))
        if self._cancellation.requested:
            raise Cancelled

    def _progress(self, state: State, now: float) -> Progress:
        seconds_per_step = (now - self._began) / (state.global_step - self._first_step)
        return Progress(
            step=state.global_step,
            max_steps=state.max_steps,
            epoch=state.epoch or 0.0,
            epochs=self._work.recipe.epochs,
            loss=self._loss,
            rows_per_second=self._work.recipe.batch / seconds_per_step,
            eta_seconds=(state.max_steps - state.global_step) * seconds_per_step,
            memory_bytes=device.memory_in_use(self._spec.device),
        )


def steps_per_epoch(state: State) -> int:
    return state.max_steps // state.num_train_epochs


def list_evaluations(history: list[dict[str, Any]]) -> list[Evaluated]:
    """Pick the evaluations out of the Trainer's log, in order."""
    return [
        Evaluated(
            step=entry["step"],
            epoch=entry["epoch"],
            loss=entry["eval_loss"],
            figures=_name_figures(entry),
        )
        for entry in history
        if "eval_loss" in entry
    ]


def _name_figures(entry: dict[str, Any]) -> dict[str, float]:
    """Leave out of an evaluation what is no figure of the task."""
    names = (
        name for name in entry if name.startswith("eval_") and name not in _ABOUT_THE_EVALUATION
    )
    return {name.removeprefix("eval_"): entry[name] for name in names}
