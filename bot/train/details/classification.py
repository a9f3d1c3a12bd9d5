"""Of a classifier: its most frequent mistakes, and its figures label by label."""

from __future__ import annotations

from collections.abc import Sequence

from bot import blocks, figures
from bot.language import listed, tr
from bot.train.details import Details, fit
from bot.wording import escape
from trainer.spec import ClassScore, Scores, TrainSummary

CLASSES = 25  # listed in full; of more the weakest are
WEAKEST = 20
CONFUSIONS = 3


def describe(summary: TrainSummary) -> Details:
    scores = summary.scores
    if not isinstance(scores, Scores):
        raise TypeError("these are a classifier's details")
    return Details([_say_confusions(scores)], _split_classes(scores))


def _say_confusions(scores: Scores) -> str:
    """Name what is taken for what most often."""
    cells = [
        (rows, scores.labels[true], scores.labels[said])
        for true, row in enumerate(scores.confusion)
        for said, rows in enumerate(row)
        if true != said and rows
    ]
    worst = sorted(cells, reverse=True)[:CONFUSIONS]
    named = [
        tr("{true} taken for {said} ({rows:,})", true=_label(true), said=_label(said), rows=rows)
        for rows, true, said in worst
    ]
    return tr("*Most frequent mistakes*  {mistakes}", mistakes=listed(named)) if named else ""


def _label(label: str) -> str:
    return f"“{escape(blocks.cut(label, 40))}”"


def _split_classes(scores: Scores) -> list[str]:
    """Write the classes as tables that each fit a section; of many only the weakest."""
    classes: Sequence[ClassScore] = scores.per_class
    title = ""
    if len(classes) > CLASSES:
        classes = sorted(classes, key=lambda c: (c.f1, c.label))[:WEAKEST]
        title = tr(
            "The {shown} weakest of {labels} labels", shown=WEAKEST, labels=len(scores.per_class)
        )
    head = (tr("label"), tr("precision"), tr("recall"), "F1", tr("rows"))
    rows = [
        (c.label, *(figures.percent(x) for x in (c.precision, c.recall, c.f1)), f"{c.support:,}")
        for c in classes
    ]
    return fit("\n".join(filter(None, [title, figures.table([head, *rows])])))
