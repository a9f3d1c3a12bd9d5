"""Fit one recipe after another: load as seldom as can be, keep steps apart, free what was used."""

from __future__ import annotations

import copy
import gc
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import nn
from transformers import TrainerCallback, set_seed
from transformers import TrainerControl as Control
from transformers import TrainerState as State
from transformers import TrainingArguments as Args

from trainer import checkpoints, fit, methods, tasks
from trainer.events import EventWriter
from trainer.process import Cancellation
from trainer.reporter import list_evaluations
from trainer.spec import Evaluated, RunSpec, TrainWork
from trainer.tasks import Task

# What changes the steps alone: rows and base model stay as they were loaded.
STEPS = {"lr": 1.0, "epochs": 1, "warmup": 0.0, "weight_decay": 0.0}
Judge = Callable[[Evaluated], None]


class Bench:
    """Trains by any recipe as a run of its own would, in one process."""

    def __init__(self, spec: RunSpec, events: EventWriter, cancellation: Cancellation) -> None:
        self._spec, self._events, self._cancellation = spec, events, cancellation
        self._loaded: tuple[TrainWork, Task] | None = None

    def load(self, work: TrainWork) -> Task:
        """Load the task of a recipe, unless the one in memory differs in its steps alone."""
        recipe = work.recipe.model_copy(update=STEPS)
        wanted = work.model_copy(update={"recipe": recipe, "recipe_why": ""})
        if self._loaded is None or self._loaded[0] != wanted:
            self._loaded = None  # first: two base models may be more than memory holds
            set_seed(work.recipe.seed)
            self._loaded = wanted, tasks.load(self._spec, work)
        return self._loaded[1]

    def fit(self, work: TrainWork, *, part: str, judge: Judge | None = None) -> list[Evaluated]:
        """Train by a recipe, from its checkpoint where there is one, and give its evaluations.

        `judge` is told each evaluation and may end the training by raising.
        """
        task = self.load(work)
        set_seed(work.recipe.seed)  # a task used again goes on as one just loaded
        with freed():
            return fit.fit(
                task,
                self._prepare(task, work),
                spec=self._part(part).model_copy(update={"work": work}),
                work=work,
                events=self._events,
                cancellation=self._cancellation,
                callbacks=[Watcher(judge)] if judge else [],
            ).evaluations

    def earlier_seconds(self, work: TrainWork, *, part: str) -> float:
        """Give the seconds that attempts before this one have trained a part for."""
        folder = self._part(part).run_dir / "checkpoints"
        newest = checkpoints.find_newest(folder, work)
        record = checkpoints.read_record(newest) if newest else None
        return record.train_seconds if record else 0.0

    def forget(self, part: str) -> None:
        """Remove the checkpoints of a part that is over."""
        shutil.rmtree(self._part(part).run_dir, ignore_errors=True)

    def _part(self, part: str) -> RunSpec:
        return self._spec.model_copy(update={"part": part})

    def _prepare(self, task: Task, work: TrainWork) -> nn.Module:
        return methods.prepare(copy.deepcopy(task.model), work.recipe, work.task)


class Watcher(TrainerCallback):
    """Hands on each evaluation, as soon as it is made."""

    def __init__(self, judge: Judge) -> None:
        self._judge = judge

    def on_evaluate(self, args: Args, state: State, control: Control, **kwargs: Any) -> None:
        self._judge(list_evaluations(state.log_history[-1:])[0])


@contextmanager
def freed() -> Iterator[None]:
    """Free what the block has used, on the GPU too; Trainer and model refer to one another."""
    try:
        yield
    finally:
        gc.collect()
        if torch.cuda.is_available():
            torch.cuda.empty_cache()
