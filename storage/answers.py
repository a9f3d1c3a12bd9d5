"""Answers counted by minute and label; the texts they were given to are not kept."""

from __future__ import annotations

from datetime import datetime

from sqlite_utils import Database

from storage.records import read, text
from storage.talent import AnswerCount


def count(
    db: Database, *, alias: str, model: int, label: str, sure: bool, now: datetime, n: int = 1
) -> None:
    """Count `n` answers of a model at a time."""
    minute = now.replace(second=0, microsecond=0)
    db.execute(
        """
        INSERT INTO answer_counts VALUES (?, ?, ?, ?, ?, ?)
        ON CONFLICT DO UPDATE SET n = n + excluded.n
        """,
        (text(minute), alias, model, label, sure, n),
    )


def between(
    db: Database, start: datetime, end: datetime, *, searched: bool = False
) -> list[AnswerCount]:
    """Sum up the answers from `start` on and before `end`, by alias, model and label.

    Answers that were searched for, as `/ask` does, are apart from those that tell labels.
    """
    rows = db.query(
        """
        SELECT alias, model, label, sure, sum(n) AS n FROM answer_counts
        WHERE minute >= ? AND minute < ?
            AND (model IN (SELECT id FROM models WHERE task = 'retrieval')) = ?
        GROUP BY alias, model, label, sure ORDER BY alias, model, n DESC
        """,
        (text(start), text(end), searched),
    )
    return [read(AnswerCount, row) for row in rows]
