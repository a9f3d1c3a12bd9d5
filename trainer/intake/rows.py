"""Turn columns into rows: one a text, with one label and one split."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from trainer.intake.columns import MAX_LABELS, SPLIT_VALUES, Chosen
from trainer.intake.made import Made, say_splits
from trainer.intake.splits import divide
from trainer.intake.table import BadFile, Table
from trainer.spec import SPLITS, text_hash

MIN_CLASS_ROWS = 5  # so that each split can have one
MAX_LABEL = 100  # characters
MAX_RATINGS = 10  # different numbers with fractions that may still be classes
WHOLE = re.compile(r"([+-]?\d+)\.0+")


class Row(NamedTuple):
    text: str
    label: str
    split: str


@dataclass(frozen=True)
class Tidied:
    """The rows kept, in canonical order, and how many were not."""

    rows: list[Row]
    empty: int
    exact_duplicates: int
    conflicts: int
    leaks: int


def read(table: Table, chosen: Chosen) -> Made:
    """Make rows of a table, tidied and split, and what its card says of labels; raise BadFile."""
    tidied = tidy(table, chosen)
    divided = divide(
        [row.text for row in tidied.rows],
        [row.split for row in tidied.rows],
        [(row.label,) for row in tidied.rows],
    )
    kept = zip(divided.kept, divided.splits, strict=True)
    rows = sort([tidied.rows[i]._replace(split=split) for i, split in kept])
    check_class_sizes(rows)
    return Made(
        rows,
        texts=(texts := [row.text for row in rows]),
        private=texts,
        taken=divided.taken if chosen.split else [],
        card={
            "text_column": chosen.text,
            "label_column": chosen.label,
            "splits_from": "file" if chosen.split else "made",
            "empty_rows": tidied.empty,
            "exact_duplicates": tidied.exact_duplicates,
            "near_duplicates": divided.near_duplicates,
            "conflicts": tidied.conflicts,
            "leaks": tidied.leaks + divided.leaks,
            **describe(rows),
        },
    )


def describe(rows: Sequence[Row]) -> dict[str, Any]:
    """Give what the card counts by label."""
    return {
        "labels": dict(Counter(row.label for row in rows).most_common()),
        "splits": say_splits((row.split, row.label) for row in rows),
    }


def tidy(table: Table, chosen: Chosen) -> Tidied:
    """Drop empty rows and repeated texts; raise BadFile where labels or splits can't be used.

    Texts and labels are kept as they are but for white space around them. A text that carries two
    labels keeps the one that most of its rows carry (the first by alphabet where tied). A text
    that stands in two splits stays in the first of training, validation and test: its other rows
    are leaks. The result depends on the rows, not on their order.
    """
    texts = [value.strip() for value in table.columns[chosen.text]]
    labels = _read_labels(table, chosen.label)
    splits = read_splits(table, chosen.split)
    full = [Row(*row) for row in zip(texts, labels, splits, strict=True) if row[0] and row[1]]
    if not full:
        raise BadFile(f"No row has both a text ({chosen.text!r}) and a label ({chosen.label!r}).")
    check_labels([row.label for row in full], chosen.label)
    tidied = _one_row_a_text(full, empty=len(texts) - len(full))
    check_class_sizes(tidied.rows)
    return tidied


def _one_row_a_text(full: list[Row], *, empty: int) -> Tidied:
    by_text: defaultdict[str, list[Row]] = defaultdict(list)
    for row in full:
        by_text[row.text].append(row)
    rows: list[Row] = []
    repeated = conflicts = leaks = 0
    for text, same in by_text.items():
        split = min((row.split for row in same), key=SPLITS.index)
        votes = Counter(row.label for row in same)
        kept = Row(text, min(votes, key=lambda label: (-votes[label], label)), split)
        here = [row.label for row in same if row.split == split]
        rows.append(kept)
        leaks += len(same) - len(here)
        repeated += len(here) - len(set(here))
        conflicts += len(votes) > 1
    return Tidied(sort(rows), empty, repeated, conflicts, leaks)


def sort(rows: list[Row]) -> list[Row]:
    """Put rows in canonical order: split, then hash of the text, so any first n are a sample."""
    return sorted(rows, key=lambda row: (SPLITS.index(row.split), text_hash(row.text), row.text))


def _read_labels(table: Table, column: str) -> list[str]:
    """Read labels; where all are whole numbers, 3.0 is the class "3"."""
    labels = [value.strip() for value in table.columns[column]]
    if all(WHOLE.fullmatch(label) for label in labels if label):
        return [WHOLE.sub(r"\1", label) for label in labels]
    return labels


def read_splits(table: Table, column: str | None) -> list[str]:
    """Read the split of each row: train where the file brings none; raise BadFile."""
    if column is None:
        return ["train"] * len(table)
    splits = [SPLIT_VALUES.get(value.strip().lower(), "") for value in table.columns[column]]
    if "" in splits:
        raise BadFile(
            f"{table.where(splits.index(''))}, column {column!r} names no split: "
            "write train, validation or test in every row."
        )
    if "train" not in splits:
        raise BadFile(f"The column {column!r} has no training rows: mark some with train.")
    return splits


def check_labels(labels: list[str], column: str) -> None:
    """Raise BadFile where a column's values can't be classes."""
    counts = Counter(labels)
    where = f"The label column {column!r}"
    if len(counts) == 1:
        raise BadFile(f"{where} says {labels[0][:80]!r} in every row: two labels are needed.")
    numbers = [_number(label) for label in counts]
    fractions = all(n is not None for n in numbers) and any(n != n // 1 for n in numbers if n)
    if fractions and len(counts) > MAX_RATINGS:
        raise BadFile(
            f"{where} has {len(counts):,} different numbers with fractions: that is a rating, "
            "not a label. Round them, or name classes such as positive and negative."
        )
    if max(map(len, counts)) > MAX_LABEL or len(counts) > max(MIN_CLASS_ROWS, len(labels) / 2):
        raise BadFile(f"{where} looks like free text or an id: its values hardly repeat.")
    if len(counts) > MAX_LABELS:
        raise BadFile(f"{where} has {len(counts):,} labels; at most {MAX_LABELS} can be trained.")


def _number(label: str) -> float | None:
    try:
        return float(label)
    except ValueError:
        return None


def check_class_sizes(rows: Sequence[Row]) -> None:
    """Raise BadFile where a label has too few different texts, or none to train on."""
    check_counts(
        Counter(row.label for row in rows),
        trained=(row.label for row in rows if row.split == "train"),
    )


def check_counts(counts: Counter[str], *, trained: Iterable[str]) -> None:
    """Raise BadFile where a label has too few rows, or isn't among those that are trained on."""
    small = sorted(label for label, count in counts.items() if count < MIN_CLASS_ROWS)
    if small:
        shown = ", ".join(f"{label!r} ({counts[label]})" for label in small[:5])
        more = f" and {len(small) - 5} more" if len(small) > 5 else ""  # noqa: PLR2004
        raise BadFile(
            f"Each label needs at least {MIN_CLASS_ROWS} different texts; too few have "
            f"{shown}{more}. Add rows, or drop or merge these labels."
        )
    untrained = sorted(set(counts) - set(trained))
    if untrained:
        raise BadFile(f"The label {untrained[0]!r} has no training row, so it can't be learnt.")
