"""The search itself, read from top to bottom: trials, the winner, its seeds, the verdict."""

from __future__ import annotations

from typing import Literal

from trainer.events import EventWriter
from trainer.process import Cancellation
from trainer.spec import Phase, RunSpec, SweepResult, TrainWork, TrialEnded, TrialResult
from trainer.sweeping import study as book
from trainer.sweeping import winner as decide
from trainer.sweeping.seeds import run_seeds, seed_runs
from trainer.sweeping.trials import run_trials
from trainer.sweeping.underway import Search, begin


def search(
    spec: RunSpec, work: TrainWork, events: EventWriter, cancellation: Cancellation
) -> tuple[TrainWork, SweepResult]:
    """Find a better recipe on the training and validation splits; give the winner's work.

    Go on from where an attempt before was. Raise Cancelled, with all saved, after SIGTERM.
    """
    if work.sweep is None:
        raise TypeError("only a sweep is searched")
    events.write(Phase(name="searching"))
    now = begin(spec, work, events, cancellation)
    for earlier in book.results(now.study):  # their events may have died with their attempt
        events.write(TrialEnded(**earlier.model_dump()))
    stopped = run_trials(now)
    trials = book.results(now.study)
    best = decide.choose_winner(trials, greater_is_better=now.task.greater_is_better)
    winner = now.work_of(best, trials[best].params)
    seeds = run_seeds(now, winner) if trials[best].value is not None else []
    return winner, _sum_up(now, trials, best=best, seeds=seeds, stopped=stopped)


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
    spent = sum(run["seconds"] or 0.0 for run in seed_runs(now.study))
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
