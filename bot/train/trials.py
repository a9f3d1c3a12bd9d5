"""A search in words: what it may choose from, its trials as they end, what it found."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import PurePath

from bot import figures
from bot.language import listed, mark, tr, trn
from bot.train import metrics
from bot.wording import escape
from storage.records import Job
from trainer.spec import OneOf, Range, Sweep, SweepResult, TrainSummary, TrainWork, TrialResult

SHOWN = 10  # trials in the table
STATES = {
    "complete": "",
    "pruned": mark("pruned"),
    "stopped": mark("out of time"),
    "failed": mark("failed"),
}
RANKS = {"complete": 0, "stopped": 1, "pruned": 1, "failed": 2}
SMALL = 1e-3  # numbers below it are written by their powers, such as 5e-4
POINT = 0.05  # a difference that is written as 0.0 is none


def say_plan(work: TrainWork, sweep: Sweep) -> list[str]:
    """Say what a search would do, for its plan card."""
    space = " ".join(f"`{escape(_say_choice(n, choice))}`" for n, choice in sweep.space.items())
    return [
        tr("*Begins with*  {recipe}", recipe=figures.recipe(work.recipe)),
        tr("*Chooses from*  {space}", space=space),
        trn(
            "*Search*  {count:,} trial, within {budget}; trials that fall behind are pruned",
            "*Search*  up to {count:,} trials, within {budget}; trials that fall behind are pruned",
            sweep.trials,
            budget=figures.duration(sweep.budget_s),
        ),
        trn(
            "*Then*  {count} run of the winner with another seed, which shows the noise, and one "
            "for good; only that one meets the test split",
            "*Then*  {count} runs of the winner with other seeds, which show the noise, and one "
            "for good; only that one meets the test split",
            sweep.seeds,
        ),
    ]


def say_space(sweep: Sweep) -> str:
    """Name what a search chooses, in one line."""
    return listed(escape(_say_choice(name, choice)) for name, choice in sweep.space.items())


def rank(trials: Sequence[TrialResult]) -> list[TrialResult]:
    """Put the best first: complete ones, then what ended early, then what failed."""

    def key(trial: TrialResult) -> tuple[int, float, int]:
        sign = 1 if trial.metric in metrics.NUMBERS else -1
        return RANKS[trial.state], sign * (trial.value or 0.0), trial.number

    return sorted(trials, key=key)


def table(trials: Sequence[TrialResult]) -> str:
    """Align the best trials for a monospaced font, and count those left out."""
    names = list(trials[0].params)
    head = [tr("trial"), tr(metrics.NAMES[trials[0].metric]), *map(option, names)]
    rows = [[*head, tr("epochs"), ""]]
    ranked = rank(trials)
    rows += [_row(trial, names) for trial in ranked[:SHOWN]]
    shown = figures.table(rows)
    more = len(ranked) - SHOWN
    if more <= 0:
        return shown
    return f"{shown}\n" + tr("and {count} more", count=more)


def say_leader(trials: Sequence[TrialResult], sweep: Sweep) -> str:
    """Say how many trials are over, and which leads."""
    over = trn(
        "{done} of {count} trial is over",
        "{done} of {count} trials are over",
        sweep.trials,
        done=len(trials),
    )
    best = rank(trials)[0]
    if best.state != "complete" or best.value is None:
        return over
    return tr(
        "{over}; trial {number} leads: {figure} on the validation split, with {params}",
        over=over,
        number=best.number,
        figure=metrics.say(best.metric, best.value),
        params=escape(_say_params(best.params)),
    )


def describe(job: Job, summary: TrainSummary) -> list[str]:
    """Say what a search found: the winner, whether it gains anything, what mattered."""
    found = summary.sweep
    if found is None:
        return []
    said = [_say_course(found), _say_gain(found)]
    if found.importance:
        shares = [f"{option(n)} {share:.0%}" for n, share in found.importance.items()]
        said.append(tr("What mattered: {shares}.", shares=listed(shares)))
    if found.best:
        said.append(
            tr(
                "`{command}` trains by the winner's recipe again.",
                command=escape(command(job, found)),
            )
        )
    return [" ".join(said)]


def command(job: Job, found: SweepResult) -> str:
    """Write what trains by the winner's recipe, ready to type."""
    sweep = TrainWork.model_validate(job.work).sweep
    space = sweep.space if sweep else {}
    fixed = {n: c.values[0] for n, c in space.items() if isinstance(c, OneOf)}
    return (
        f"/train {job.work['dataset']} {_say_params({**fixed, **found.trials[found.best].params})}"
    )


