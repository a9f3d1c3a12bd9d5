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
from torch.optim.lr_scheduler import LambdaLR
from transformers import Trainer, TrainerCallback, TrainerState
from transformers.trainer_pt_utils import LengthGroupedSampler, get_length_grouped_indices

from trainer import allocation, checkpoints, control, device, ranks, shrink
from trainer.events import EventWriter
from trainer.failures import RunFailed
from trainer.process import Cancellation
from trainer.reporter import (
    Extended,
    Reporter,
    has_stalled,
    list_evaluations,
    steps_per_epoch,
)
from trainer.spec import (
    Adjustment,
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
    callbacks: Sequence[TrainerCallback] = (),
) -> Fitted:
    """Train in place, from the newest complete checkpoint if there is one; keep the best epoch.

    Begin anew from there each time that epochs are added. `callbacks` watch beside the reporter.
    Raise Cancelled, with a checkpoint saved, after SIGTERM, or Paused; raise RunFailed (nan_loss) at the first loss that is no number.
    """
    folder = spec.run_dir / "checkpoints"
    if ranks.is_first():
        checkpoints.remove_unusable(folder, work)
    while True:
        course = plan_course(spec, work.recipe)
        newest = checkpoints.find_newest(folder, work)
        reporter = Reporter(
            folder,
            newest,
            spec=spec,
            work=work,
            recipe=course.recipe,
            events=events,
            cancellation=cancellation,
            extra_epochs=course.extra_epochs,
            adjustment=course.adjustment,
        )
        recipe = stop_where_stalled(task, course.recipe, newest)
        watchers = [*allocation.callbacks(model, newest), reporter, *callbacks]
        trainer = task.make_trainer(model, arguments(task, spec, recipe), watchers)
        try:
            with cancellation.deferred():
                trainer.train(resume_from_checkpoint=str(newest) if newest else None)
        except Extended:
            continue
        finally:
            # Its forward computes in bfloat16 since; as it serves it computes in float32.
            trainer.accelerator.unwrap_model(model, keep_fp32_wrapper=False)
        fitted = _sum_up(trainer.state, reporter.seconds(), task=task, course=course)
        if fitted.stopped_early or plan_course(spec, work.recipe) == course:
            return fitted  # else epochs were added after the last step


def plan_course(spec: RunSpec, recipe: Recipe) -> Course:
    """Read what was changed since the recipe was written; every rank gets the same."""
    extra = ranks.agree(control.of(spec).extra_epochs)
    adjustment = shrink.read(spec.run_dir, recipe)
    changed: dict[str, int] = {"epochs": recipe.epochs + extra}
    if adjustment:
        changed |= {"batch": adjustment.batch, "accumulation": adjustment.accumulation}
    return Course(recipe.model_copy(update=changed), extra, adjustment)


