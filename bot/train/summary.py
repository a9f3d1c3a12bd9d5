"""What a finished job found: the headline, and the one message in its thread."""

from __future__ import annotations

from collections.abc import Sequence

from bot import blocks, figures
from bot.asking import Block
from bot.language import both, listed, mark, tr, trn
from bot.train import heard
from bot.wording import escape
from storage.records import Job, Json
from trainer.spec import (
    Baseline,
    ClassScore,
    Comparison,
    Export,
    OnCorrections,
    Scores,
    TrainSummary,
)

CLASSES = 25  # listed in full; of more the weakest are
WEAKEST = 20
TABLE_CHARACTERS = 2_900
CONFUSIONS = 3
FEW = 10  # rows, fewer show nothing
BASELINES = {
    "majority": mark("majority"),
    "TF-IDF + logistic regression": mark("TF-IDF + logistic regression"),
}
TEXT = 3_500  # characters of a message's text; Slack refuses edits above 4,000


def headline(summary: TrainSummary) -> str:
    scores = summary.scores
    return trn(
        "{accuracy} accuracy and {macro_f1} macro-F1 on {count:,} test row",
        "{accuracy} accuracy and {macro_f1} macro-F1 on {count:,} test rows",
        scores.n,
        accuracy=figures.interval(scores.accuracy),
        macro_f1=figures.interval(scores.macro_f1),
    )


def judge(summary: TrainSummary) -> str:
    """Say whether fine-tuning was worth it beside the baselines."""
    beaten = [b for b in summary.baselines if b.difference.verdict == "better"]
    others = [b for b in summary.baselines if b.difference.verdict != "better"]
    if not others:
        names = both(_name(b) for b in beaten)
        return tr("It beats {baselines}.", baselines=names) if beaten else ""
    hardest = max(others, key=lambda baseline: baseline.accuracy)
    return tr(
        "It does not beat {baseline}: {difference}.",
        baseline=_name(hardest),
        difference=figures.difference(hardest.difference),
    )


def compare(comparison: Comparison) -> str:
    """Say how the model does beside the one that served."""
    said = tr(
        "Beside model {model}: {difference}.",
        model=comparison.model,
        difference=figures.difference(comparison.difference),
    )
    if comparison.left_out:
        said += trn(
            " {count:,} test row left out, as that model was trained on them.",
            " {count:,} test rows left out, as that model was trained on them.",
            comparison.left_out,
        )
    if comparison.unknown_labels:
        labels = escape(blocks.cut(listed(comparison.unknown_labels), 200))
        said += tr(" That model doesn't know {labels}.", labels=labels)
    return said


def say_on_corrections(found: OnCorrections) -> str:
    """Say what corrections changed, as far as those that were held out can tell."""
    if found.difference.n < FEW:
        return trn(
            "Corrections: {count} that neither model was trained on is too few to say what they "
            "changed.",
            "Corrections: {count} that neither model was trained on are too few to say what they "
            "changed.",
            found.difference.n,
        )
    return tr(
        "On corrections that neither was trained on it is right on {share}, model {model} on "
        "{other}: {difference}. They were made where a model was wrong, which flatters the new "
        "one; the test rows are fair to both.",
        share=figures.percent(found.accuracy),
        model=found.model,
        other=figures.percent(found.other_accuracy),
        difference=figures.difference(found.difference),
    )


def message(job: Job, summary: TrainSummary) -> Json:
    """Make the final message of a job's thread; it mentions the owner."""
    title = tr(
        "<@{user}> Job {number} is done: {figures}.",
        user=job.requested_by,
        number=job.id,
        figures=headline(summary),
    )
    verdicts = [title, _say_baselines(summary)]
    if summary.comparison:
        verdicts.append(compare(summary.comparison))
    if summary.on_corrections:
        verdicts.append(say_on_corrections(summary.on_corrections))
    details = [_say_confusions(summary.scores), _say_export(summary.export), _say_use(summary)]
    tables = [f"```{escape(part)}```" for part in _split_classes(summary.scores)]
    shown = [blocks.section(part) for part in [*verdicts, *tables, *details] if part]
    text = "\n".join(filter(None, verdicts + details))
    run = blocks.context(_say_run(summary))
    return {"text": blocks.cut(text, TEXT), "blocks": [*shown, run]}