# --- steps ----------------------------------------------------------------------------------


def _say_course(found: SweepResult) -> str:
    ended = [trial.state for trial in found.trials]
    counts = [
        tr("{count} to the end", count=ended.count("complete")),
        tr("{count} pruned", count=ended.count("pruned")),
        tr("{count} out of time", count=ended.count("stopped")),
        tr("{count} failed", count=ended.count("failed")),
    ]
    told = listed(words for words in counts if not words.startswith("0 "))
    said = trn(
        "*Search*  {count} trial in {duration}: {told}.",
        "*Search*  {count} trials in {duration}: {told}.",
        len(ended),
        told=told,
        duration=figures.duration(found.seconds),
    )
    return tr("{said} The budget ended it.", said=said) if found.stopped == "budget" else said


def _say_gain(found: SweepResult) -> str:
    if not found.best:
        return tr("No recipe was better than the default one. {noise}", noise=_say_noise(found))
    winner = found.trials[found.best]
    told = {
        "number": winner.number,
        "params": escape(_say_params(winner.params)),
        "gain": _amount(found.gain, found),
        "margin": _amount(found.margin, found),
        "noise": _say_noise(found),
    }
    if found.gain is None or found.margin is None:
        return tr("Trial {number} won, with {params}. {noise}", **told)
    if found.gain <= found.margin:
        return tr(
            "Trial {number} won, with {params}, but that is no gain: {gain} over the default "
            "recipe with fresh seeds, where chance alone gives up to {margin}. {noise}",
            **told,
        )
    return tr(
        "Trial {number} won, with {params}: {gain} over the default recipe with fresh seeds, where "
        "chance alone gives up to {margin}. {noise}",
        **told,
    )


def _say_noise(found: SweepResult) -> str:
    if found.noise is None:
        return tr("The noise from seed to seed was not measured.")
    return tr(
        "From seed to seed it varies by {noise} (standard deviation).",
        noise=_amount(found.noise, found),
    )


def _amount(value: float | None, found: SweepResult) -> str:
    """Write points, or nats of a loss, with their unit."""
    if value is None:
        return tr("unknown")
    if found.unit == "nats":
        return tr("{value} nats", value=f"{value:.3f}".replace("-", "−"))
    rounded = 0.0 if abs(value) < POINT else value
    return tr("{value} points", value=f"{rounded:.1f}".replace("-", "−"))


def _row(trial: TrialResult, names: Sequence[str]) -> list[str]:
    value = "–" if trial.value is None else metrics.write(trial.metric, trial.value)
    state = tr(STATES[trial.state]) if STATES[trial.state] else ""
    note = tr("default") if trial.number == 0 and not state else state
    values = [say_value(trial.params[name]) for name in names]
    return [str(trial.number), value, *values, f"{trial.epochs:g}", note]


def _say_choice(name: str, choice: Range | OneOf) -> str:
    if isinstance(choice, OneOf):
        return f"{option(name)}={','.join(map(say_value, choice.values))}"
    return f"{option(name)}={say_value(choice.low)}..{say_value(choice.high)}"


def _say_params(params: Mapping[str, float | str]) -> str:
    return " ".join(f"{option(name)}={say_value(value)}" for name, value in params.items())


def say_value(value: float | str) -> str:
    if isinstance(value, str):
        path = PurePath(value)
        return path.name if path.parent.name == "models" else value
    if not 0 < value < SMALL:
        return figures.number(value)
    digits, _, power = f"{value:.2e}".partition("e")
    return f"{figures.number(float(digits))}e{int(power)}"


def option(name: str) -> str:
    """Name a field of the recipe as it is typed."""
    return "model" if name == "base_model" else name
