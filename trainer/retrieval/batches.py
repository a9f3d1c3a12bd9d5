"""Batches for a loss over the answers in them: no question or answer twice, a hard negative each."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from datasets import Dataset
from sentence_transformers.sentence_transformer.data_collator import SentenceTransformerDataCollator


def count_batches(rows: Sequence[Sequence[Hashable]], size: int) -> int:
    """Say into how many batches rows are dealt: each value of a row only once in a batch."""
    most = max((max(Counter(column).values()) for column in zip(*rows, strict=True)), default=0)
    return max(math.ceil(len(rows) / size), most)


def deal(rows: Sequence[Sequence[Hashable]], order: Sequence[int], batches: int) -> list[list[int]]:
    """Deal row numbers, in an order, so that no two rows of a batch share a value.

    Batches are as large as one another. Each row goes into the first batch with room that comes
    after the last ones with its values; the few that find none (they share values with many) are
    left out.
    """
    size = math.ceil(len(rows) / batches)
    dealt: list[list[int]] = [[] for _ in range(batches)]
    free: dict[Hashable, int] = defaultdict(int)  # value -> the first batch that it isn't in
    first = 0  # batch with room
    for row in order:
        values = [*enumerate(rows[row])]
        at = max(first, *(free[value] for value in values))
        while at < batches and len(dealt[at]) == size:
            at += 1
        if at == batches:
            continue
        dealt[at].append(row)
        free.update(dict.fromkeys(values, at + 1))
        while first < batches and len(dealt[first]) == size:
            first += 1
    return dealt


class DealtBatches:
    """A batch sampler whose batches depend on seed and epoch alone."""

    drop_last = False

    def __init__(self, dataset: Dataset, batch_size: int, *, seed: int) -> None:
        self.batch_size = batch_size
        self._rows = list(zip(dataset["question"], dataset["answer"], strict=True))
        self._batches = count_batches(self._rows, batch_size)
        self._seed = seed
        self._epoch = 0

    def set_epoch(self, epoch: int) -> None:
        self._epoch = epoch

    def __len__(self) -> int:
        return self._batches

    def __iter__(self) -> Iterator[list[int]]:
        generator = torch.Generator().manual_seed(self._seed * 1_000_003 + self._epoch)
        order = torch.randperm(len(self._rows), generator=generator).tolist()
        return iter(deal(self._rows, order, self._batches))


@dataclass
class WithNegatives(SentenceTransformerDataCollator):
    """Give each row the hardest of its `negatives` that the batch doesn't hold yet.

    Where a row has none left, the batch does without: the other answers in it are negatives too.
    """

    def __call__(self, rows: list[dict[str, Any]]) -> dict[str, Any]:
        pairs = [{"question": row["question"], "answer": row["answer"]} for row in rows]
        negatives = choose_negatives([(row["answer"], row.get("negatives", ())) for row in rows])
        if negatives is not None:
            for pair, negative in zip(pairs, negatives, strict=True):
                pair["negative"] = negative
        collated: dict[str, Any] = super().__call__(pairs)
        return collated


def choose_negatives(rows: Sequence[tuple[str, Sequence[str]]]) -> list[str] | None:
    """Choose from each row's candidates the first that is no answer in the batch nor chosen before."""
    taken = {answer for answer, _ in rows}
    chosen: list[str] = []
    for _, candidates in rows:
        negative = next((one for one in candidates if one not in taken), None)
        if negative is None:
            return None
        taken.add(negative)
        chosen.append(negative)
    return chosen
