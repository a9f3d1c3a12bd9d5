"""What a finished job found: the headline, and the one message in its thread."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from bot import blocks, figures
from bot.asking import Block
from bot.language import both, listed, mark, tr, trn
from bot.train import choice, forms, heard, metrics, trials
from bot.train.details import (
    Details,
    classification,
    generation,
    multilabel,
    recommendation,
    retrieval,
)
from bot.wording import escape
from storage.records import Job, Json
from trainer.spec import (
    Adjustment,
    Baseline,
    Comparison,
    Export,
    OnCorrections,
    Task,
    TrainSummary,
)

FEW = 10  # rows, fewer show nothing
BASELINES = {
    "majority": mark("majority"),
    "TF-IDF + logistic regression": mark("TF-IDF + logistic regression"),
    "before training": mark("the model before training"),
    "BM25": mark("BM25"),
    "popularity": mark("popularity"),
    "untuned encoder": mark("the untuned encoder"),
}
# What a task's results tell beside their figures.
DETAILS: Mapping[Task, Callable[[TrainSummary], Details]] = {
    "classification": classification.describe,
    "generation": generation.describe,
    "multilabel": multilabel.describe,
    "recommendation": recommendation.describe,
    "retrieval": retrieval.describe,
}
# How the curves in a folder are looked at.
OPENED_BY = {
    "tensorboard": "tensorboard --logdir {folder}",
    "wandb": "wandb sync {folder}/wandb/offline-run-*",
    "mlflow": "mlflow ui --backend-store-uri sqlite:///{folder}/mlflow.db",
    "trackio": "TRACKIO_DIR={folder} trackio show",
}
TEXT = 3_500  # characters of a message's text; Slack refuses edits above 4,000


def judge(summary: TrainSummary) -> str:
    """Say whether fine-tuning was worth it beside the baselines."""
    beaten = [b for b in summary.baselines if b.difference.verdict == "better"]
    others = [b for b in summary.baselines if b.difference.verdict != "better"]
    if not others:
        names = both(_name(b) for b in beaten)
        return tr("It beats {baselines}.", baselines=names) if beaten else ""
    hardest = min(others, key=lambda baseline: baseline.difference.points)
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
        figures=metrics.headline(summary),
    )
    verdicts = [title, _say_baselines(summary)]
    verdicts += trials.describe(job, summary)
    verdicts.append(choice.describe(summary))
    if summary.comparison:
        verdicts.append(compare(summary.comparison))
    if summary.on_corrections:
        verdicts.append(say_on_corrections(summary.on_corrections))
    found = DETAILS[summary.task](summary)
    said = [*found.said, _say_export(summary.export), _say_use(summary), *say_course(job, summary)]
    said[1:1] = [forms.say_augmented(summary), forms.say_left_out(summary)]
    tables = [f"```{escape(part)}```" for part in [*found.tables, *forms.tables(summary)]]
    shown = [blocks.section(part) for part in [*verdicts, *tables, *said] if part]
    text = "\n".join(filter(None, verdicts + said))
    run = blocks.context(_say_run(summary))
    return {"text": blocks.cut(text, TEXT), "blocks": [*shown, run]}


def say_course(job: Job, summary: TrainSummary) -> list[str]:
    """Say what became of the recipe on the way, and where its curves are kept beside Coach's own."""
    said = []
    if summary.stopped_early:
        said.append(
            tr(
                "*Stopped early*  after epoch {epoch:g}: {patience} in a row were no better.",
                epoch=summary.epochs_done,
                patience=summary.recipe.patience,
            )
        )
    if summary.extended_by:
        said.append(
            trn(
                "*Extended*  {count} epoch was added while it ran.",
                "*Extended*  {count} epochs were added while it ran.",
                summary.extended_by,
            )
        )
    if (late := job.extra_epochs - summary.extended_by) > 0:
        said.append(
            trn(
                "{count} epoch that was asked for came too late.",
                "{count} epochs that were asked for came too late.",
                late,
            )
        )
    if summary.adjustment is not None:
        said.append(say_adjustment(summary.adjustment))
    return said + [_say_tracker(*kept) for kept in summary.tracking.items()]


