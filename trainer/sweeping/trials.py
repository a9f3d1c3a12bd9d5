"""Run trials one after another: until there are enough, or the budget is used up."""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Callable
from typing import Literal

from optuna import Trial

from trainer import failures
from trainer.failures import RunFailed
from trainer.process import Cancelled
from trainer.spec import Cause, Evaluated, TrainWork, TrialEnded, TrialResult
from trainer.sweeping import study as book
from trainer.sweeping.space import Params, default_params, holds, split_space
from trainer.sweeping.underway import Search
from trainer.sweeping.winner import can_finish

# No recipe helps against these, so they end the sweep and not the trial alone.
FATAL: set[Cause] = {"bad_labels", "bad_rows", "bad_file", "disk_full"}
KILLS = 2  # that a trial may meet: what kills it each time must not keep the sweep from its end
State = Literal["complete", "pruned", "stopped", "failed"]
_FAILED_BY_KILLS: tuple[State, Cause | None] = "failed", "killed"
log = logging.getLogger(__name__)


class BehindError(Exception):
    """The trial's curve is below the others'."""


class OutOfTimeError(Exception):
    """The budget is too short for the trial to end."""


def run_trials(now: Search) -> Literal["trials", "budget"]:
    """Run trials until there are enough, or the budget is used up."""
    space, _ = split_space(now.sweep)
    default = default_params(now.work, space)
    while True:
        done = book.results(now.study)
        left = now.sweep.budget_s - sum(trial.seconds for trial in done)
        if left <= 0 or any(trial.state == "stopped" for trial in done):
            return "budget"
        if len(done) >= now.sweep.trials:
            return "trials"
        if now.cancellation.requested:
            raise Cancelled
        trial = book.next_trial(now.study, trials=now.sweep.trials, seed=now.work.recipe.seed)
        known = trial.number > 0 or holds(space, default)
        params = book.suggest(trial, space) if known else default
        result = book.stored_result(trial) or _run_trial(now, trial, params, left=left)
        book.store_result(trial, result)
        now.bench.forget(_part(trial))
        now.events.write(TrialEnded(**result.model_dump()))
        book.conclude(trial, result, known=known)


def _run_trial(now: Search, trial: Trial, params: Params, *, left: float) -> TrialResult:
    """Train by one recipe until it ends, falls behind, runs out of time, or fails."""
    work = now.work_of(trial.number, params)
    began = time.monotonic() - now.bench.earlier_seconds(work, part=_part(trial))

    def judge(found: Evaluated) -> None:
        _judge(now, trial, found, elapsed=time.monotonic() - began, left=left, work=work)

    if book.count_begun(trial) >= KILLS:
        state, failure = _FAILED_BY_KILLS
    else:
        with book.begun(trial):
            state, failure = attempt(
                lambda: now.bench.fit(work, part=_part(trial), judge=judge), work
            )
    curve = book.curve(trial)
    return TrialResult(
        number=trial.number,
        params=dict(params),
        state=state,
        value=None if state == "failed" else now.best(curve.values()),
        epochs=max(curve, default=0),
        seconds=time.monotonic() - began,
        failure=failure,
        metric=now.task.metric,
    )


def attempt(fit: Callable[[], object], work: TrainWork) -> tuple[State, Cause | None]:
    """Tell how a trial ended; raise what would end any other, too."""
    try:
        fit()
    except BehindError:
        return "pruned", None
    except OutOfTimeError:
        return "stopped", None
    except Exception as error:
        failure = failures.explain(error, work.recipe)
        if failure.cause in FATAL:
            raise
        log.exception("a trial failed: %s", failure.evidence)
        return "failed", failure.cause
    return "complete", None


def _judge(
    now: Search, trial: Trial, found: Evaluated, *, elapsed: float, left: float, work: TrainWork
) -> None:
    """Note an evaluation, and end the trial where it isn't worth its time or has none left."""
    epoch, epochs = round(found.epoch), work.recipe.epochs
    value = now.figure(found)
    if not math.isfinite(value):
        raise RunFailed("nan_loss", f"The loss was {value} at step {found.step}.")
    behind = book.report(trial, value, epoch=epoch)
    if epoch >= epochs:
        return
    if behind and trial.number:  # the default is what the others are measured by
        raise BehindError
    if not can_finish(elapsed=elapsed, epoch=epoch, epochs=epochs, left=left):
        raise OutOfTimeError


def _part(trial: Trial) -> str:
    return f"trial-{trial.number}"
