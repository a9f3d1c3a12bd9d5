"""A finished run as pictures that say their result: the loss curve and the confusions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from bot import card, figures, fonts
from bot.card import FAINT, INK, RULE, SMALL, WORDS
from bot.language import tr, trn
from bot.train import metrics
from trainer.spec import Evaluated, Scores, TrainSummary

Points = Sequence[tuple[float, float]]  # (epoch, loss)

TRAINING, VALIDATION, BAR = "#85838a", "#0072b2", "#d55e00"  # Okabe and Ito 2008: told apart by all
RIGHT = LinearSegmentedColormap.from_list("right", ["#f1efea", "#6fb1da", "#0072b2", "#004c7a"])
WRONG = LinearSegmentedColormap.from_list("wrong", ["#f1efea", "#f3b58a", "#d55e00", "#8f3f00"])
DARK = 0.6  # stronger colours carry light writing
LABEL, PAIRED_LABEL, LEVEL = 16, 26, 40  # columns of a label, and of all side by side
MATRIX_CLASSES = 12  # of more, the most confused pairs are shown: the matrix can't be read
ROOMY = 6  # classes up to which a cell has room for its share
PAIRS = 10


@dataclass(frozen=True)
class Chart:
    """A picture with its words."""

    title: str
    alt_text: str  # the result, for those who don't see the picture
    png: bytes


# --- the loss curve -------------------------------------------------------------------------


@fonts.legibly()
def loss_curve(summary: TrainSummary) -> Chart:
    """Draw training and validation loss by epoch, and mark the epoch that was kept."""
    said, kept = _say_loss(summary), _say_best(summary)
    figure, axes = card.start(said, kept, height=4.4)
    training, validation = _training_points(summary), _validation_points(summary)
    axes.plot(*_columns(training), color=TRAINING, linewidth=1.4)
    axes.plot(
        *_columns(validation),
        color=VALIDATION,
        linewidth=2.6,
        marker="o",
        markersize=7,
        clip_on=False,
    )
    _ring_best(axes, summary)
    axes.set_xlim(0, max(summary.epochs_done, 0.01))
    axes.set_ylim(0, axes.get_ylim()[1])
    axes.xaxis.set_major_locator(MaxNLocator(8, integer=summary.epochs_done >= 1))
    axes.set_xlabel(tr("epoch"))
    axes.set_ylabel(tr("loss"))
    axes.grid(axis="y", color=RULE, linewidth=0.8)
    ends = [(tr("training"), TRAINING, training), (tr("validation"), VALIDATION, validation)]
    name_lines(axes, [(points[-1][1], name, colour) for name, colour, points in ends if points])
    alt = tr("{result}.", result=said)
    if kept:
        alt = tr("{result}; {detail}.", result=said, detail=begin_small(kept))
    return Chart(tr("Loss curve"), alt, card.finish(figure, fonts.make_legible([said])[0]))


def begin_small(sentence: str) -> str:
    return sentence[:1].lower() + sentence[1:]


def _training_points(summary: TrainSummary) -> Points:
    epochs_a_step = summary.epochs_done / max(summary.steps, 1)
    return [(step * epochs_a_step, loss) for step, loss in summary.losses]


def _validation_points(summary: TrainSummary) -> Points:
    return [(found.epoch, found.loss) for found in summary.evaluations]


def _columns(points: Points) -> tuple[list[float], list[float]]:
    return [x for x, _ in points], [y for _, y in points]


def _find_best(summary: TrainSummary) -> Evaluated | None:
    """Find the evaluation of the epoch that was kept."""
    found = summary.evaluations
    return min(found, key=lambda one: abs(one.epoch - summary.best_epoch), default=None)


def _say_loss(summary: TrainSummary) -> str:
    if not summary.losses:
        return tr("No training loss was recorded")
    first, last = (summary.losses[end][1] for end in (0, -1))
    done = summary.epochs_done
    plural = 1 if done == 1 else 2
    told = {
        "first": f"{first:.2f}",
        "last": f"{last:.2f}",
        "epochs": trn("{done:.3g} epoch", "{done:.3g} epochs", plural, done=done),
    }
    if told["first"] == told["last"]:
        return tr("Loss stayed at {first} over {epochs}", **told)
    if last < first:
        return tr("Loss fell from {first} to {last} over {epochs}", **told)
    return tr("Loss rose from {first} to {last} over {epochs}", **told)


def _say_best(summary: TrainSummary) -> str:
    best = _find_best(summary)
    if best is None:
        return ""
    name = summary.kept_by
    value = best.figures.get(name, best.loss)
    return tr(
        "At best {figure} on the validation split, after epoch {epoch:.3g}",
        figure=metrics.say(name, value),
        epoch=best.epoch,
    )


def _ring_best(axes: Axes, summary: TrainSummary) -> None:
    best = _find_best(summary)
    if best is None:
        return
    axes.plot(
        best.epoch,
        best.loss,
        "o",
        color=VALIDATION,
        markersize=17,
        markerfacecolor="none",
        markeredgewidth=2.2,
        clip_on=False,
    )


def name_lines(axes: Axes, ends: Sequence[tuple[float, str, str]]) -> None:
    """Name each line at its end (loss, name, colour), apart from one another; no legend."""
    apart = 0.08 * axes.get_ylim()[1]  # a line of words
    free = 0.0
    for loss, name, colour in sorted(ends):
        height = max(loss, free)
        free = height + apart
        axes.annotate(
            name,
            (1, height),
            xycoords=("axes fraction", "data"),
            xytext=(14, 0),
            textcoords="offset points",
            va="center",
            fontsize=WORDS,
            fontweight="bold",
            color=colour,
        )


# --- confusions -----------------------------------------------------------------------------


@dataclass(frozen=True)
class Confusion:
    """So many of a label's rows were taken for another."""

    rows: int
    of: int
    true: str
    predicted: str


