"""What reading a file makes: rows of one shape in canonical order, and what their card says."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from trainer.spec import SPLITS


@dataclass(frozen=True)
class Made:
    """Rows (named tuples, one a row of `rows.parquet`), their texts, and fields of a DataCard."""

    rows: Sequence[Any]
    texts: list[str]  # that lengths and languages are told of
    private: list[str]  # all that may hold personal data, a text a row
    card: dict[str, Any]
    taken: list[str] = field(default_factory=list)  # splits made though the file brings some


def say_splits(kinds: Iterable[tuple[str, str]]) -> dict[str, dict[str, int]]:
    """Count rows by split and kind, the most frequent kind first."""
    counts: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for split, kind in kinds:
        counts[split][kind] += 1
    return {split: dict(counts[split].most_common()) for split in SPLITS}
