"""Finished runs as one picture: the accuracy of each, and whether it beats the model that serves."""

from __future__ import annotations

from collections.abc import Sequence

from matplotlib.axes import Axes

from bot import card, figures, fonts
from bot.card import INK, RULE, WORDS
from bot.language import mark, tr, trn
from bot.report.kinds import Picture
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
    title, about = _say_title(results), tr("Accuracy on the test split, with its 95% interval")
    newest = sorted(results[-RUNS:], key=lambda one: (_dataset(one), -_accuracy(one)))
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
    """Draw the interval as a line, the accuracy as a dot on it, and write both at its end."""
    accuracy, colour = found.scores.accuracy, COLOURS.get(_verdict(found) or "", OTHER)
    axes.hlines(place, accuracy.low, accuracy.high, color=colour, linewidth=3.2, alpha=0.45)
    axes.plot(accuracy.value, place, "o", color=colour, markersize=9)
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
    share, verdict = figures.percent(found.scores.accuracy.value), _verdict(found)
    return f"{share}  {tr(VERDICTS[verdict])}" if verdict else share


def _verdict(found: TrainSummary) -> str | None:
    return found.comparison.difference.verdict if found.comparison else None


def _dataset(result: Result) -> str:
    return str(result[0].work["dataset"])


def _accuracy(result: Result) -> float:
    return result[1].scores.accuracy.value
