"""A sweep under way: what is searched, by what, and where it is noted."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass

from optuna import Study

from trainer.events import EventWriter
from trainer.process import Cancellation
from trainer.spec import Evaluated, RunSpec, Sweep, TrainWork
from trainer.sweeping import study as book
from trainer.sweeping.fitting import Bench
from trainer.sweeping.space import Params, default_params, list_first, plain, split_space, work_of
from trainer.tasks import Task


@dataclass(frozen=True)
class Search:
    """A sweep under way."""

    spec: RunSpec
    work: TrainWork
    sweep: Sweep
    bench: Bench
    study: Study
    task: Task
    events: EventWriter
    cancellation: Cancellation

    @property
    def scale(self) -> float:
        """From the figure's unit to points, or to nats of a loss; negative where less is better."""
        return 100.0 if self.task.greater_is_better else -1.0

    def work_of(self, number: int, params: Params) -> TrainWork:
        """Give the work of a trial; the first is the recipe that the sweep began with."""
        if number == 0:
            return first_work(self.work)
        card = json.loads((self.spec.dataset_dir / "card.json").read_text(encoding="utf-8"))
        rows = sum(card["splits"]["train"].values())
        p95 = card["characters"]["p95"]
        return work_of(self.work, params, train_rows=rows, p95_characters=p95)

    def figure(self, found: Evaluated) -> float:
        """Give the figure that trials are compared by."""
        return found.figures.get(self.task.metric, found.loss)

    def best(self, values: Iterable[float]) -> float | None:
        return (max if self.task.greater_is_better else min)(values, default=None)


def begin(
    spec: RunSpec, work: TrainWork, events: EventWriter, cancellation: Cancellation
) -> Search:
    """Load the task of the first trial, and open the study, or go on with it."""
    assert work.sweep is not None  # noqa: S101
    bench = Bench(spec, events, cancellation)
    task = bench.load(first_work(work))
    space, _ = split_space(work.sweep)
    default = default_params(work, space)
    study = book.open_study(
        spec.run_dir / "checkpoints" / "sweep",
        greater_is_better=task.greater_is_better,
        first=list_first(work.sweep, default, seed=work.recipe.seed),
    )
    return Search(spec, work, work.sweep, bench, study, task, events, cancellation)


def first_work(work: TrainWork) -> TrainWork:
    """Give the work of the recipe that a sweep begins with."""
    return plain(work, work.recipe, base_model=work.base_model, why=work.recipe_why)
