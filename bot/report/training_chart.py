"""Finished runs as one picture: the first figure of each, and whether it beats the model that serves."""

from __future__ import annotations

from collections.abc import Sequence

from matplotlib.axes import Axes

from bot import card, fonts
from bot.card import INK, RULE, WORDS
from bot.language import mark, tr, trn
from bot.report.kinds import Picture
from bot.train import metrics
from storage.records import Job
from trainer.spec import TrainSummary

Result = tuple[Job, TrainSummary]
RUNS = 12  # drawn
LABEL = 20  # columns
BETTER, WORSE, OTHER = "#0072b2", "#d55e00", "#85838a"  # Okabe and Ito 2008: told apart by all
COLOURS = {"better": BETTER, "worse": WORSE}
VERDICTS = {"better": mark("better"), "worse": mark("worse"), "none": mark("no difference")}
ROW, SPACE = 0.4, 0.75  # inches


@fonts.legibly()
def draw(results: Sequence[Result]) -> Picture:
    """Draw the newest runs with their 95% intervals, of each data set the most accurate first."""
    title, about = (
        _say_title(results),
        tr("The first figure on the test split, with its 95% interval"),
    )
    shares = [one for one in results if metrics.first(one[1])[0] not in metrics.NUMBERS]
    newest = sorted(shares[-RUNS:], key=lambda one: (_dataset(one), -_value(one)))
    labels = [f"{job.id}  {fonts.shorten(job.work['dataset'], LABEL)}" for job, _ in newest]
    ends = [_say_end(found) for _, found in newest]
    families, words = fonts.make_legible([title, about, *labels, *ends])
    figure, axes = card.start(*words[:2], height=SPACE + ROW * len(newest))
    for place, (_, found) in enumerate(newest):
        _draw_run(axes, place, found, words[2 + len(labels) + place])
    axes.set_yticks(range(len(newest)), words[2 : 2 + len(labels)])
    axes.set_ylim(len(newest) - 0.4, -0.6)
    axes.xaxis.set_major_formatter(lambda share, _: f"{share:.0%}")
    axes.locator_params(axis="x", nbins=4)
    axes.grid(axis="x", color=RULE, linewidth=0.8)
    said = [f"{label}: {end}" for label, end in zip(labels, ends, strict=True)]
    return Picture(card.finish(figure, families), f"{title}. {about}: {'; '.join(said)}.")


def _draw_run(axes: Axes, place: int, found: TrainSummary, end: str) -> None:
    """Draw the interval as a line, the figure as a dot on it, and write both at its end."""
    (_, figure), colour = metrics.first(found), COLOURS.get(_verdict(found) or "", OTHER)
    axes.hlines(place, figure.low, figure.high, color=colour, linewidth=3.2, alpha=0.45)
    axes.plot(figure.value, place, "o", color=colour, markersize=9)
    axes.annotate(
        end,
        (1, place),
        xycoords=("axes fraction", "data"),
        xytext=(12, 0),
        textcoords="offset points",
        va="center",
        fontsize=WORDS,
        color=colour if colour != OTHER else INK,
    )


def _say_title(results: Sequence[Result]) -> str:
    finished = trn("{count} run finished", "{count} runs finished", len(results))
    compared = [found for _, found in results if found.comparison]
    if not compared:
        return finished
    better = sum(_verdict(found) == "better" for found in compared)
    return trn(
        "{finished}; {count} is better than the model that served",
        "{finished}; {count} are better than the model that served",
        better,
        finished=finished,
    )


def _say_end(found: TrainSummary) -> str:
    name, figure = metrics.first(found)
    said, verdict = metrics.say(name, figure.value), _verdict(found)
    return f"{said}  {tr(VERDICTS[verdict])}" if verdict else said


def _verdict(found: TrainSummary) -> str | None:
    return found.comparison.difference.verdict if found.comparison else None


def _dataset(result: Result) -> str:
    return str(result[0].work["dataset"])


def _value(result: Result) -> float:
    return metrics.first(result[1])[1].value
