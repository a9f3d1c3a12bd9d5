"""Hold rows apart for validation and test, so that no text and nothing near it is on two sides."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence

from trainer.intake.rows import Row
from trainer.intake.table import BadFile
from trainer.spec import SPLITS

HELD_OUT = 10  # one row in ten, for each of validation and test


def drop_leaks(rows: Sequence[Row], groups: Sequence[int]) -> list[int]:
    """Name the rows to keep: of a near-duplicate group only those of its first split.

    The first of training, validation and test: a test row must not repeat what training saw.
    """
    first: dict[int, int] = {}
    for row, group in zip(rows, groups, strict=True):
        order = SPLITS.index(row.split)
        first[group] = min(first.get(group, order), order)
    return [i for i, row in enumerate(rows) if SPLITS.index(row.split) == first[groups[i]]]


def complete_splits(rows: Sequence[Row], groups: Sequence[int]) -> list[Row]:
    """Make the splits that the file doesn't bring, out of its training rows.

    80/10/10, stratified by label, near-duplicate groups undivided; a label of at least three
    groups has a row in each. The order of the rows decides, so the same rows split the same way.
    A group goes where, after it, its labels are least full (after Sechidis et al. 2011, "On the
    stratification of multi-label data"). Raise BadFile where texts are too alike to hold any out.
    """
    missing = [split for split in reversed(SPLITS) if all(row.split != split for row in rows)]
    members: defaultdict[int, list[int]] = defaultdict(list)
    for i, row in enumerate(rows):
        if row.split == "train":
            members[groups[i]].append(i)
    wanted = _wanted([rows[i].label for group in members.values() for i in group], missing)
    room = {split: Counter(labels) for split, labels in wanted.items()}
    left = Counter(label for group in members.values() for label in {rows[i].label for i in group})
    result = list(rows)
    for group in _fairly_ordered(members.values(), rows):
        labels = Counter(rows[i].label for i in group)
        split = _choose_split(labels, room, wanted, left)
        room[split].subtract(labels)
        left.subtract(labels.keys())
        for i in group:
            result[i] = rows[i]._replace(split=split)
    _refuse_empty(result)
    return result


def _choose_split(
    labels: Counter[str],
    room: dict[str, Counter[str]],
    wanted: dict[str, Counter[str]],
    left: Counter[str],
) -> str:
    """Choose the emptiest split; of a label's last groups, one that has nothing of it yet."""
    lacking = {label: [s for s in wanted if room[s][label] == wanted[s][label]] for label in labels}
    needy = [s for label, splits in lacking.items() if left[label] <= len(splits) for s in splits]
    if "train" in needy:
        return "train"
    return max(needy or wanted, key=lambda s: _emptiness(labels, room[s], wanted[s]))


def _wanted(labels: Iterable[str], missing: Sequence[str]) -> dict[str, Counter[str]]:
    """Say how many rows of each label each split should get."""
    wanted: dict[str, Counter[str]] = {split: Counter() for split in ("train", *missing)}
    for label, count in Counter(labels).items():
        for split in missing:
            wanted[split][label] = max(1, round(count / HELD_OUT))
        wanted["train"][label] = count - sum(wanted[split][label] for split in missing)
    return wanted


def _fairly_ordered(groups: Iterable[list[int]], rows: Sequence[Row]) -> list[list[int]]:
    """Put first the groups that are hardest to place: the large, then those of rare labels."""
    counts = Counter(row.label for row in rows)
    return sorted(groups, key=lambda g: (-len(g), min(counts[rows[i].label] for i in g)))


def _emptiness(labels: Counter[str], room: Counter[str], wanted: Counter[str]) -> float:
    """Say how much of a split would be left to fill after these rows; negative: too many."""
    return sum(
        count * (room[label] - count) / max(1, wanted[label]) for label, count in labels.items()
    )


def _refuse_empty(rows: Sequence[Row]) -> None:
    for split in SPLITS:
        if all(row.split != split for row in rows):
            raise BadFile(
                f"No {split} rows can be held apart: nearly all texts repeat one another. "
                "Add rows that differ."
            )