def next_buttons(job: Job) -> list[Block]:
    return [
        blocks.button(tr("Promote"), "promote", str(job.id), style="primary"),
        blocks.button(tr("Logs"), "logs", str(job.id)),
        blocks.button(tr("Train again…"), "retry", str(job.id)),
    ]


def _say_baselines(summary: TrainSummary) -> str:
    lines = [
        tr(
            "• {baseline}: {accuracy} accuracy, {macro_f1} macro-F1; this model: {difference}",
            baseline=_name(b),
            accuracy=figures.percent(b.accuracy),
            macro_f1=figures.percent(b.macro_f1),
            difference=figures.difference(b.difference),
        )
        for b in summary.baselines
    ]
    return "\n".join([f"*{judge(summary)}*", *lines]) if lines else ""


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


def _say_export(export: Export) -> str:
    told = {
        "why": escape(heard.again(export.why)),
        "small": figures.size(export.bytes_int8),
        "large": figures.size(export.bytes_fp32),
        "quick": f"{export.latency_ms_int8:.1f}",
        "slow": f"{export.latency_ms_fp32:.1f}",
        "agreement": figures.percent(export.agreement),
        "difference": figures.difference(export.accuracy_change),
    }
    if told["agreement"] in export.why:
        return tr(
            "*Serving*  {why} int8 beside fp32: {small} instead of {large}, {quick} ms a text "
            "instead of {slow} ms; accuracy: {difference}.",
            **told,
        )
    return tr(
        "*Serving*  {why} int8 beside fp32: {small} instead of {large}, {quick} ms a text instead "
        "of {slow} ms, the same answer on {agreement} of the test rows; accuracy: {difference}.",
        **told,
    )


def _say_use(summary: TrainSummary) -> str:
    return tr(
        "*Calibration*  temperature {temperature:.2f}; below a confidence of {threshold:.0%} it "
        "answers “not sure”.",
        temperature=summary.temperature,
        threshold=summary.threshold,
    )


def _say_run(summary: TrainSummary) -> str:
    pace, device = summary.rows_per_second, escape(summary.device)
    share = summary.trainable_parameters / max(1, summary.parameters)
    weights = summary.parameters / 1e6
    model = escape(figures.model_name(summary.base_model))
    parts = [
        listed([model, figures.recipe(summary.recipe)]),
        tr(
            "{steps:,} steps, best after epoch {epoch:g}",
            steps=summary.steps,
            epoch=summary.best_epoch,
        ),
        tr("{duration} in all", duration=figures.duration(summary.total_seconds)),
        tr("{rows:,.0f} rows/s on {device}", rows=pace, device=device),
        tr("{share:.1%} of {weights:,.1f} M weights trained", share=share, weights=weights),
        tr("{memory} of memory at most", memory=figures.size(summary.peak_memory_bytes)),
        tr("data `{hash}`", hash=summary.dataset_hash[:12]),
    ]
    if summary.resumed_from_step is not None:
        parts.append(tr("resumed from step {step:,}", step=summary.resumed_from_step))
    return " · ".join(parts)


def _name(baseline: Baseline) -> str:
    return escape(tr(BASELINES.get(baseline.name, baseline.name)))


def _label(label: str) -> str:
    return f"“{escape(blocks.cut(label, 40))}”"


# --- the table of classes -------------------------------------------------------------------


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
    return _fit("\n".join(filter(None, [title, figures.table([head, *rows])])))


def _fit(table: str) -> list[str]:
    """Cut a table between its lines into parts short enough, escapes included."""
    parts = [""]
    for line in table.split("\n"):
        if len(escape(parts[-1])) + len(escape(line)) > TABLE_CHARACTERS:
            parts.append("")
        parts[-1] += line + "\n"
    return parts
