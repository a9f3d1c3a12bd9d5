"""What a finished job found: the headline, and the one message in its thread."""

from __future__ import annotations

from collections.abc import Sequence

from bot import blocks, figures
from bot.asking import Block
from bot.wording import escape
from storage.records import Job, Json
from trainer.spec import ClassScore, Comparison, Export, Scores, TrainSummary

CLASSES = 25  # listed in full; of more the weakest are
WEAKEST = 20
TABLE_CHARACTERS = 2_900
CONFUSIONS = 3
TEXT = 3_500  # characters of a message's text; Slack refuses edits above 4,000


def headline(summary: TrainSummary) -> str:
    scores = summary.scores
    return (
        f"{figures.interval(scores.accuracy)} accuracy and {figures.interval(scores.macro_f1)} "
        f"macro-F1 on {figures.count(scores.n, 'test row')}"
    )


def judge(summary: TrainSummary) -> str:
    """Say whether fine-tuning was worth it beside the baselines."""
    beaten = [b for b in summary.baselines if b.difference.verdict == "better"]
    others = [b for b in summary.baselines if b.difference.verdict != "better"]
    if not others:
        names = " and ".join(escape(b.name) for b in beaten)
        return f"It beats {names}." if beaten else ""
    hardest = max(others, key=lambda baseline: baseline.accuracy)
    return f"It does not beat {escape(hardest.name)}: {figures.difference(hardest.difference)}."


def compare(comparison: Comparison) -> str:
    """Say how the model does beside the one that served."""
    said = f"Beside model {comparison.model}: {figures.difference(comparison.difference)}."
    if comparison.left_out:
        rows = figures.count(comparison.left_out, "test row")
        said += f" {rows} left out, as that model was trained on them."
    if comparison.unknown_labels:
        labels = ", ".join(comparison.unknown_labels)
        said += f" That model doesn't know {escape(blocks.cut(labels, 200))}."
    return said


def message(job: Job, summary: TrainSummary) -> Json:
    """Make the final message of a job's thread; it mentions the owner."""
    title = f"<@{job.requested_by}> Job {job.id} is done: {headline(summary)}."
    verdicts = [title, _say_baselines(summary)]
    if summary.comparison:
        verdicts.append(compare(summary.comparison))
    details = [_say_confusions(summary.scores), _say_export(summary.export), _say_use(summary)]
    tables = [f"```{escape(part)}```" for part in _split_classes(summary.scores)]
    shown = [blocks.section(part) for part in [*verdicts, *tables, *details] if part]
    text = "\n".join(filter(None, verdicts + details))
    run = blocks.context(_say_run(summary))
    return {"text": blocks.cut(text, TEXT), "blocks": [*shown, run]}


def next_buttons(job: Job) -> list[Block]:
    return [
        blocks.button("Promote", "promote", str(job.id), style="primary"),
        blocks.button("Logs", "logs", str(job.id)),
        blocks.button("Train again…", "retry", str(job.id)),
    ]


def _say_baselines(summary: TrainSummary) -> str:
    lines = [
        f"• {escape(b.name)}: {figures.percent(b.accuracy)} accuracy, "
        f"{figures.percent(b.macro_f1)} macro-F1; this model: {figures.difference(b.difference)}"
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
    named = [f"{_label(true)} taken for {_label(said)} ({rows:,})" for rows, true, said in worst]
    return f"*Most frequent mistakes*  {', '.join(named)}" if named else ""


def _say_export(export: Export) -> str:
    sizes = f"{figures.size(export.bytes_int8)} instead of {figures.size(export.bytes_fp32)}"
    pace = f"{export.latency_ms_int8:.1f} ms a text instead of {export.latency_ms_fp32:.1f} ms"
    agreement = figures.percent(export.agreement)
    same = "" if agreement in export.why else f", the same answer on {agreement} of the test rows"
    return (
        f"*Serving*  {escape(export.why)} int8 beside fp32: {sizes}, {pace}{same}; accuracy: "
        f"{figures.difference(export.accuracy_change)}."
    )


def _say_use(summary: TrainSummary) -> str:
    return (
        f"*Calibration*  temperature {summary.temperature:.2f}; below a confidence of "
        f"{summary.threshold:.0%} it answers “not sure”."
    )


def _say_run(summary: TrainSummary) -> str:
    shares = f"{summary.trainable_parameters / max(1, summary.parameters):.1%}"
    parts = [
        f"{escape(figures.model_name(summary.base_model))}, {figures.recipe(summary.recipe)}",
        f"{summary.steps:,} steps, best after epoch {summary.best_epoch:g}",
        f"{figures.duration(summary.total_seconds)} in all",
        f"{summary.rows_per_second:,.0f} rows/s on {escape(summary.device)}",
        f"{shares} of {summary.parameters / 1e6:,.1f} M weights trained",
        f"{figures.size(summary.peak_memory_bytes)} of memory at most",
        f"data `{summary.dataset_hash[:12]}`",
    ]
    if summary.resumed_from_step is not None:
        parts.append(f"resumed from step {summary.resumed_from_step:,}")
    return " · ".join(parts)


def _label(label: str) -> str:
    return f"“{escape(blocks.cut(label, 40))}”"


# --- the table of classes -------------------------------------------------------------------


def _split_classes(scores: Scores) -> list[str]:
    """Write the classes as tables that each fit a section; of many only the weakest."""
    classes: Sequence[ClassScore] = scores.per_class
    title = ""
    if len(classes) > CLASSES:
        classes = sorted(classes, key=lambda c: (c.f1, c.label))[:WEAKEST]
        title = f"The {WEAKEST} weakest of {len(scores.per_class)} labels\n"
    head = ("label", "precision", "recall", "F1", "rows")
    rows = [
        (c.label, *(figures.percent(x) for x in (c.precision, c.recall, c.f1)), f"{c.support:,}")
        for c in classes
    ]
    return _fit(title + figures.table([head, *rows]))


def _fit(table: str) -> list[str]:
    """Cut a table between its lines into parts short enough, escapes included."""
    parts = [""]
    for line in table.split("\n"):
        if len(escape(parts[-1])) + len(escape(line)) > TABLE_CHARACTERS:
            parts.append("")
        parts[-1] += line + "\n"
    return parts
