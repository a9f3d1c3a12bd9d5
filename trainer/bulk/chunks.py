"""Classify many texts in chunks of like length, each kept once it is done."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from trainer.predict import Classifier
from trainer.spec import RowsProgress

CHUNK_ROWS, CHUNK_CHARACTERS = 2_048, 200_000  # about a second or two of a CPU
LONGEST = 4_096  # characters of a text that cost time: models read no more
EACH = 20  # characters' worth of time that a text costs, however short

Chances = NDArray[np.float32]  # [texts, labels], calibrated


def classify(
    texts: Sequence[str],
    model: Classifier,
    *,
    kept: Path,
    tell: Callable[[RowsProgress], None],
) -> Chances:
    """Compute calibrated probabilities in the order given.

    Chunks that an earlier attempt left in the folder `kept` are taken from there: the same texts
    make the same chunks.
    """
    kept.mkdir(parents=True, exist_ok=True)
    found = np.empty((len(texts), len(model.card.labels)), np.float32)
    sizes = [min(len(text), LONGEST) + EACH for text in texts]
    pace = Pace(sizes)
    for number, rows in enumerate(cut_chunks(sizes)):
        path = kept / f"{number:05d}.npy"
        known = path.exists()
        if not known:
            _keep(path, model.chances([texts[row] for row in rows]))
        found[rows] = np.load(path)
        tell(pace.count(rows, fresh=not known, now=time.monotonic()))
    return found


def cut_chunks(sizes: Sequence[int]) -> Iterator[list[int]]:
    """Group row numbers by size, longest first: so many rows, or so many characters in all."""
    chunk: list[int] = []
    characters = 0
    for row in sorted(range(len(sizes)), key=lambda row: -sizes[row]):
        if len(chunk) == CHUNK_ROWS or (chunk and characters + sizes[row] > CHUNK_CHARACTERS):
            yield chunk
            chunk, characters = [], 0
        chunk.append(row)
        characters += sizes[row]
    if chunk:
        yield chunk


class Pace:
    """How far the rows are and when they will be done, told from what this attempt did itself."""

    def __init__(self, sizes: Sequence[int]) -> None:
        self._sizes = sizes
        self._left = sum(sizes)
        self._done = 0  # rows
        self._fresh_rows = self._fresh_size = 0  # done by this attempt
        self._began = time.monotonic()

    def count(self, rows: Sequence[int], *, fresh: bool, now: float) -> RowsProgress:
        """Count rows that are done; the long ones came first, so time goes by their size."""
        size = sum(self._sizes[row] for row in rows)
        self._left -= size
        self._done += len(rows)
        if fresh:
            self._fresh_rows += len(rows)
            self._fresh_size += size
        seconds = max(now - self._began, 1e-3)
        return RowsProgress(
            done=self._done,
            rows=len(self._sizes),
            rows_per_second=self._fresh_rows / seconds,
            eta_seconds=self._left * seconds / max(self._fresh_size, 1) if self._fresh_size else 0,
        )


def _keep(path: Path, chances: NDArray[np.float64]) -> None:
    """Write to a temporary name and rename: another attempt never sees a part."""
    temporary = path.with_suffix(".tmp")
    with temporary.open("wb") as file:
        np.save(file, chances.astype(np.float32))
    temporary.rename(path)
