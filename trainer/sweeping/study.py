"""The trials of a sweep as an Optuna study on disk: what to try next, and what came of each."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import cast

import optuna
from optuna import Study, Trial
from optuna.pruners import MedianPruner
from optuna.samplers import TPESampler
from optuna.trial import TrialState

from trainer.process import Cancelled
from trainer.spec import OneOf, Range, TrialResult
from trainer.sweeping.space import Params, Space

RANDOM_SHARE, LEAST_RANDOM, MOST_RANDOM = 4, 4, 10  # trials before there is a model of them
UNPRUNED = 4  # complete trials before the median of their curves says anything
ENOUGH = 8  # complete trials before importances do
RESULT, BEGUN = "result", "begun"
STATES = {
    "complete": TrialState.COMPLETE,
    "pruned": TrialState.PRUNED,
    "stopped": TrialState.PRUNED,
    "failed": TrialState.FAIL,
}


def open_study(folder: Path, *, greater_is_better: bool, first: Sequence[Params]) -> Study:
    """Open the study in a folder, or begin one; `first` are its first trials.

    The median of the other curves prunes: with the two to five epochs of a fine-tuning, Hyperband
    has no rungs to climb, and Wilcoxon's test is for one figure on many data sets.
    """
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    folder.mkdir(parents=True, exist_ok=True)
    study = optuna.create_study(
        storage=f"sqlite:///{folder / 'study.db'}",
        study_name="sweep",
        direction="maximize" if greater_is_better else "minimize",
        pruner=MedianPruner(n_startup_trials=UNPRUNED),
        load_if_exists=True,
    )
    for params in first:
        study.enqueue_trial(dict(params), skip_if_exists=True)
    return study


def next_trial(study: Study, *, trials: int, seed: int) -> Trial:
    """Give the trial that a kill left half done, else a new one of `trials` in all.

    The sampler is seeded by the trial's number: a resumed search suggests what an uninterrupted
    one would have.
    """
    half_done = study.get_trials(states=(TrialState.RUNNING,))
    number = half_done[0].number if half_done else _count_begun(study)
    startup = min(MOST_RANDOM, max(LEAST_RANDOM, trials // RANDOM_SHARE))
    study.sampler = TPESampler(
        seed=seed * 1_009 + number, multivariate=True, n_startup_trials=startup
    )
    if half_done:
        return Trial(study, half_done[0]._trial_id)  # noqa: SLF001  (no other way to its number)
    return study.ask()


def _count_begun(study: Study) -> int:
    return sum(trial.state != TrialState.WAITING for trial in study.get_trials(deepcopy=False))


def suggest(trial: Trial, space: Space) -> Params:
    """Choose a value for each parameter; a trial that was resumed keeps those it had."""
    return {name: _suggest(trial, name, choice) for name, choice in space.items()}


def _suggest(trial: Trial, name: str, choice: Range | OneOf) -> float | str:
    if isinstance(choice, OneOf):
        return cast("float | str", trial.suggest_categorical(name, choice.values))
    if choice.whole:
        return trial.suggest_int(name, int(choice.low), int(choice.high), log=choice.log)
    chosen = trial.suggest_float(name, choice.low, choice.high, log=choice.log)
    return float(f"{chosen:.3g}")  # what is told, typed and trained with is the same number


@contextmanager
def begun(trial: Trial) -> Iterator[None]:
    """Count a beginning of a trial, unless it is left to go on later: kills alone count up."""
    before = count_begun(trial)
    trial.set_user_attr(BEGUN, before + 1)
    try:
        yield
    except Cancelled:
        trial.set_user_attr(BEGUN, before)
        raise


def count_begun(trial: Trial) -> int:
    return int(trial.user_attrs.get(BEGUN, 0))


def report(trial: Trial, value: float, *, epoch: int) -> bool:
    """Note the figure after an epoch, and tell whether the trial has fallen behind the others."""
    if epoch not in curve(trial):  # told before a kill already
        trial.report(value, epoch)
    return trial.should_prune()


def curve(trial: Trial) -> dict[int, float]:
    """Give the figures reported so far, by epoch."""
    found = trial.study.get_trials(deepcopy=False)[trial.number].intermediate_values
    return dict(found)


def stored_result(trial: Trial) -> TrialResult | None:
    """Give the result of a trial that a kill caught between its end and its place in the study."""
    kept = trial.user_attrs.get(RESULT)
    return None if kept is None else TrialResult.model_validate_json(kept)


def store_result(trial: Trial, result: TrialResult) -> None:
    trial.set_user_attr(RESULT, result.model_dump_json())


def conclude(trial: Trial, result: TrialResult, *, known: bool) -> None:
    """Close a trial; one that is not `known` to the space teaches the sampler nothing."""
    state = STATES[result.state] if known else TrialState.FAIL
    value = result.value if state == TrialState.COMPLETE else None
    trial.study.tell(trial, value, state=state)


def results(study: Study) -> list[TrialResult]:
    """List what came of the trials that are over, in order."""
    over = study.get_trials(deepcopy=False, states=tuple({*STATES.values()}))
    return [TrialResult.model_validate_json(trial.user_attrs[RESULT]) for trial in over]


def rank_parameters(study: Study, names: Sequence[str]) -> dict[str, float]:
    """Share out what the parameters explain of the figures, the most important first.

    By PED-ANOVA (Watanabe et al. 2023); empty where trials or parameters are too few.
    """
    complete = study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))
    if len(complete) < ENOUGH or len(names) < 2:  # noqa: PLR2004  (shares of one are no news)
        return {}
    return dict(optuna.importance.get_param_importances(study, params=list(names)))
