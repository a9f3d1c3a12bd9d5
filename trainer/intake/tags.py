"""Read texts with several labels each: cells such as `billing|refund`, or a column of 0 and 1 a label."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from trainer.intake import columns
from trainer.intake.columns import MAX_LABELS, find_split, one_named, require_columns
from trainer.intake.made import Made, say_splits
from trainer.intake.rows import MAX_LABEL, check_counts, read_splits
from trainer.intake.splits import divide
from trainer.intake.table import BadFile, Table
from trainer.spec import SPLITS, IntakeWork, text_hash

SEPARATOR, OTHER_SEPARATOR = "|", ";"
OFTEN = 0.05  # share of the cells from which a semicolon separates
RECURS = 5  # times that a label comes back on average, in what looks like labels
TAG_NAMES = ("tags", "topics", "categories", "genres", "intents", "emotions", "类别列表", "主题")
TRUTH = {"0": False, "1": True, "false": False, "true": True, "no": False, "yes": True}
TRUTH |= {"否": False, "是": True}
MOSTLY = 0.9  # of a column's values are 0 or 1 where it is a label's, and another is a mistake
ONE, SEVERAL, NONE = "one label", "several labels", "no label"


class Tagged(NamedTuple):
    text: str
    labels: tuple[str, ...]  # sorted
    split: str


@dataclass(frozen=True)
class TagColumns:
    """Names of the columns: one whose cells are divided by `separator`, or one of 0 and 1 a label."""

    text: str
    labels: tuple[str, ...]
    separator: str | None
    split: str | None


def find(table: Table, work: IntakeWork) -> TagColumns | None:
    """Find a column of several labels, or several of 0 and 1; None where labels are single.

    Raise BadFile for the name of a column that isn't there.
    """
    require_columns(table, work.text_column, work.label_column, work.split_column)
    split = work.split_column or find_split(table, {work.text_column, work.label_column})
    free = [name for name in table.columns if name not in {split, work.text_column}]
    label = work.label_column or _named_label(free)
    text = work.text_column or _find_text(table, [name for name in free if name != label])
    if text is None:
        return None
    rest = [name for name in free if name != text]
    if label is None:
        label = columns.only(rest, lambda name: _looks_like_tags(table, name))
    if label is not None:
        separator = _find_separator(table.columns[label], asked=work.shape == "tags")
        return TagColumns(text, (label,), separator, split) if separator else None
    flags = tuple(name for name in rest if _looks_like_flag(table.columns[name]))
    return TagColumns(text, flags, None, split) if len(flags) > 1 else None


def read(table: Table, chosen: TagColumns) -> Made:
    """Make rows of a table, tidied and split so that each label has its share; raise BadFile.

    A text that carries two sets of labels keeps the one that most of its rows carry. Where each
    label has a column, a row may have none of them. The result depends on the rows, not on their
    order.
    """
    full = _read_rows(table, chosen)
    _check(full, chosen)
    tidied = _one_row_a_text(full)
    strata = [row.labels or (NONE,) for row in tidied]
    divided = divide([row.text for row in tidied], [row.split for row in tidied], strata)
    kept = zip(divided.kept, divided.splits, strict=True)
    rows = sort([tidied[i]._replace(split=split) for i, split in kept])
    check_labels(rows)
    own_split = {(row.text, row.split) for row in tidied}
    here = [row for row in full if (row.text, row.split) in own_split]
    return Made(
        rows,
        texts=(texts := [row.text for row in rows]),
        private=texts,
        taken=divided.taken if chosen.split else [],
        card={
            "shape": "tags",
            "text_column": chosen.text,
            "label_column": ", ".join(chosen.labels),
            "splits_from": "file" if chosen.split else "made",
            "empty_rows": len(table) - len(full),
            "exact_duplicates": len(here) - len({(row.text, row.labels) for row in here}),
            "near_duplicates": divided.near_duplicates,
            "conflicts": _count_conflicts(full),
            "leaks": len(full) - len(here) + divided.leaks,
            **describe(rows),
        },
    )


def describe(rows: Sequence[Tagged]) -> dict[str, Any]:
    """Give what the card counts; a row counts for each of its labels."""
    return {
        "labels": dict(Counter(label for row in rows for label in row.labels).most_common()),
        "splits": say_splits((row.split, _kind(row)) for row in rows),
        "counts": {
            "several_labels": sum(len(row.labels) > 1 for row in rows),
            "no_label": sum(not row.labels for row in rows),
        },
    }


def sort(rows: Sequence[Tagged]) -> list[Tagged]:
    """Put rows in canonical order: split, then hash of the text."""
    return sorted(rows, key=lambda row: (SPLITS.index(row.split), text_hash(row.text), row.text))


def split_cell(cell: str, separator: str) -> tuple[str, ...]:
    """Divide a cell into its labels, sorted, each once."""
    return tuple(sorted({part.strip() for part in cell.split(separator)} - {""}))


def check_labels(rows: Sequence[Tagged]) -> None:
    """Raise BadFile where a label has too few texts, no training row, or stands in every row."""
    counts = Counter(label for row in rows for label in row.labels)
    everywhere = sorted(label for label, count in counts.items() if count == len(rows))
    if everywhere:
        raise BadFile(f"The label {everywhere[0]!r} stands in every row: drop it.")
    trained = (label for row in rows if row.split == "train" for label in row.labels)
    check_counts(counts, trained=trained)


# --- columns --------------------------------------------------------------------------------


def _named_label(names: Sequence[str]) -> str | None:
    return one_named(names, columns.PLAIN_LABEL, TAG_NAMES, columns.LABEL_NAMES)


def _find_text(table: Table, names: Sequence[str]) -> str | None:
    named = one_named(names, columns.PLAIN_TEXT, columns.TEXT_NAMES)
    return named or columns.only(names, lambda name: columns.looks_like_text(table, name))


def _find_separator(cells: Sequence[str], *, asked: bool) -> str | None:
    """Find what divides the cells; without any, `asked` for several labels takes the usual one."""
    full = [cell for cell in cells if cell.strip()]
    if any(len(split_cell(cell, SEPARATOR)) > 1 for cell in full) and _recur(full, SEPARATOR):
        return SEPARATOR
    several = sum(len(split_cell(cell, OTHER_SEPARATOR)) > 1 for cell in full)
    if several > OFTEN * len(full) and _recur(full, OTHER_SEPARATOR):
        return OTHER_SEPARATOR
    return SEPARATOR if asked else None


def _recur(cells: Sequence[str], separator: str) -> bool:
    """Tell whether the parts of cells are few and come back, as labels do."""
    counts = Counter(part for cell in cells for part in split_cell(cell, separator))
    return 1 < len(counts) <= min(MAX_LABELS, counts.total() / RECURS)


def _looks_like_tags(table: Table, name: str) -> bool:
    cells = [cell for cell in table.columns[name] if cell.strip()]
    short = all(len(part) <= MAX_LABEL for cell in cells for part in split_cell(cell, SEPARATOR))
    return short and _find_separator(cells, asked=False) == SEPARATOR


def _looks_like_flag(values: Sequence[str]) -> bool:
    known = sum(value.strip().lower() in TRUTH for value in values)
    return known > MOSTLY * len(values)


# --- rows -----------------------------------------------------------------------------------


def _read_rows(table: Table, chosen: TagColumns) -> list[Tagged]:
    """Read the rows that have a text, and where labels are in one column, a label."""
    texts = [value.strip() for value in table.columns[chosen.text]]
    splits = read_splits(table, chosen.split)
    if chosen.separator:
        (name,) = chosen.labels
        cells = [split_cell(cell, chosen.separator) for cell in table.columns[name]]
        made = map(Tagged, texts, cells, splits)
        return [row for row in made if row.text and row.labels]
    flags = _read_flags(table, chosen.labels)
    return [row for row in map(Tagged, texts, flags, splits) if row.text]


def _read_flags(table: Table, names: Sequence[str]) -> list[tuple[str, ...]]:
    truths = {name: read_truths(table, name) for name in sorted(names)}
    return [tuple(n for n, found in truths.items() if found[row]) for row in range(len(table))]


def read_truths(table: Table, column: str) -> list[bool]:
    """Read a column of 0 and 1 (or no and yes); raise BadFile with the row of anything else."""
    found = [TRUTH.get(value.strip().lower()) for value in table.columns[column]]
    if None in found:
        row = found.index(None)
        value = table.columns[column][row][:40]
        raise BadFile(f"{table.where(row)}, column {column!r} says {value!r}: write 0 or 1.")
    return [bool(value) for value in found]


def _check(rows: Sequence[Tagged], chosen: TagColumns) -> None:
    if not rows:
        raise BadFile("No row has both a text and a label.")
    counts = Counter(label for row in rows for label in row.labels)
    where = ", ".join(map(repr, chosen.labels[:5]))
    if len(counts) < 2:  # noqa: PLR2004
        raise BadFile(f"The label columns ({where}) know fewer than two labels: two are needed.")
    if len(counts) > MAX_LABELS:
        raise BadFile(
            f"The label columns ({where}) have {len(counts):,} labels; at most {MAX_LABELS} can be "
            "trained."
        )
    if max(map(len, counts)) > MAX_LABEL:
        raise BadFile(f"The label columns ({where}) look like free text, not labels.")


def _one_row_a_text(full: Sequence[Tagged]) -> list[Tagged]:
    by_text: defaultdict[str, list[Tagged]] = defaultdict(list)
    for row in full:
        by_text[row.text].append(row)
    return sort([_settle(same) for same in by_text.values()])


def _settle(same: Sequence[Tagged]) -> Tagged:
    votes = Counter(row.labels for row in same)
    split = min((row.split for row in same), key=SPLITS.index)
    return Tagged(same[0].text, min(votes, key=lambda labels: (-votes[labels], labels)), split)


def _count_conflicts(full: Sequence[Tagged]) -> int:
    sets: defaultdict[str, set[tuple[str, ...]]] = defaultdict(set)
    for row in full:
        sets[row.text].add(row.labels)
    return sum(len(found) > 1 for found in sets.values())


def _kind(row: Tagged) -> str:
    return SEVERAL if len(row.labels) > 1 else ONE if row.labels else NONE
