"""Hold rows apart for validation and test, so that no text and nothing near it is on two sides."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from trainer.intake.duplicates import group_near_duplicates
from trainer.intake.table import BadFile
from trainer.spec import SPLITS

HELD_OUT = 10  # one row in ten, for each of validation and test
Strata = Sequence[Collection[str]]  # of each row: what each split should have its share of


@dataclass(frozen=True)
class Division:
    """Which rows stay, in which splits, and what was found on the way."""

    kept: list[int]
    splits: list[str]  # of the kept rows
    near_duplicates: int
    leaks: int
    taken: list[str]  # splits that the file doesn't bring


def divide(texts: Sequence[str], splits: Sequence[str], strata: Strata) -> Division:
    """Drop leaks and fill the missing splits; texts that nearly repeat one another stay together.

    Raise BadFile where texts are too alike to hold any out.
    """
    groups: list[int] = group_near_duplicates(texts).tolist()
    kept = drop_leaks(splits, groups)
    before = [splits[i] for i in kept]
    own = [groups[i] for i in kept]
    return Division(
        kept,
        complete_splits(before, own, [strata[i] for i in kept]),
        near_duplicates=len(kept) - len(set(own)),
        leaks=len(texts) - len(kept),
        taken=missing(before),
    )


def missing(splits: Sequence[str]) -> list[str]:
    """Name the splits that have no rows, in their usual order."""
    found = set(splits)
    return [split for split in SPLITS if split not in found]


def drop_leaks(splits: Sequence[str], groups: Sequence[int]) -> list[int]:
    """Name the rows to keep: of a near-duplicate group only those of its first split.

    The first of training, validation and test: a test row must not repeat what training saw.
    """
    first: dict[int, int] = {}
    for split, group in zip(splits, groups, strict=True):
        order = SPLITS.index(split)
        first[group] = min(first.get(group, order), order)
    return [i for i, split in enumerate(splits) if SPLITS.index(split) == first[groups[i]]]


def complete_splits(splits: Sequence[str], groups: Sequence[int], strata: Strata) -> list[str]:
    """Make the splits that the file doesn't bring, out of its training rows.

    80/10/10, stratified by label, near-duplicate groups undivided; a label of at least three
    groups has a row in each. The order of the rows decides, so the same rows split the same way.
    A group goes where, after it, its labels are least full (after Sechidis et al. 2011, "On the
    stratification of multi-label data"). Raise BadFile where texts are too alike to hold any out.
    """
    members: defaultdict[int, list[int]] = defaultdict(list)
    for i, split in enumerate(splits):
        if split == "train":
            members[groups[i]].append(i)
    counts = Counter(label for group in members.values() for i in group for label in strata[i])
    wanted = _wanted(counts, missing(splits)[::-1])
    room = {split: Counter(labels) for split, labels in wanted.items()}
    left = Counter(label for group in members.values() for label in _labels(group, strata))
    result = list(splits)
    for group in _fairly_ordered(members.values(), strata, counts):
        labels = _labels(group, strata)
        split = _choose_split(labels, room, wanted, left)
        room[split].subtract(labels)
        left.subtract(labels.keys())
        for i in group:
            result[i] = split
    refuse_empty(result)
    return result


def _labels(group: Iterable[int], strata: Strata) -> Counter[str]:
    return Counter(label for i in group for label in strata[i])


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


def _wanted(counts: Counter[str], missing: Sequence[str]) -> dict[str, Counter[str]]:
    """Say how many rows of each label each split should get."""
    wanted: dict[str, Counter[str]] = {split: Counter() for split in ("train", *missing)}
    for label, count in counts.items():
        for split in missing:
            wanted[split][label] = max(1, round(count / HELD_OUT))
        wanted["train"][label] = count - sum(wanted[split][label] for split in missing)
    return wanted


def _fairly_ordered(
    groups: Iterable[list[int]], strata: Strata, counts: Counter[str]
) -> list[list[int]]:
    """Put first the groups that are hardest to place: the large, then those of rare labels."""
    return sorted(groups, key=lambda g: (-len(g), min(counts[x] for i in g for x in strata[i])))


def _emptiness(labels: Counter[str], room: Counter[str], wanted: Counter[str]) -> float:
    """Say how much of a split would be left to fill after these rows; negative: too many."""
    return sum(
        count * (room[label] - count) / max(1, wanted[label]) for label, count in labels.items()
    )


def refuse_empty(splits: Sequence[str]) -> None:
    """Raise BadFile where a split has no rows."""
    for split in missing(splits):
        raise BadFile(
            f"No {split} rows can be held apart: nearly all texts repeat one another. "
            "Add rows that differ."
        )
