"""A result's forms side by side, and what varied rows changed."""

from __future__ import annotations

from bot import figures
from bot.language import mark, tr, trn
from bot.train import metrics
from bot.train.details import fit
from trainer.spec import Compressed, TrainSummary

FORMS = {
    "fp32": mark("fp32"),
    "int8": mark("int8"),
    "unpruned fp32": mark("all tokens, fp32"),
    "unpruned int8": mark("all tokens, int8"),
    "teacher": mark("teacher"),
}


def tables(summary: TrainSummary) -> list[str]:
    """Set size, parameters, time and figures of each form in a table; none where nothing is known."""
    if not summary.compressed:
        return []
    name, _ = metrics.first(summary)
    head = (
        tr("form"),
        tr("size"),
        tr("weights"),
        tr("ms a text"),
        tr(metrics.NAMES[name]),
        tr("95% interval"),
        tr("same answers"),
    )
    return fit(figures.table([head, *map(_row, summary.compressed)]))


def say_left_out(summary: TrainSummary) -> str:
    """Say that a teacher is measured on fewer rows, where it was trained on some of them."""
    left_out = max((form.left_out for form in summary.compressed), default=0)
    if not left_out:
        return ""
    return trn(
        "The teacher is measured without {count:,} test row that it was trained on.",
        "The teacher is measured without {count:,} test rows that it was trained on.",
        left_out,
    )


def say_augmented(summary: TrainSummary) -> str:
    """Say what varied rows changed, and whether the model that serves has learnt from them."""
    found = summary.augmented
    if found is None:
        return ""
    if not found.rows:
        return tr("*Varied rows*  none could be made: no text has words to change.")
    told = {"rows": found.rows, "difference": figures.difference(found.difference)}
    if found.difference.verdict == "better":
        return tr(
            "*Varied rows*  {rows:,} were added to the training split, and what serves has learnt "
            "from them. On the validation split, beside the same recipe without them: "
            "{difference}.",
            **told,
        )
    return tr(
        "*Varied rows*  {rows:,} were tried, and what serves has learnt without them. With them, "
        "on the validation split: {difference}.",
        **told,
    )


def _row(form: Compressed) -> tuple[str, ...]:
    found = form.figure
    return (
        tr(FORMS.get(form.form, form.form)),
        figures.size(form.bytes),
        f"{form.parameters / 1e6:,.1f} M",
        f"{form.latency_ms:.1f}",
        figures.percent(found.value),
        f"{figures.percent(found.low)}–{figures.percent(found.high)}",
        figures.percent(form.agreement),
    )
