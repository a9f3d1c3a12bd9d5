"""The search itself, read from top to bottom: trials, the winner, its seeds, the decide."""

from __future__ import annotations

import json
import logging
import math
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Literal

from optuna import Study, Trial

from trainer import failures
from trainer.events import EventWriter
from trainer.failures import RunFailed
from trainer.process import Cancellation, Cancelled
from trainer.spec import (
    Cause,
    Evaluated,
    Phase,
    RunSpec,
    Sweep,
    SweepResult,
    TrainWork,
    TrialEnded,
    TrialResult,
)
from trainer.sweeping import study as book
from trainer.sweeping import winner as decide
from trainer.sweeping.fitting import Bench
from trainer.sweeping.space import (
    Params,
    default_params,
    holds,
    list_first,
    plain,
    split_space,
    work_of,
)
from trainer.tasks import Task

# No recipe helps against these, so they end the sweep and not the trial alone.
FATAL: set[Cause] = {"bad_labels", "bad_rows", "bad_file", "disk_full"}
log = logging.getLogger(__name__)


class BehindError(Exception):
    """The trial's curve is below the others'."""


class OutOfTimeError(Exception):
    """The budget is too short for the trial to end."""


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
            return begin(self.work)
        card = json.loads((self.spec.dataset_dir / "card.json").read_text(encoding="utf-8"))
        rows = sum(card["splits"]["train"].values())
        p95 = card["characters"]["p95"]
        return work_of(self.work, params, train_rows=rows, p95_characters=p95)


def search(
    spec: RunSpec, work: TrainWork, events: EventWriter, cancellation: Cancellation
) -> tuple[TrainWork, SweepResult]:
    """Find a better recipe on the training and validation splits; give the winner's work.

    Go on from where an attempt before was. Raise Cancelled, with all saved, after SIGTERM.
    """
    if work.sweep is None:
        raise TypeError("only a sweep is searched")
    events.write(Phase(name="searching"))
    now = _begin(spec, work, events, cancellation)
    for earlier in book.results(now.study):  # their events may have died with their attempt
        events.write(TrialEnded(**earlier.model_dump()))
    stopped = _run_trials(now)
    trials = book.results(now.study)
    best = decide.choose_winner(trials, greater_is_better=now.task.greater_is_better)
    winner = now.work_of(best, trials[best].params)
    seeds = _run_seeds(now, winner) if trials[best].value is not None else []
    return winner, _sum_up(now, trials, best=best, seeds=seeds, stopped=stopped)


def begin(work: TrainWork) -> TrainWork:
    """Give the work of the recipe that a sweep begins with."""
    return plain(work, work.recipe, base_model=work.base_model, why=work.recipe_why)


def _begin(
    spec: RunSpec, work: TrainWork, events: EventWriter, cancellation: Cancellation
) -> Search:
    assert work.sweep is not None  # noqa: S101
    bench = Bench(spec, events, cancellation)
    task = bench.load(begin(work))
    space, _ = split_space(work.sweep)
    default = default_params(work, space)
    study = book.open_study(
        spec.run_dir / "checkpoints" / "sweep",
        greater_is_better=task.greater_is_better,
        first=list_first(work.sweep, default, seed=work.recipe.seed),
    )
    return Search(spec, work, work.sweep, bench, study, task, events, cancellation)


# --- trials ---------------------------------------------------------------------------------


def _run_trials(now: Search) -> Literal["trials", "budget"]:
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

    state, failure = _attempt(lambda: now.bench.fit(work, part=_part(trial), judge=judge), work)
    curve = book.curve(trial)
    return TrialResult(
        number=trial.number,
        params=dict(params),
        state=state,
        value=None if state == "failed" else _best(now.task, curve.values()),
        epochs=max(curve, default=0),
        seconds=time.monotonic() - began,
        failure=failure,
        metric=now.task.metric,
    )


State = Literal["complete", "pruned", "stopped", "failed"]


def _attempt(fit: Callable[[], object], work: TrainWork) -> tuple[State, Cause | None]:
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
    value = _figure(now.task, found)
    if not math.isfinite(value):
        raise RunFailed("nan_loss", f"The loss was {value} at step {found.step}.")
    behind = book.report(trial, value, epoch=epoch)
    if epoch >= epochs:
        return
    if behind and trial.number:  # the default is what the others are measured by
        raise BehindError
    if not decide.can_finish(elapsed=elapsed, epoch=epoch, epochs=epochs, left=left):
        raise OutOfTimeError


def _part(trial: Trial) -> str:
    return f"trial-{trial.number}"


def _figure(task: Task, found: Evaluated) -> float:
    return found.figures.get(task.metric, found.loss)


def _best(task: Task, values: Iterable[float]) -> float | None:
    return (max if task.greater_is_better else min)(values, default=None)


# --- noise ----------------------------------------------------------------------------------


def _run_seeds(now: Search, winner: TrainWork) -> list[float]:
    """Train the winner with seeds it wasn't chosen by; a run that fails counts as none."""
    for number in range(1, now.sweep.seeds + 1):
        part = f"seed-{number}"
        if part not in now.study.user_attrs:
            if now.cancellation.requested:
                raise Cancelled
            now.study.set_user_attr(part, _run_seed(now, winner, number, part))
            now.bench.forget(part)
    kept = _seed_runs(now.study)
    return [run["value"] for run in kept if run["value"] is not None]


def _run_seed(now: Search, winner: TrainWork, number: int, part: str) -> dict[str, float | None]:
    seed = (winner.recipe.seed + number) % 2**31
    work = winner.model_copy(update={"recipe": winner.recipe.model_copy(update={"seed": seed})})
    began = time.monotonic()
    found: list[Evaluated] = []
    _attempt(lambda: found.extend(now.bench.fit(work, part=part)), work)
    value = _best(now.task, [_figure(now.task, one) for one in found])
    return {"value": value, "seconds": time.monotonic() - began}


def _seed_runs(study: Study) -> list[dict[str, float | None]]:
    return [run for name, run in sorted(study.user_attrs.items()) if name.startswith("seed-")]


# --- result ---------------------------------------------------------------------------------


def _sum_up(
    now: Search,
    trials: list[TrialResult],
    *,
    best: int,
    seeds: list[float],
    stopped: Literal["trials", "budget"],
) -> SweepResult:
    default = trials[0].value if trials[0].state == "complete" else None
    noise, margin = decide.measure_noise(trials[best].value, seeds, scale=now.scale)
    gain = decide.measure_gain(default, seeds, scale=now.scale) if best else 0.0
    spent = sum(run["seconds"] or 0.0 for run in _seed_runs(now.study))
    return SweepResult(
        trials=trials,
        best=best,
        default=default,
        gain=gain,
        noise=noise,
        margin=margin,
        seeds=seeds,
        metric=now.task.metric,
        unit="points" if now.task.greater_is_better else "nats",
        importance=book.rank_parameters(now.study, [*trials[best].params]),
        stopped=stopped,
        seconds=sum(trial.seconds for trial in trials) + spent,
    )