@fonts.legibly()
def confusion_matrix(summary: TrainSummary) -> Chart:
    """Draw what each label was taken for: the matrix, or of many labels the most confused pairs."""
    scores = summary.scores
    if not isinstance(scores, Scores):
        raise TypeError("a classifier alone confuses labels")
    said = tr(
        "Right on {share} of {rows:,} test rows",
        share=figures.interval(scores.accuracy),
        rows=scores.n,
    )
    worst = _say_worst(rank_confusions(scores))
    matrix = len(scores.labels) <= MATRIX_CLASSES
    short = [fonts.shorten(one, LABEL if matrix else PAIRED_LABEL) for one in scores.labels]
    families, (_, *labels) = fonts.make_legible([said, *short])
    shown = scores.model_copy(update={"labels": labels})
    figure = (_draw_matrix if matrix else _draw_pairs)(said, shown)
    words = tr("{result}; {detail}.", result=said, detail=begin_small(worst))
    return Chart(tr("Confusions"), words, card.finish(figure, families))


def rank_confusions(scores: Scores) -> list[Confusion]:
    """List the wrong answers by label and answer, the most frequent first."""
    found = [
        Confusion(rows, sum(row), scores.labels[true], scores.labels[predicted])
        for true, row in enumerate(scores.confusion)
        for predicted, rows in enumerate(row)
        if rows and true != predicted
    ]
    return sorted(found, key=lambda confusion: -confusion.rows)


def _say_worst(ranked: Sequence[Confusion]) -> str:
    if not ranked:
        return tr("No label was taken for another")
    worst = ranked[0]
    true, predicted = (fonts.shorten(one, 60) for one in (worst.true, worst.predicted))
    return tr(
        "Most often “{true}” was taken for “{predicted}” ({rows:,} of {of:,})",
        true=true,
        predicted=predicted,
        rows=worst.rows,
        of=worst.of,
    )


def _draw_matrix(title: str, scores: Scores) -> Figure:
    """Write the rows of each true label by answer; the colour is their share of the label."""
    counts = np.array(scores.confusion)
    classes = len(counts)
    height = 2.2 + 0.4 * max(classes, 3)
    figure, axes = card.start(title, _say_worst(rank_confusions(scores)), height=height)
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    right = np.eye(classes, dtype=bool)
    strength = np.where(right, shares, np.sqrt(shares))  # few mistakes are to be seen too
    colours = np.where(right[..., None], RIGHT(strength), WRONG(strength))
    axes.imshow(colours, aspect="auto")
    for (row, column), count in np.ndenumerate(counts):
        if count:
            words = f"{count:,}\n{shares[row, column]:.0%}" if classes <= ROOMY else f"{count:,}"
            ink = "white" if strength[row, column] > DARK else INK
            size = WORDS if classes <= ROOMY else SMALL
            axes.text(column, row, words, ha="center", va="center", color=ink, fontsize=size)
    _name_labels(axes, scores.labels)
    return figure


def _name_labels(axes: Axes, labels: Sequence[str]) -> None:
    """Write the labels beside and below the cells, and part the cells by gaps."""
    places = np.arange(len(labels))
    axes.set_xticks(places, labels)
    axes.set_yticks(places, labels)
    if len(labels) * max(map(figures.width, labels)) > LEVEL:
        axes.tick_params(axis="x", labelrotation=40)
        for words in axes.get_xticklabels():
            words.set(ha="right", rotation_mode="anchor")
    axes.set_xlabel(tr("predicted"))
    axes.set_ylabel(tr("true"))
    axes.set_xticks(places[1:] - 0.5, minor=True)
    axes.set_yticks(places[1:] - 0.5, minor=True)
    axes.grid(which="minor", color=card.CARD, linewidth=3)
    axes.tick_params(which="minor", length=0)


def _draw_pairs(title: str, scores: Scores) -> Figure:
    """Draw the most confused pairs as bars, each under its words."""
    ranked = rank_confusions(scores)[:PAIRS]
    note = tr(
        "Of {labels} labels these are confused most: true → predicted", labels=len(scores.labels)
    )
    subtitle = note if ranked else _say_worst(ranked)
    figure, axes = card.start(title, subtitle, height=0.5 + 0.5 * max(len(ranked), 1))
    axes.barh(range(len(ranked)), [pair.rows for pair in ranked], height=0.34, color=BAR)
    for place, pair in enumerate(ranked):
        words = f"{pair.true} → {pair.predicted}"
        of = tr(" {rows:,} of {of:,}", rows=pair.rows, of=pair.of)
        axes.text(0, place - 0.42, words, va="center", fontsize=SMALL, color=INK)
        axes.text(pair.rows, place, of, va="center", fontsize=SMALL, color=FAINT)
    axes.set_ylim(max(len(ranked), 1) - 0.6, -0.8)
    axes.set_xlim(0, 1.25 * max((pair.rows for pair in ranked), default=1))
    axes.set_axis_off()
    return figure
