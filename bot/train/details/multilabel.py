"""Of a model of several labels: its weakest ones, and figures and thresholds label by label."""

from __future__ import annotations

from collections.abc import Sequence

from bot import blocks, figures
from bot.language import listed, tr
from bot.train.details import Details, fit
from bot.wording import escape
from trainer.spec import LabelScore, MultilabelScores, TrainSummary

LABELS = 25  # listed in full; of more the weakest are
WEAKEST = 20
NAMED = 3


def describe(summary: TrainSummary) -> Details:
    scores = summary.scores
    if not isinstance(scores, MultilabelScores):
        raise TypeError("these are details of a model of several labels")
    weakest = sorted(
        (one for one in scores.per_label if one.support), key=lambda one: (one.f1, one.label)
    )
    said = [_say_weakest(weakest), _say_untested(scores), _say_thresholds()]
    return Details([part for part in said if part], _write_table(scores))


def _say_weakest(weakest: Sequence[LabelScore]) -> str:
    named = [
        tr(
            "“{label}” (F1 {f1}, {rows:,} rows)",
            label=_label(one),
            f1=figures.percent(one.f1),
            rows=one.support,
        )
        for one in weakest[:NAMED]
    ]
    return tr("*Weakest labels*  {labels}", labels=listed(named)) if named else ""


def _say_untested(scores: MultilabelScores) -> str:
    untested = [f"“{_label(one)}”" for one in scores.per_label if not one.support]
    if not untested:
        return ""
    return tr(
        "No test row carries {labels}, so nothing is known of them.",
        labels=listed(untested[:NAMED]),
    )


def _say_thresholds() -> str:
    return tr(
        "*Thresholds*  A text is given each label whose probability reaches that label's "
        "threshold, and maybe none. Thresholds and temperature were fitted on the validation split."
    )


def _label(one: LabelScore) -> str:
    return escape(blocks.cut(one.label, 40))


def _write_table(scores: MultilabelScores) -> list[str]:
    """Write the labels as tables that each fit a section; of many only the weakest."""
    labels, title = scores.per_label, ""
    if len(labels) > LABELS:
        labels = sorted(labels, key=lambda one: (one.f1, one.label))[:WEAKEST]
        title = tr(
            "The {shown} weakest of {labels} labels", shown=WEAKEST, labels=len(scores.per_label)
        )
    head = (tr("label"), tr("precision"), tr("recall"), "F1", tr("rows"), tr("from"))
    rows = [
        (
            one.label,
            *(figures.percent(x) for x in (one.precision, one.recall, one.f1)),
            f"{one.support:,}",
            f"{one.threshold:.0%}",
        )
        for one in labels
    ]
    return fit("\n".join(filter(None, [title, figures.table([head, *rows])])))
