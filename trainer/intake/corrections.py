"""Bring accepted corrections into a data set, so that its validation and test rows stay as they are."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow.parquet as pq

from trainer.intake.duplicates import group_near_duplicates
from trainer.intake.rows import Row, sort
from trainer.intake.tags import SEPARATOR, split_cell
from trainer.spec import SPLITS, DataShape, text_hash

HELD_OUT = "corrections"  # the split of corrections that no model is trained on
LEFT_OUT = ""
FIXED = frozenset({"validation", "test"})
EVERY = 5  # one new correction in five is held out, to measure what the others change


class Correction(NamedTuple):
    number: int
    text: str
    label: str


@dataclass(frozen=True)
class Corrected:
    """The rows of the next version, and what became of the corrections."""

    rows: list[Row]  # in canonical order
    held_out: list[Row]
    near_duplicates: int  # rows
    added: int  # training rows
    relabelled: int
    newly_held_out: int
    left_out: int
    contradicted: dict[int, str]  # correction's number -> the label that its text keeps
    forgotten: int  # rows


def read_rows(folder: Path) -> list[Row]:
    """Read all rows of a data set, in canonical order; raise OSError where it is gone.

    Several labels of a text are read as one, joined as in a cell; a question's label is its answer.
    """
    return [_as_row(one) for one in pq.read_table(folder / "rows.parquet").to_pylist()]


def read_held_out(folder: Path) -> list[Row]:
    """Read the corrections that a data set holds out of training."""
    path = folder / "corrections.jsonl"
    if not path.exists():
        return []
    with path.open(encoding="utf-8") as lines:
        return [_as_row(json.loads(line) | {"split": HELD_OUT}) for line in lines]


def read_corrections(path: Path) -> list[Correction]:
    """Read the upload that the bot wrote: a correction a line, oldest first."""
    with path.open(encoding="utf-8") as lines:
        return [Correction(**json.loads(line)) for line in lines]


def correct(
    rows: Sequence[Row],
    held_out: Sequence[Row],
    corrections: Sequence[Correction],
    *,
    forgotten: Collection[str] = (),
    shape: DataShape = "labels",
) -> Corrected:
    """Relabel rows, add new ones to training, hold some out; what is forgotten goes.

    Of two corrections of one text the later holds. A text of validation or test keeps its label,
    so that figures stay comparable, and is reported; what nearly repeats such a text is left out,
    and so is a label that the data doesn't know: several labels are joined, and each has to be
    known; an answer may be any, "" where nothing answers. One that is new is trained on, for else it
    would never be found. `forgotten` are hashes of texts that came by corrections: none of
    validation or test did.
    """
    whole_before = [*rows, *held_out]
    before = [row for row in whole_before if not _goes(row, forgotten)]
    known = {text_hash(row.text): row for row in before}
    labels = _known_labels(rows, shape)
    newest = {text_hash(one.text): one for one in corrections}
    usable = {
        key: one
        for key, one in newest.items()
        if shape == "pairs" or labels >= _part(one.label, shape)
    }
    fixed = {key: known[key] for key in usable if key in known and known[key].split in FIXED}

    kept = [_relabel(row, usable) for row in before]
    new = [one for key, one in sorted(usable.items()) if key not in known]
    texts = [row.text for row in before] + [one.text for one in new]
    groups: list[int] = group_near_duplicates(texts).tolist()
    chosen = choose_splits([row.split for row in before], groups)
    splits = [
        "train" if split == HELD_OUT and not labels >= _part(one.label, shape) else split
        for one, split in zip(new, chosen, strict=True)
    ]
    made = [Row(one.text, one.label, split) for one, split in zip(new, splits, strict=True)]
    whole = list(zip([*kept, *made], groups, strict=True))
    trained = [(row, group) for row, group in whole if row.split in SPLITS]
    return Corrected(
        rows=sort([row for row, _ in trained]),
        held_out=sorted(
            (row for row, _ in whole if row.split == HELD_OUT),
            key=lambda row: text_hash(row.text),
        ),
        near_duplicates=len(trained) - len({group for _, group in trained}),
        added=splits.count("train"),
        relabelled=sum(now != then for now, then in zip(kept, before, strict=True)),
        newly_held_out=splits.count(HELD_OUT),
        left_out=splits.count(LEFT_OUT) + len(newest) - len(usable),
        contradicted={
            usable[key].number: row.label
            for key, row in fixed.items()
            if row.label != usable[key].label
        },
        forgotten=len(whole_before) - len(before),
    )


def choose_splits(before: Sequence[str], groups: Sequence[int]) -> list[str]:
    """Choose the splits of new texts; `groups` are those of all texts, theirs at the end.

    Near duplicates stay on one side; of those without any, one in five is held out.
    """
    splits: defaultdict[int, set[str]] = defaultdict(set)
    for split, group in zip(before, groups, strict=False):
        splits[group].add(split)
    chosen, alone = [], 0
    for group in groups[len(before) :]:
        found = splits[group]
        if not found:
            alone += 1
            found.add("train" if alone % EVERY else HELD_OUT)
        chosen.append(LEFT_OUT if found & FIXED else HELD_OUT if HELD_OUT in found else "train")
    return chosen


def read_relabelled(rows: Sequence[Row], relabelled: Mapping[int, str]) -> list[Correction]:
    """Make corrections of rows that their owner reviewed; those of validation and test stay."""
    return [
        Correction(0, rows[number].text, label)
        for number, label in sorted(relabelled.items())
        if rows[number].split not in FIXED
    ]


def _as_row(found: Mapping[str, Any]) -> Row:
    match found:
        case {"question": question, "answer": answer, "split": split}:
            return Row(question, answer, split)
        case {"text": text, "labels": labels, "split": split}:
            return Row(text, SEPARATOR.join(labels), split)
    return Row(found["text"], found["label"], found["split"])


def _known_labels(rows: Sequence[Row], shape: DataShape) -> set[str]:
    if shape == "pairs":
        return {"", *(row.label for row in rows)}
    return {one for row in rows if row.split == "train" for one in _part(row.label, shape)}


def _part(label: str, shape: DataShape) -> set[str]:
    return {*split_cell(label, SEPARATOR)} if shape == "tags" else {label}


def _goes(row: Row, forgotten: Collection[str]) -> bool:
    return row.split not in FIXED and text_hash(row.text) in forgotten


def _relabel(row: Row, usable: Mapping[str, Correction]) -> Row:
    correction = usable.get(text_hash(row.text))
    if correction is None or row.split in FIXED:
        return row
    return row._replace(label=correction.label)
