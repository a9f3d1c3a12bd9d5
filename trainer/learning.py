"""How a run comes to its weights: by the steps of a method, or by what `trainer.auto` makes of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from torch import nn
from transformers import PreTrainedModel

from trainer import methods
from trainer.events import EventWriter
from trainer.failures import RunFailed
from trainer.fit import Fitted, fit
from trainer.process import Cancellation
from trainer.spec import Augmented, Chosen, Phase, Recipe, RunSpec, TrainWork
from trainer.spec import Task as Kind
from trainer.tasks import Task

Steps = Callable[[nn.Module], Fitted]


@dataclass(frozen=True)
class Learnt:
    """A model as it will serve, and how it came to be so."""

    model: PreTrainedModel
    parameters: int
    trainable_parameters: int
    adapter_bytes: int | None  # of the trained weights, where they are not all
    fitted: Fitted
    chosen: Chosen | None = None
    augmented: Augmented | None = None


def learn(
    task: Task, *, spec: RunSpec, work: TrainWork, events: EventWriter, cancellation: Cancellation
) -> Learnt:
    """Train by the recipe's method; raise as `trainer.fit.fit` does.

    Raise RunFailed (bad_method) where the task or the model lacks the method.
    """
    recipe = work.recipe
    if recipe.method in ("auto", "probe") and (recipe.augment or work.teacher):
        raise RunFailed(
            "bad_method",
            f"method={recipe.method} can't be joined with augment= or teacher=: choose a method "
            "that only takes steps.",
            method="full",
        )
    if recipe.augment:
        from trainer import varying  # noqa: PLC0415  (it imports this module)

        return varying.learn(task, spec=spec, work=work, events=events, cancellation=cancellation)

    def take_steps(model: nn.Module) -> Fitted:
        events.write(Phase(name="training"))
        return fit(task, model, spec=spec, work=work, events=events, cancellation=cancellation)

    if work.recipe.method not in ("auto", "probe"):
        return tune(task, work.recipe, work.task, take_steps)
    from trainer import auto  # noqa: PLC0415  (scikit-learn takes a second to import)

    events.write(Phase(name="choosing"))
    return auto.learn(task, spec, work.recipe, take_steps)


def tune(task: Task, recipe: Recipe, kind: Kind, take_steps: Steps) -> Learnt:
    """Train what the method trains, from the newest checkpoint where there is one."""
    model = methods.prepare(task.model, recipe, kind)
    parameters, trained = methods.count_parameters(model)
    size = methods.trained_bytes(model) if trained < parameters else None
    fitted = take_steps(model)
    return Learnt(methods.merge(model), parameters, trained, size, fitted)
