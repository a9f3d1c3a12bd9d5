"""The steps of a run: Hugging Face's Trainer, reporting, saving and resuming exactly."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import torch
from datasets import Dataset
from torch import nn
from transformers import Trainer, TrainerCallback, TrainerState
from transformers.trainer_pt_utils import LengthGroupedSampler, get_length_grouped_indices

from trainer import checkpoints, device
from trainer.events import EventWriter
from trainer.failures import RunFailed
from trainer.process import Cancellation
from trainer.reporter import Reporter, list_evaluations, steps_per_epoch
from trainer.spec import (
    Evaluated,
    Recipe,
    RunSpec,
    TrainWork,
)
from trainer.tasks import Task

LOSSES = 200  # points of the loss curve
EVAL_BATCH = 64


@dataclass(frozen=True)
class Fitted:
    """How the steps went, over all attempts."""

    steps: int
    epochs_done: float
    best_epoch: float
    train_seconds: float
    rows_per_second: float
    losses: list[tuple[int, float]]
    evaluations: list[Evaluated]
    stopped_early: bool
    extended_by: int
    adjustment: Adjustment | None


@dataclass(frozen=True)
class Course:
    """The recipe as it is trained: with smaller batches, with epochs that people added."""

    recipe: Recipe
    extra_epochs: int
    adjustment: Adjustment | None


def fit(
    task: Task,
    model: nn.Module,
    *,
    spec: RunSpec,
    work: TrainWork,
    events: EventWriter,
    cancellation: Cancellation,
) -> Fitted:
    """Train in place, from the newest complete checkpoint if there is one; keep the best epoch.

    Begin anew from there each time that epochs are added. Raise Cancelled, with a checkpoint
    saved, after SIGTERM, or Paused; raise RunFailed (nan_loss) at the first loss that is no number.
    """
    checkpoints_dir = spec.run_dir / "checkpoints"
    if is_first():
        checkpoints.remove_unusable(checkpoints_dir, work)
    while True:
        course = plan_course(spec, work.recipe)
        newest = checkpoints.find_newest(checkpoints_dir, work)
        done = read_evaluations(newest)
        reporter = Reporter(
            checkpoints_dir,
            newest,
            spec=spec,
            work=work,
            recipe=course.recipe,
            events=events,
            cancellation=cancellation,
            extra_epochs=course.extra_epochs,
        )
        stalled = has_stalled(task, course.recipe, done)
        recipe = course.recipe.model_copy(update={"epochs": len(done)}) if stalled else course.recipe
        trainer = task.make_trainer(
            model, arguments(task, spec, recipe) | {"report_to": list(work.trackers)}, [reporter]
        )
        try:
            with cancellation.deferred():
                trainer.train(resume_from_checkpoint=str(newest) if newest else None)
        except Extended:
            continue
        finally:
            # Its forward computes in bfloat16 since; as it serves it computes in float32.
            trainer.accelerator.unwrap_model(model, keep_fp32_wrapper=False)
        XXX


class SeededLengthSampler(LengthGroupedSampler):
    """Rows of like length in a batch, in an order that depends on seed and epoch alone.

    Hugging Face's own draws from the global generator, so a run resumed in the middle of an
    epoch would see other batches.
    """

    def __init__(self, batch_size: int, lengths: list[int], *, seed: int) -> None:
        super().__init__(batch_size, lengths=lengths)
        self._seed = seed
        self._epoch = 0

    def set_epoch(self, epoch: int) -> None:
        self._epoch = epoch

    def __iter__(self) -> Iterator[int]:
        generator = torch.Generator().manual_seed(self._seed * 1_000_003 + self._epoch)
        order = get_length_grouped_indices(self.lengths, self.batch_size, generator=generator)
        return iter(order)


class Exact(Trainer):
    """Hugging Face's Trainer whose batches depend on seed and epoch alone.

    It ends at the first loss that is no number. Where the training rows have a `length`, those of
    like length share a batch. Mix it in before a library's own Trainer.
    """

    def _get_train_sampler(self, train_dataset: Any = None) -> Any:  # noqa: ANN401
        # What the Trainer passes has lost its `length`: no input of the model has that name.
        rows = cast("Dataset[Any]", self.train_dataset)
        if "length" not in rows.column_names:
            return super()._get_train_sampler(train_dataset)
        lengths = list(rows["length"])
        return SeededLengthSampler(self.args.train_batch_size, lengths, seed=self.args.seed)

    def training_step(self, *args: Any, **kwargs: Any) -> torch.Tensor:  # noqa: ANN401
        loss = super().training_step(*args, **kwargs)
        if not torch.isfinite(loss):
            rate = self.args.learning_rate / 10
            raise RunFailed(
                "nan_loss",
                f"The loss was {loss.item()} at step {self.state.global_step + 1}.",
                lr=f"{rate:.1g}",
            )
        return loss


def arguments(task: Task, spec: RunSpec, recipe: Recipe) -> dict[str, Any]:
    """Give what a recipe says as arguments of transformers.TrainingArguments.

    It evaluates and saves at the end of each epoch.
    """
    steps = recipe.epochs * math.ceil(task.rows["train"] / recipe.batch)
    on_cpu = spec.device == "cpu"
    return {
        "output_dir": str(spec.run_dir / "checkpoints"),
        "num_train_epochs": recipe.epochs,
        "per_device_train_batch_size": recipe.batch,
        "per_device_eval_batch_size": EVAL_BATCH,
        "learning_rate": recipe.lr,
        "warmup_steps": recipe.warmup,  # below 1 it is a share of the steps
        "weight_decay": recipe.weight_decay,
        "optim": "adamw_torch_fused",
        "bf16": device.has_bfloat16(spec.device),
        "use_cpu": on_cpu,
        "dataloader_pin_memory": not on_cpu,
        "train_sampling_strategy": "group_by_length",  # the evaluation's batches too
        "seed": recipe.seed,
        "eval_strategy": "epoch",
        "save_strategy": "epoch",
        "load_best_model_at_end": True,
        "metric_for_best_model": task.metric,
        "greater_is_better": task.greater_is_better,
        "logging_steps": math.ceil(steps / LOSSES),
        "logging_nan_inf_filter": False,  # a loss that is no number must be seen
        "disable_tqdm": True,
        "report_to": "none",
    }


def _sum_up(state: TrainerState, seconds: float, *, rows: int) -> Fitted:
    epochs = state.epoch or 0.0
    best_step = state.best_global_step or state.global_step
    return Fitted(
        steps=state.global_step,
        epochs_done=epochs,
        best_epoch=best_step / steps_per_epoch(state),
        train_seconds=seconds,
        rows_per_second=rows * epochs / seconds,
        losses=[
            (int(entry["step"]), entry["loss"]) for entry in state.log_history if "loss" in entry
        ],
        evaluations=list_evaluations(state.log_history),
    )
