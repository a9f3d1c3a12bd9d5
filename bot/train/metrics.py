"""Figures by their names, in words: shares as percentages, the others as numbers."""

from __future__ import annotations

from bot import figures
from bot.language import both, mark, tr, trn
from trainer.spec import Interval, TrainSummary

SAID = {
    "accuracy": mark("{value} accuracy"),
    "macro_f1": mark("{value} macro-F1"),
    "micro_f1": mark("{value} micro-F1"),
    "exact": mark("{value} with exactly their labels"),
    "recall@1": mark("{value} recall@1"),
    "recall@5": mark("{value} recall@5"),
    "mrr": mark("{value} mean reciprocal rank"),
    "hit@10": mark("{value} hit@10"),
    "ndcg@10": mark("{value} NDCG@10"),
    "auc": mark("{value} AUC"),
    "loss": mark("a loss of {value}"),
    "perplexity": mark("a perplexity of {value}"),
}
NAMES = {
    "accuracy": mark("accuracy"),
    "macro_f1": mark("macro-F1"),
    "micro_f1": mark("micro-F1"),
    "exact": mark("exact labels"),
    "recall@1": mark("recall@1"),
    "recall@5": mark("recall@5"),
    "mrr": mark("mean reciprocal rank"),
    "hit@10": mark("hit@10"),
    "ndcg@10": mark("NDCG@10"),
    "auc": mark("AUC"),
    "loss": mark("loss"),
    "perplexity": mark("perplexity"),
}
NUMBERS = {"loss", "perplexity"}  # no shares
SHOWN = 2  # in a headline


def say(name: str, found: Interval | float) -> str:
    """Say a figure, with its interval where it has one: `87.0% (85.2–88.7%) accuracy`."""
    return tr(SAID[name], value=write(name, found))


def write(name: str, found: Interval | float) -> str:
    """Write a figure's value alone."""
    if isinstance(found, Interval):
        if name in NUMBERS:
            return f"{found.value:.3f} ({found.low:.3f}–{found.high:.3f})"
        return figures.interval(found)
    return f"{found:.3f}" if name in NUMBERS else figures.percent(found)


def headline(summary: TrainSummary) -> str:
    """Say the first figures of a result and on how many rows they were measured."""
    found = list(summary.scores.figures().items())[:SHOWN]
    return trn(
        "{figures} on {count:,} test row",
        "{figures} on {count:,} test rows",
        summary.scores.n,
        figures=both(say(name, value) for name, value in found),
    )


def first(summary: TrainSummary) -> tuple[str, Interval]:
    """Give the figure that models of a task are compared by, with its name."""
    return next(iter(summary.scores.figures().items()))
