"""The trials of a search as a picture: the figure by each parameter, side by side (slice plots)."""

from __future__ import annotations

from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullLocator

from bot import card, fonts
from bot.card import RULE, SMALL
from bot.language import tr, trn
from bot.train import charts, metrics, trials
from bot.train.charts import Chart
from trainer.spec import SweepResult, TrainSummary, TrialResult

PANELS, A_ROW = 4, 2  # parameters shown, the most important first
ROW = 2.7  # inches
FEW = 4  # values that stand apart from one another
NAME = 14  # columns of a value's name
SPREAD, STEPS = 0.07, 5  # dots of one value are moved apart so much, in so many steps
LEAST_STEP = 3.0  # of a logarithmic axis: below it a few plain ticks are more


@fonts.legibly()
def slices(summary: TrainSummary) -> Chart:
    """Draw each trial's figure by what it was trained with; the winner is ringed."""
    found = summary.sweep
    if found is None:
        raise TypeError("only a search has trials")
    seen = [trial for trial in found.trials if trial.value is not None]
    said, detail = _say_best(found), _say_marks(found)
    names = list(found.importance or found.trials[0].params)[:PANELS]
    rows = -(-len(names) // A_ROW)
    figure, _ = card.start(said, detail, height=ROW * rows + (0.4 if rows == 1 else 0))
    for axes, name in zip(_panels(figure, len(names), rows), names, strict=True):
        _draw(axes, name, seen, found)
    words = [said, detail, *(str(trial.params[name]) for trial in seen for name in names)]
    families, _ = fonts.make_legible(words)
    alt = tr("{result}; {detail}.", result=said, detail=charts.begin_small(detail))
    return Chart(tr("Trials"), alt, card.finish(figure, families))


def _say_best(found: SweepResult) -> str:
    best = found.trials[found.best]
    told = {"number": best.number, "trials": len(found.trials)}
    if best.value is None:
        return tr("None of {trials} trials came to its end", **told)
    return tr(
        "Trial {number} of {trials} is best: {figure} on the validation split",
        **told,
        figure=metrics.say(found.metric, best.value),
    )


def _say_marks(found: SweepResult) -> str:
    early = sum(trial.state in {"pruned", "stopped"} for trial in found.trials)
    if not early:
        return tr("Each dot is a trial; the square is the default recipe, the ring the winner")
    return trn(
        "Each dot is a trial, hollow where it ended early ({count}); the square is the default "
        "recipe, the ring the winner",
        "Each dot is a trial, hollow where they ended early ({count}); the square is the default "
        "recipe, the ring the winner",
        early,
    )


def _panels(figure: Figure, count: int, rows: int) -> list[Axes]:
    """Put panels in the place of a card's one plot, their figures on one scale."""
    figure.delaxes(figure.axes[0])
    grid = figure.subplots(rows, min(A_ROW, count), sharey=True, squeeze=False)
    panels = [card.plain(axes) for axes in grid.flat]
    for spare in panels[count:]:
        spare.set_axis_off()
    return panels[:count]


def _draw(axes: Axes, name: str, seen: Sequence[TrialResult], found: SweepResult) -> None:
    values = sorted({trial.params[name] for trial in seen}, key=lambda v: (isinstance(v, str), v))
    apart = len(values) <= FEW or any(isinstance(value, str) for value in values)
    for trial in seen:
        value = trial.params[name]
        place = values.index(value) + _aside(trial) if apart else float(value)
        _mark(axes, (place, trial.value or 0.0), trial, best=trial.number == found.best)
    if apart:
        words = [fonts.shorten(trials.say_value(value), NAME) for value in values]
        axes.set_xticks(range(len(values)), words)
        axes.set_xlim(-0.6, len(values) - 0.4)
    elif name == "lr":
        _scale_rates(axes, [float(value) for value in values])
    else:
        axes.xaxis.set_major_locator(MaxNLocator(4))
    axes.set_xlabel(_title(name, found))
    axes.tick_params(labelsize=SMALL)
    axes.grid(axis="y", color=RULE, linewidth=0.8)
    axes.set_axisbelow(True)
    axes.margins(y=0.12)  # room for the ring
    if found.metric not in metrics.NUMBERS:
        axes.yaxis.set_major_formatter(FuncFormatter(lambda share, _: f"{100 * share:.3g}%"))
    axes.yaxis.set_major_locator(MaxNLocator(5))


def _mark(axes: Axes, at: tuple[float, float], trial: TrialResult, *, best: bool) -> None:
    shape = "s" if trial.number == 0 else "o"
    full = trial.state == "complete"
    colour = charts.VALIDATION if full else charts.TRAINING
    fill = colour if full else "none"
    axes.plot(*at, shape, color=colour, markerfacecolor=fill, markersize=7)
    if best:
        axes.plot(
            *at,
            "o",
            color=charts.BAR,
            markersize=16,
            markerfacecolor="none",
            markeredgewidth=2.2,
        )


def _aside(trial: TrialResult) -> float:
    """Move a dot aside, so that those of one value don't cover one another."""
    return SPREAD * (trial.number % STEPS - STEPS // 2)


def _scale_rates(axes: Axes, rates: Sequence[float]) -> None:
    axes.set_xscale("log")
    wide = max(rates) / min(rates) > LEAST_STEP**4
    axes.xaxis.set_major_locator(LogLocator(subs=(1.0,) if wide else (1.0, 3.0), numticks=5))
    axes.xaxis.set_major_formatter(
        FuncFormatter(lambda rate, _: f"{rate:.0e}".replace("e-0", "e-"))
    )
    axes.xaxis.set_minor_locator(NullLocator())


def _title(name: str, found: SweepResult) -> str:
    option = trials.option(name)
    if name not in found.importance:
        return option
    return tr("{name}, {share} of what differs", name=option, share=f"{found.importance[name]:.0%}")