def say_adjustment(found: Adjustment) -> str:
    return tr(
        ":warning: Memory ran out at step {step:,}: since then {batch} rows are computed at once, "
        "{accumulation} times a step. A step has the same rows as before.",
        step=found.at_step,
        batch=found.batch,
        accumulation=found.accumulation,
    )


def _say_tracker(tracker: str, place: str) -> str:
    if place.startswith("http"):
        return tr("*Curves*  {tracker}: {link}", tracker=tracker, link=place)
    return tr(
        "*Curves*  {tracker}: `{command}`, in the data directory",
        tracker=tracker,
        command=OPENED_BY[tracker].format(folder=place),
    )


def next_buttons(job: Job) -> list[Block]:
    return [
        blocks.button(tr("Promote"), "promote", str(job.id), style="primary"),
        blocks.button(tr("Card"), "model_card", str(job.id)),
        blocks.button(tr("Logs"), "logs", str(job.id)),
        blocks.button(tr("Train again…"), "retry", str(job.id)),
    ]


def _say_baselines(summary: TrainSummary) -> str:
    lines = [
        tr(
            "• {baseline}: {figures}; this model: {difference}",
            baseline=_name(b),
            figures=listed(metrics.say(name, value) for name, value in b.figures.items()),
            difference=figures.difference(b.difference),
        )
        for b in summary.baselines
    ]
    return "\n".join([f"*{judge(summary)}*", *lines]) if lines else ""


def _say_export(export: Export | None) -> str:
    if export is None:
        return ""
    told = {
        "why": escape(heard.again(export.why)),
        "small": figures.size(export.bytes_int8),
        "large": figures.size(export.bytes_fp32),
        "quick": f"{export.latency_ms_int8:.1f}",
        "slow": f"{export.latency_ms_fp32:.1f}",
        "agreement": figures.percent(export.agreement),
        "metric": tr(metrics.NAMES[export.accuracy_change.metric]),
        "difference": figures.difference(export.accuracy_change),
    }
    if told["agreement"] in export.why:
        return tr(
            "*Serving*  {why} int8 beside fp32: {small} instead of {large}, {quick} ms a text "
            "instead of {slow} ms; {metric}: {difference}.",
            **told,
        )
    return tr(
        "*Serving*  {why} int8 beside fp32: {small} instead of {large}, {quick} ms a text instead "
        "of {slow} ms, the same answer on {agreement} of the test rows; {metric}: {difference}.",
        **told,
    )


def _say_use(summary: TrainSummary) -> str:
    if summary.temperature is None or summary.threshold is None:
        return ""
    return tr(
        "*Calibration*  temperature {temperature:.2f}; below a confidence of {threshold:.0%} it "
        "answers “not sure”.",
        temperature=summary.temperature,
        threshold=summary.threshold,
    )


def _say_run(summary: TrainSummary) -> str:
    pace, device = summary.rows_per_second, escape(summary.device)
    model = escape(figures.model_name(summary.base_model))
    parts = [
        listed([model, figures.recipe(summary.recipe)]),
        _say_steps(summary),
        tr("{duration} in all", duration=figures.duration(summary.total_seconds)),
        tr("{rows:,.0f} rows/s on {device}", rows=pace, device=device),
        choice.say_trained(summary),
        tr("{memory} of memory at most", memory=figures.size(summary.peak_memory_bytes)),
        tr("data `{hash}`", hash=summary.dataset_hash[:12]),
    ]
    if summary.resumed_from_step is not None:
        parts.append(tr("resumed from step {step:,}", step=summary.resumed_from_step))
    return " · ".join(filter(None, parts))


def _say_steps(summary: TrainSummary) -> str:
    if not summary.steps:
        return ""  # a probe takes none
    return tr(
        "{steps:,} steps, best after epoch {epoch:g}",
        steps=summary.steps,
        epoch=summary.best_epoch,
    )


def _name(baseline: Baseline) -> str:
    return escape(tr(BASELINES.get(baseline.name, baseline.name)))
