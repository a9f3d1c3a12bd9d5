"""Jobs side by side as a picture: a dot with its interval for each, and the time that it took."""

from __future__ import annotations

from collections.abc import Sequence

from bot import card, figures, fonts
from bot.card import FAINT, INK, RULE, SMALL
from bot.language import tr
from bot.train import charts, metrics
from bot.train.beside import Entry
from bot.train.charts import Chart


@fonts.legibly()
def dots(ranked: Sequence[Entry], verdict: str) -> Chart:
    """Draw the first figure of each job, the best on top, with its 95% interval."""
    name, _ = metrics.first(ranked[0].summary)
    said = verdict.rstrip(".。")
    families, (title,) = fonts.make_legible([said])
    detail = tr("Lines are 95% intervals; beside them, the time of the whole job")
    figure, axes = card.start(title, detail, height=1.2 + 0.5 * len(ranked))
    values = [entry.figure for entry in ranked]
    places = list(range(len(ranked)))
    axes.hlines(places, [v.low for v in values], [v.high for v in values], color=FAINT, linewidth=2)
    axes.scatter([v.value for v in values], places, s=90, color=charts.VALIDATION, zorder=3)
    for place, entry in enumerate(ranked):
        took = figures.duration(entry.summary.total_seconds)
        axes.annotate(
            took,
            (entry.figure.high, place),
            xytext=(8, 0),
            textcoords="offset points",
            va="center",
            fontsize=SMALL,
            color=INK,
            annotation_clip=False,
        )
    axes.set_yticks(places, [f"{entry.job} {entry.method}" for entry in ranked])
    axes.set_ylim(len(ranked) - 0.5, -0.5)
    low, high = axes.get_xlim()
    axes.set_xlim(low, high + 0.25 * (high - low))  # room for the times
    axes.set_xlabel(tr(metrics.NAMES[name]))
    axes.grid(axis="x", color=RULE, linewidth=0.8)
    if name not in metrics.NUMBERS:
        axes.xaxis.set_major_formatter(lambda share, _: f"{share:.0%}")
    each = "; ".join(
        f"{entry.job} {entry.method} {metrics.write(name, entry.figure)}" for entry in ranked
    )
    alt = tr("{result}. {jobs}.", result=said, jobs=each)
    return Chart(tr("Jobs side by side"), alt, card.finish(figure, families))
