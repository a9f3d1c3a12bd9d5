"""Learning with varied rows: tried beside the same recipe without them, and kept where it is better."""

from __future__ import annotations

import copy
from dataclasses import replace

from torch import nn
from transformers import set_seed

from trainer import augment, synonyms
from trainer.augment import Varied
from trainer.events import EventWriter
from trainer.failures import RunFailed
from trainer.fit import Fitted, fit
from trainer.learning import Learnt, tune
from trainer.process import Cancellation
from trainer.spec import Augmented, Phase, RunSpec, TrainWork
from trainer.tasks import Task
from trainer.tasks.classification import Classification
from trainer.tasks.multilabel import Multilabel

PART = "augmented"  # of the run: its checkpoints are its own


def learn(
    task: Task, *, spec: RunSpec, work: TrainWork, events: EventWriter, cancellation: Cancellation
) -> Learnt:
    """Train without varied rows and with them, and give what is better on the validation split.

    A difference that isn't shown speaks for the rows as they are. Raise RunFailed where the task
    has no labels to keep.
    """
    if not isinstance(task, Classification | Multilabel):
        raise RunFailed("bad_method", "augment= is for texts with labels: leave it out.")
    rows, untouched = vary(task, work), copy.deepcopy(task.model)

    def train(task: Task, work: TrainWork, spec: RunSpec) -> Learnt:
        def take_steps(model: nn.Module) -> Fitted:
            return fit(task, model, spec=spec, work=work, events=events, cancellation=cancellation)

        set_seed(work.recipe.seed)  # whether the other was resumed or not
        return tune(task, work.recipe, work.task, take_steps)

    events.write(Phase(name="training"))
    plain = train(task, work, spec)
    answers = task.answer(plain.model)
    if not rows:
        return replace(plain, augmented=Augmented(rows=0, difference=task.contrast(*[answers] * 2)))
    events.write(Phase(name="augmenting"))
    longer = _with_added_epochs(work, plain.fitted.extended_by)
    part = spec.model_copy(update={"part": PART, "work": longer})
    varied = train(task.extend(rows, untouched), longer, part)
    difference = task.contrast(task.answer(varied.model), answers)
    best = varied if difference.verdict == "better" else plain
    seconds = plain.fitted.train_seconds + varied.fitted.train_seconds
    return replace(
        best,
        fitted=replace(best.fitted, train_seconds=seconds, extended_by=plain.fitted.extended_by),
        augmented=Augmented(rows=len(rows), difference=difference),
    )


def vary(task: Classification | Multilabel, work: TrainWork) -> list[Varied]:
    """Make the rows that are added to the training split."""
    if "synonym" in work.recipe.augment:
        synonyms.require()
    return augment.vary(
        task.texts("train"),
        work.recipe.augment,
        seed=work.recipe.seed,
        held_out=[*task.texts("validation"), *task.texts("test")],
        synonyms=synonyms.find,
    )


def _with_added_epochs(work: TrainWork, extra: int) -> TrainWork:
    """Let the second training be as long as the first, which people may have extended."""
    recipe = work.recipe.model_copy(update={"epochs": work.recipe.epochs + extra})
    return work.model_copy(update={"recipe": recipe})
