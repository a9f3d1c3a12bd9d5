"""What a result tells beside its figures: one module a task."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from bot.wording import escape
from trainer.spec import GenerationScores, TrainSummary

TABLE_CHARACTERS = 2_900


@dataclass(frozen=True)
class Details:
    """Paragraphs in Slack's mark-up, and tables for a monospaced font that each fit a section."""

    said: Sequence[str] = ()
    tables: Sequence[str] = ()


def without_rows(summary: TrainSummary) -> TrainSummary:
    """Leave out of a result what is a row of its data: the samples of a model that writes."""
    if not isinstance(summary.scores, GenerationScores):
        return summary
    scores = summary.scores.model_copy(update={"samples": []})
    return summary.model_copy(update={"scores": scores})


def fit(table: str) -> list[str]:
    """Cut a table between its lines into parts short enough, escapes included."""
    parts = [""]
    for line in table.split("\n"):
        if len(escape(parts[-1])) + len(escape(line)) > TABLE_CHARACTERS:
            parts.append("")
        parts[-1] += line + "\n"
    return parts
