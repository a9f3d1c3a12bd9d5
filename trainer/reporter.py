"""What happens beside the steps of training: events, checkpoints in time, a stop on request."""

from __future__ import annotations

import time
from enum import IntEnum
from pathlib import Path
from typing import Any

from transformers import TrainerCallback
from transformers import TrainerControl as Control
from transformers import TrainerState as State
from transformers import TrainingArguments as Args

from trainer import checkpoints, device, ranks
from trainer import control as wishes
from trainer.events import EventWriter
from trainer.process import Cancellation, Cancelled, Paused
from trainer.spec import (
    Adjustment,
    Checkpoint,
    Evaluated,
    EvaluatedEvent,
    Progress,
    Recipe,
    RunSpec,
    TrainWork,
)

PROGRESS_S = 0.5
_ABOUT_THE_EVALUATION = {
    "eval_loss",
    "eval_runtime",
    "eval_samples_per_second",
    "eval_steps_per_second",
    "eval_model_preparation_time",
}


class Extended(Exception):  # noqa: N818  (nothing went wrong)
    """Epochs were added: what was trained is saved, and the steps begin anew from there."""


class Wish(IntEnum):
    """What should happen once the step is done; each but the first saves, the later ones end."""

    NOTHING, SAVE, EXTEND, PAUSE, CANCEL = range(5)


ENDS = {Wish.EXTEND: Extended, Wish.PAUSE: Paused, Wish.CANCEL: Cancelled}


class Reporter(TrainerCallback):
    """Tell the events of training, save in time or when asked, and end on request once saved.

    Of several ranks the first decides, reads and tells, and all do the same after the same step.
    """

    def __init__(
        self,
        folder: Path,
        resumed_from: Path | None,
        *,
        spec: RunSpec,
        work: TrainWork,
        recipe: Recipe,
        events: EventWriter,
        cancellation: Cancellation,
        extra_epochs: int = 0,
        adjustment: Adjustment | None = None,
    ) -> None:
        self._folder = folder
        self._spec = spec
        self._work = work
        self._recipe = recipe  # as it is trained: adjusted, extended
        self._events = events
        self._cancellation = cancellation
        self._extra_epochs = extra_epochs  # that this training counts on already
        self._adjustment = adjustment
        record = checkpoints.read_record(resumed_from) if resumed_from else None
        self._earlier_seconds = record.train_seconds if record else 0.0
        self._saves = record.saves if record else 0  # those asked for and done
        self._first_step = checkpoints.step_of(resumed_from) if resumed_from else 0
        self._saved_step = self._first_step or None
        self._wish = Wish.NOTHING
        self._asked = wishes.Control()
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
        self._wish = Wish(ranks.agree(self._choose(now)))
        # The last step of an epoch is saved after its evaluation, which a checkpoint taken
        # before it would skip on resuming.
        if self._wish and state.global_step % steps_per_epoch(state):
            control.should_save = True

    def on_evaluate(self, args: Args, state: State, control: Control, **kwargs: Any) -> None:
        evaluations = list_evaluations(state.log_history)
        self._events.write(EvaluatedEvent(**evaluations[-1].model_dump()))
        values = [found.value(str(args.metric_for_best_model)) for found in evaluations]
        if has_stalled(
            values, self._recipe.patience, greater_is_better=bool(args.greater_is_better)
        ):
            control.should_training_stop = True

    def on_save(self, args: Args, state: State, control: Control, **kwargs: Any) -> None:
        ranks.wait()  # each has its own file in the checkpoint
        if state.is_world_process_zero:
            self._keep(state)
        ranks.wait()  # none goes before it is whole
        self._saved, self._saved_step = time.monotonic(), state.global_step
        if (end := ENDS.get(self._wish)) is not None:
            raise end

    def _keep(self, state: State) -> None:
        """Make what was saved count, and remove what it replaces."""
        self._saves = max(self._saves, self._asked.saves)
        checkpoints.mark_complete(
            self._folder / f"checkpoint-{state.global_step}",
            work=self._work,
            train_seconds=self.seconds(),
            saves=self._saves,
        )
        best = state.best_model_checkpoint
        checkpoints.remove_old(self._folder, Path(best) if best else None)
        self._events.write(Checkpoint(step=state.global_step))

    def _choose(self, now: float) -> Wish:
        if self._cancellation.requested:
            return Wish.CANCEL
        self._asked = wishes.of(self._spec)
        if self._asked.pause:
            return Wish.PAUSE
        if self._asked.extra_epochs > self._extra_epochs:
            return Wish.EXTEND
        due = now - self._saved >= self._spec.save_every_s or self._asked.saves > self._saves
        return Wish.SAVE if due else Wish.NOTHING

    def _progress(self, state: State, now: float) -> Progress:
        seconds_per_step = (now - self._began) / (state.global_step - self._first_step)
        return Progress(
            step=state.global_step,
            max_steps=state.max_steps,
            epoch=state.epoch or 0.0,
            epochs=self._recipe.epochs,
            loss=self._loss,
            rows_per_second=self._recipe.batch * self._recipe.accumulation / seconds_per_step,
            eta_seconds=(state.max_steps - state.global_step) * seconds_per_step,
            memory_bytes=device.memory_in_use(self._spec.device),
            saved_step=self._saved_step,
            adjustment=self._adjustment,
        )


def has_stalled(values: list[float], patience: int, *, greater_is_better: bool) -> bool:
    """Tell whether the last `patience` evaluations brought nothing better; 0: never.

    It looks at the whole course, so that a resumed run stops where it would have stopped.
    """
    if not patience or not values:
        return False
    best = values.index(max(values) if greater_is_better else min(values))
    return len(values) - 1 - best >= patience


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
