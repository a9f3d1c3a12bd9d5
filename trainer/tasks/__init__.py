"""What is learnt: one module a task, each behind the same five verbs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from torch import nn
from transformers import PreTrainedModel, Trainer, TrainerCallback

from trainer.events import EventWriter
from trainer.spec import (
    AnyScores,
    Baseline,
    Comparison,
    Compressed,
    Export,
    OnCorrections,
    Rival,
    RunSpec,
    TrainWork,
)


@dataclass(frozen=True)
class Exported:
    """What was written into the model's folder, as far as the summary tells of it."""

    export: Export | None
    temperature: float | None = None
    threshold: float | None = None
    compressed: list[Compressed] = field(default_factory=list)


class Task(Protocol):
    """One task with its data loaded; `trainer.train` calls the verbs in this order, once each.

    `make_trainer` may be called again, after memory ran out or epochs were added.
    """

    @property
    def model(self) -> PreTrainedModel:
        """The base model as it was loaded; `trainer.methods` prepares it."""

    @property
    def metric(self) -> str:
        """Name the figure of an evaluation by which the best epoch is kept."""

    @property
    def greater_is_better(self) -> bool: ...

    @property
    def rows(self) -> Mapping[str, int]:
        """Count the rows of each split."""

    def make_trainer(
        self, model: nn.Module, arguments: Mapping[str, Any], callbacks: Sequence[TrainerCallback]
    ) -> Trainer:
        """Set up the steps; `arguments` are those of transformers.TrainingArguments.

        The Trainer must be a `trainer.fit.Exact`: seeded batches, no loss that is no number.
        """

    def export(
        self, model: PreTrainedModel, *, folder: Path, origin: Mapping[str, Any], threads: int
    ) -> Exported:
        """Write the folder that serves, whole or not at all; calibrate on the validation split."""

    def test(self) -> AnyScores:
        """Measure what was exported on the test split, as it will serve."""

    def baselines(self) -> list[Baseline]:
        """Measure what costs less on the same rows; the difference is of the first figure."""

    def compare(
        self, spec: RunSpec, rival: Rival
    ) -> tuple[Comparison | None, OnCorrections | None]:
        """Compare what was exported with the model serving; raise OSError where that is gone."""


def load(spec: RunSpec, work: TrainWork, events: EventWriter | None = None) -> Task:
    """Read the rows and the base model of a task; raise RunFailed with what doesn't suit it.

    `events` is told where that takes long.
    """
    match work.task:
        case "classification":
            from trainer.tasks.classification import Classification  # noqa: PLC0415

            return Classification(spec, work)
        case "multilabel":
            from trainer.tasks.multilabel import Multilabel  # noqa: PLC0415

            return Multilabel(spec, work)
        case "generation":
            from trainer.tasks.generation import Generation  # noqa: PLC0415

            return Generation(spec, work)
        case "recommendation":
            from trainer.tasks.recommendation import Recommendation  # noqa: PLC0415

            return Recommendation(spec, work)
        case "retrieval":
            from trainer.tasks.retrieval import Retrieval  # noqa: PLC0415

            return Retrieval(spec, work, events)
        case _:
            raise NotImplementedError(work.task)
