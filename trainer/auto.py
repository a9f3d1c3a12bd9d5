"""The cheap ways to a classifier first, fine-tuning where that may pay, and the better of both."""

from __future__ import annotations

import copy
from dataclasses import replace
from typing import cast

from transformers import PreTrainedModel

from trainer import choosing, methods, probe
from trainer.failures import RunFailed
from trainer.learning import Learnt, Steps, tune
from trainer.spec import Chosen, Recipe, RunSpec, Tried
from trainer.tasks import Task
from trainer.tasks.classification import Classification

STEP_COST = 3  # passes: one forward, and twice as much backward


def learn(task: Task, spec: RunSpec, recipe: Recipe, take_steps: Steps) -> Learnt:
    """Fit a probe; with method=auto see whether steps make more of the model than that.

    Raise RunFailed (bad_method) for a task that has no one label for a probe to learn.
    """
    if not isinstance(task, Classification):
        raise RunFailed(
            "bad_method",
            f"method={recipe.method} is for texts with one label each: choose another.",
            method="full",
        )
    cheap = probe.try_cheap(task, spec)
    if recipe.method == "probe":
        return serve_probe(task.model, cheap)
    return choose(task, cheap, recipe, take_steps)


def choose(task: Classification, cheap: probe.Cheap, recipe: Recipe, take_steps: Steps) -> Learnt:
    """Fine-tune where that may pay, and give what is better on the validation split."""
    tried = [cheap.words, cheap.probe]
    right = task.find_right(cheap.head.logits)
    objection = choosing.find_objection(
        right,
        labels=len(task.loaded.labels),
        steps=recipe.epochs * task.rows["train"] // (recipe.batch * recipe.accumulation),
        seconds=cheap.seconds_a_row * STEP_COST * task.rows["train"] * recipe.epochs,
    )
    if objection:
        probed = serve_probe(task.model, cheap)
        return replace(probed, chosen=Chosen(method="probe", why=objection, tried=tried))
    untouched, method = copy.deepcopy(task.model), methods.usual(task.model)
    tuned = tune(task, recipe.model_copy(update={"method": method}), "classification", take_steps)
    answers = task.find_right(task.answer(tuned.model))
    seconds = tuned.fitted.train_seconds
    tried += [Tried(method=method, value=float(answers.mean()), seconds=seconds)]
    better, why = choosing.judge(right, answers)
    best = tuned if better else serve_probe(untouched, cheap)
    return replace(best, chosen=Chosen(method=method if better else "probe", why=why, tried=tried))


def serve_probe(model: PreTrainedModel, cheap: probe.Cheap) -> Learnt:
    """Put the body and the head that logistic regression found into one model."""
    probed = probe.Probe(methods.body_of(model), cheap.head)
    probed.requires_grad_(False)
    probed.head.requires_grad_(True)
    parameters, trained = methods.count_parameters(probed)
    size = methods.trained_bytes(probed)
    model = cast("PreTrainedModel", probed)  # as far as an export asks
    return Learnt(model, parameters, trained, size, probe.no_steps(cheap))