def stop_where_stalled(task: Task, recipe: Recipe, newest: Path | None) -> Recipe:
    """Count no more epochs than were trained where patience was at its end before a crash."""
    if newest is None:
        return recipe
    state = TrainerState.load_from_json(str(newest / "trainer_state.json"))
    done = list_evaluations(state.log_history)
    values = [evaluation.value(task.metric) for evaluation in done]
    if not has_stalled(values, recipe.patience, greater_is_better=task.greater_is_better):
        return recipe
    return recipe.model_copy(update={"epochs": len(done)})


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

    _sampler: SeededLengthSampler | None = None

    def _get_train_sampler(self, train_dataset: Any = None) -> Any:  # noqa: ANN401
        # What the Trainer passes has lost its `length`: no input of the model has that name.
        rows = cast("Dataset[Any]", self.train_dataset)
        if "length" not in rows.column_names:
            return super()._get_train_sampler(train_dataset)
        lengths, args = list(rows["length"]), self.args
        # The rows of a whole step: in smaller batches, or shared by ranks, they stay the same.
        step = args.train_batch_size * args.gradient_accumulation_steps * args.world_size
        self._sampler = SeededLengthSampler(step, lengths, seed=args.seed)
        return self._sampler

    def _get_num_items_in_batch(self, batch_samples: list[Any], device: torch.device) -> Any:  # noqa: ANN401
        """Count tokens where the loss is a mean over tokens; one label a row needs no count.

        Models that classify take the count and ignore it (BERT's does), so that gradients of
        accumulated batches, or of ranks, would be added up where they should be averaged.
        """
        labels = batch_samples[0].get("labels") if batch_samples else None
        if labels is None or labels.dim() == 1 or labels.is_floating_point():
            self.loss_is_scaled_for_ga = False  # a mean, of a weighed loss too
            return None
        return super()._get_num_items_in_batch(batch_samples, device)

    def _run_epoch(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401
        # Accelerate tells a sampler its epoch, but not one that it shares out and skips rows of.
        if self._sampler is not None:
            self._sampler.set_epoch(kwargs["epoch"])
        super()._run_epoch(*args, **kwargs)  # type: ignore[no-untyped-call]

    def _load_optimizer_and_scheduler(self, checkpoint: str | None) -> None:
        """Take the rate that the schedule has for this step, which added epochs have changed."""
        super()._load_optimizer_and_scheduler(checkpoint)
        schedule, optimizer = self.lr_scheduler, self.optimizer
        if checkpoint is not None and optimizer and isinstance(schedule, LambdaLR):
            schedule._last_lr = _rates(schedule)  # noqa: SLF001  (what is logged of this step)
            for group, rate in zip(optimizer.param_groups, schedule.get_last_lr(), strict=True):
                group["lr"] = rate

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


def _rates(schedule: LambdaLR) -> list[float | torch.Tensor]:
    pairs = zip(schedule.base_lrs, schedule.lr_lambdas, strict=True)
    return [float(base) * factor(schedule.last_epoch) for base, factor in pairs]


def arguments(task: Task, spec: RunSpec, recipe: Recipe) -> dict[str, Any]:
    """Give what a recipe says as arguments of transformers.TrainingArguments.

    It evaluates and saves at the end of each epoch. Ranks share a batch: the rows of a step, and
    with them the learning rate, stay what the recipe says.
    """
    steps = recipe.epochs * math.ceil(task.rows["train"] / (recipe.batch * recipe.accumulation))
    on_cpu = spec.device == "cpu"
    return {
        "output_dir": str(spec.run_dir / "checkpoints"),
        "num_train_epochs": recipe.epochs,
        "per_device_train_batch_size": max(1, recipe.batch // spec.ranks),
        "gradient_accumulation_steps": recipe.accumulation,
        "per_device_eval_batch_size": EVAL_BATCH,
        "learning_rate": recipe.lr,
        "warmup_steps": recipe.warmup,  # below 1 it is a share of the steps
        "weight_decay": recipe.weight_decay,
        "optim": "adamw_torch_fused",
        "bf16": computes_in_bfloat16(spec, recipe),
        "activation_checkpointing": recipe.gradient_checkpointing,
        "torch_compile": recipe.compile,
        "use_cpu": on_cpu,
        "ddp_backend": ("gloo" if on_cpu else "nccl") if spec.ranks > 1 else None,
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
        "report_to": list(spec.work.trackers) if isinstance(spec.work, TrainWork) else "none",
    }


def computes_in_bfloat16(spec: RunSpec, recipe: Recipe) -> bool:
    if recipe.precision == "auto":
        return device.has_bfloat16(spec.device)
    return recipe.precision == "bf16"


def _sum_up(state: TrainerState, seconds: float, *, task: Task, course: Course) -> Fitted:
    epochs = state.epoch or 0.0
    best_step = state.best_global_step or state.global_step
    return Fitted(
        steps=state.global_step,
        epochs_done=epochs,
        best_epoch=best_step / steps_per_epoch(state),
        train_seconds=seconds,
        rows_per_second=task.rows["train"] * epochs / seconds,
        losses=[
            (int(entry["step"]), entry["loss"]) for entry in state.log_history if "loss" in entry
        ],
        evaluations=list_evaluations(state.log_history),
        stopped_early=round(epochs) < course.recipe.epochs,
        extended_by=course.extra_epochs,
        adjustment=course.adjustment,
    )
