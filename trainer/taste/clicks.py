"""Clicks as choices to predict: what a person took, what they had taken before, what else they saw."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from itertools import groupby
from pathlib import Path
from typing import NamedTuple

from trainer.failures import RunFailed
from trainer.spec import SPLITS, text_hash

HISTORY = 50  # earlier choices that are remembered, the latest ones


class Click(NamedTuple):
    """A row of a data set of clicks: an item that a person was shown, and whether they took it."""

    user: str
    item: str
    clicked: bool
    at: str | None  # ISO time, all in one zone
    split: str


@dataclass(frozen=True)
class Choice:
    """One item that a person took; people and items are numbers."""

    key: str  # as `seen.txt` of a data set names person and item
    user: int
    item: int
    history: tuple[int, ...]  # taken earlier, the latest last
    shown: tuple[int, ...]  # shown and left: with it, or else in the same split


@dataclass(frozen=True)
class World:
    """Who took what, as training needs it."""

    items: list[str]
    clicks: list[int]  # on each item in the training split
    choices: dict[str, list[Choice]]  # by split
    known: frozenset[int]  # users of training and validation


class _Seen(NamedTuple):
    """A click, sorted by person and time."""

    user: int
    when: tuple[str, int]
    item: int
    clicked: bool
    split: str
    key: str


def make_world(clicks: Sequence[Click]) -> World:
    """Turn clicks into choices; raise RunFailed (bad_rows) where there is nothing to learn from.

    A choice's history has what its person took strictly before. Rows without a time come first, as
    they stand. Nothing of a later split is in it: training knows nothing of the test. An
    item that is taken again is no choice to predict.
    """
    items = sorted({click.item for click in clicks})
    number = {item: index for index, item in enumerate(items)}
    people = {user: index for index, user in enumerate(sorted({click.user for click in clicks}))}
    seen = sorted(
        _Seen(
            user=people[click.user],
            when=(click.at, 0) if click.at else ("", row),
            item=number[click.item],
            clicked=click.clicked,
            split=click.split,
            key=text_hash(f"{click.user}\n{click.item}"),
        )
        for row, click in enumerate(clicks)
    )
    choices: dict[str, list[Choice]] = {split: [] for split in SPLITS}
    for _, rows in groupby(seen, key=lambda one: one.user):
        for split, choice in _follow(list(rows)):
            choices[split].append(choice)
    _check(choices)
    known = frozenset(one.user for one in seen if one.split != "test")
    return World(items, _count(seen, len(items)), choices, known)


def save_choices(choices: Sequence[Choice], path: Path) -> None:
    """Write choices as JSON, one a line: numbers without a name."""
    with path.open("w", encoding="utf-8") as file:
        file.writelines(json.dumps(asdict(choice)) + "\n" for choice in choices)


def load_choices(path: Path) -> list[Choice]:
    """Read what `save_choices` wrote; raise OSError where it is gone."""
    with path.open(encoding="utf-8") as lines:
        read = [json.loads(line) for line in lines]
    return [
        Choice(**{**row, "history": tuple(row["history"]), "shown": tuple(row["shown"])})
        for row in read
    ]


def _follow(rows: Sequence[_Seen]) -> Iterator[tuple[str, Choice]]:
    """Walk through one person's rows in the order of time, giving each choice with its split."""
    left = _list_left(rows)
    taken: dict[int, int] = {}  # item -> rank of the split in which it was taken
    for _, same in groupby(rows, key=lambda one: one.when):
        together = list(same)
        beside = tuple(one.item for one in together if not one.clicked)
        clicked = [one for one in together if one.clicked]
        for one in clicked:
            rank = SPLITS.index(one.split)
            history = tuple(item for item, at in taken.items() if at <= rank)[-HISTORY:]
            before = {*history, one.item}
            shown = tuple(item for item in beside or left[one.split] if item not in before)
            if one.item not in taken:
                yield one.split, Choice(one.key, one.user, one.item, history, shown)
        for one in clicked:
            taken.setdefault(one.item, SPLITS.index(one.split))


def _list_left(rows: Sequence[_Seen]) -> dict[str, tuple[int, ...]]:
    """Give what a person was shown in each split and never took."""
    taken = {one.item for one in rows if one.clicked}
    left: defaultdict[str, dict[int, None]] = defaultdict(dict)
    for one in rows:
        if one.item not in taken:
            left[one.split][one.item] = None
    return {split: tuple(left[split]) for split in SPLITS}


def _count(seen: Sequence[_Seen], items: int) -> list[int]:
    counts = [0] * items
    for one in seen:
        counts[one.item] += one.clicked and one.split == "train"
    return counts


def _check(choices: dict[str, list[Choice]]) -> None:
    for split in SPLITS[:2]:
        if not any(choice.history for choice in choices[split]):
            raise RunFailed(
                "bad_rows",
                f"Nobody in the {split} split took an item after an earlier one: without a "
                "history there is nothing to learn from. Add people with two choices or more.",
            )
    if not choices["test"]:
        raise RunFailed("bad_rows", "Nobody in the test split took an item.")
