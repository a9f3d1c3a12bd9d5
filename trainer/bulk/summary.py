"""What stands out in classified rows: their labels by day, and the texts that tell each most."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Sequence
from datetime import date

import numpy as np

from trainer.bulk.answers import Answer, Answers
from trainer.intake.table import Table
from trainer.spec import Example

MOST_TELLING = 5  # texts of each label
CUT = 300  # characters of a text
DATED = 0.9  # share of the filled cells, from which a column is one of dates
DAYS = 366  # from the first to the last, at most
NOT_SURE = ""  # or none of several labels

_DATE = re.compile(r"(\d{4})[-/](\d{1,2})[-/](\d{1,2})(?:[T ].*)?")


def pick_examples(texts: Sequence[str], answers: Answers) -> dict[str, list[Example]]:
    """Take for each label the texts that the model is surest carry it; each text once."""
    return {
        name: _surest(texts, answers, label)
        for label, name in enumerate(answers.names)
        if answers.carries(label).any()
    }


def count_days(
    table: Table, text_column: str, answers: Sequence[Answer | None]
) -> tuple[str | None, dict[str, dict[str, int]]]:
    """Count labels by day, the earliest first, where a column holds dates of up to a year."""
    for name, values in table.columns.items():
        if name == text_column:
            continue
        days = _read_days(values)
        known = [day for day in days if day is not None]
        if known and len(set(known)) > 1 and (max(known) - min(known)).days < DAYS:
            return name, _count(days, answers)
    return None, {}


def read_day(value: str) -> date | None:
    """Read the day of `2026-11-02`, `2026/11/2` or `2026-11-02T08:00:00Z`, as it is written."""
    found = _DATE.fullmatch(value.strip())
    try:
        return date(*map(int, found.groups())) if found else None
    except ValueError:
        return None


def _surest(texts: Sequence[str], answers: Answers, label: int) -> list[Example]:
    chances = np.where(answers.carries(label), answers.chances[:, label], -1)
    found: dict[str, Example] = {}
    for row in np.argsort(-chances, kind="stable").tolist():
        if chances[row] < 0 or len(found) == MOST_TELLING:
            break
        text = " ".join(texts[row].split())[:CUT]
        found.setdefault(text, Example(text=text, confidence=float(chances[row])))
    return list(found.values())


def _read_days(values: Sequence[str]) -> list[date | None]:
    """Read a column of dates; nothing where it is none."""
    days = [read_day(value) for value in values]
    filled = sum(bool(value.strip()) for value in values)
    dated = sum(day is not None for day in days)
    return days if dated >= DATED * max(filled, 1) else []


def _count(
    days: Sequence[date | None], answers: Sequence[Answer | None]
) -> dict[str, dict[str, int]]:
    counts: defaultdict[date, Counter[str]] = defaultdict(Counter)
    for day, answer in zip(days, answers, strict=True):
        if day is not None and answer is not None:
            counts[day].update(_name(answer))
    return {day.isoformat(): dict(counts[day]) for day in sorted(counts)}


def _name(answer: Answer) -> list[str]:
    if not answer.sure:
        return [NOT_SURE]
    return [answer.label] if answer.labels is None else list(answer.labels)
