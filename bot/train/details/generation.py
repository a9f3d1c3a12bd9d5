"""Of a model that writes: what it makes of held-out answers, before training and after, with samples."""

from __future__ import annotations

from bot import blocks
from bot.language import tr, trn
from bot.train import metrics
from bot.train.details import Details, fit
from trainer.spec import GenerationScores, Sample, TrainSummary

SHOWN = 300  # characters of each text of a sample


def describe(summary: TrainSummary) -> Details:
    """Tell how the loss fell; samples are rows of the data, so they stand in no notification."""
    scores = summary.scores
    if not isinstance(scores, GenerationScores):
        raise TypeError("these are the details of a model that writes")
    tables = [part for sample in scores.samples for part in fit(_show(sample))]
    return Details([_say_change(summary), _say_left_out(scores)], tables)


def _say_change(summary: TrainSummary) -> str:
    """Say what the figures were before training and are now, on answers that it never saw."""
    changes = [
        tr(
            "{metric} {before} → {after}",
            metric=tr(metrics.NAMES[name]),
            before=metrics.write(name, before.figures[name]),
            after=metrics.write(name, found.value),
        )
        for before in summary.baselines[:1]
        for name, found in summary.scores.figures().items()
    ]
    return tr("*Held-out answers*  {changes}", changes="; ".join(changes)) if changes else ""


def _say_left_out(scores: GenerationScores) -> str:
    said = []
    if scores.unanswered:
        said.append(
            trn(
                "{count:,} question without an answer was left out.",
                "{count:,} questions without an answer were left out.",
                scores.unanswered,
            )
        )
    if scores.too_long:
        said.append(
            trn(
                "{count:,} answer was left out: it alone is longer than `max_length=`.",
                "{count:,} answers were left out: they alone are longer than `max_length=`.",
                scores.too_long,
            )
        )
    return " ".join(said)


def _show(sample: Sample) -> str:
    lines = [
        (tr("question"), sample.prompt),
        (tr("expected"), sample.expected),
        (tr("before"), sample.before),
        (tr("after"), sample.after),
    ]
    return "\n".join(f"{name}: {blocks.cut(' '.join(text.split()), SHOWN)}" for name, text in lines)
