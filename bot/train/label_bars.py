"""How well each of several labels is told, as a picture: a bar of its F1, with its test rows."""

from __future__ import annotations

from bot import card, figures, fonts
from bot.card import FAINT, INK, RULE, SMALL
from bot.language import tr, trn
from bot.train import charts
from bot.train.charts import Chart
from trainer.spec import LabelScore, MultilabelScores, TrainSummary

MOST, LABEL = 20, 26  # labels drawn; columns of each


@fonts.legibly()
def f1_by_label(summary: TrainSummary) -> Chart:
    """Draw the F1 of each label, the weakest first; of many labels the weakest alone."""
    scores = summary.scores
    if not isinstance(scores, MultilabelScores):
        raise TypeError("these bars are of several labels")
    ranked = sorted((one for one in scores.per_label if one.support), key=lambda one: one.f1)
    said = tr(
        "Micro-F1 is {share} on {rows:,} test rows",
        share=figures.interval(scores.micro_f1),
        rows=scores.n,
    )
    detail = _say_weakest(ranked[0]) if ranked else tr("No test row carries a label")
    shown = ranked[:MOST]
    names = [fonts.shorten(one.label, LABEL) for one in shown]
    families, (_, *legible) = fonts.make_legible([said, *names])
    figure, axes = card.start(said, detail, height=1.2 + 0.36 * max(len(shown), 2))
    places = range(len(shown))
    axes.barh(places, [one.f1 for one in shown], height=0.6, color=charts.VALIDATION)
    axes.set_yticks(places, legible)
    axes.set_xlim(0, 1)
    axes.set_ylim(max(len(shown), 1) - 0.4, -0.6)
    axes.set_xlabel("F1")
    axes.grid(axis="x", color=RULE, linewidth=0.8)
    for place, one in enumerate(shown):
        inside = one.f1 > 0.5  # noqa: PLR2004 - half of the width
        axes.text(
            one.f1,
            place,
            _say_bar(one),
            va="center",
            ha="right" if inside else "left",
            fontsize=SMALL,
            color="white" if inside else INK if one.f1 else FAINT,
        )
    alt = tr("{result}; {detail}.", result=said, detail=charts.begin_small(detail))
    return Chart(tr("F1 by label"), alt, card.finish(figure, families))


def _say_bar(one: LabelScore) -> str:
    return trn(
        " {f1} of {count:,} row ",
        " {f1} of {count:,} rows ",
        one.support,
        f1=figures.percent(one.f1),
    )


def _say_weakest(one: LabelScore) -> str:
    return trn(
        "The weakest is “{label}”: F1 {f1} on its {count:,} row",
        "The weakest is “{label}”: F1 {f1} on its {count:,} rows",
        one.support,
        label=fonts.shorten(one.label, 60),
        f1=figures.percent(one.f1),
    )
