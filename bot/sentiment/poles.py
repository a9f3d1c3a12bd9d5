"""Which of a model's labels mean negative and positive, where it has such labels at all."""

from __future__ import annotations

from collections.abc import Collection, Iterable

# As data sets in either language call them; compared without case and outer spaces.
NEGATIVE = frozenset({"negative", "neg", "bearish", "负面", "消极", "负向", "差评", "负", "否定"})
POSITIVE = frozenset({"positive", "pos", "bullish", "正面", "积极", "正向", "好评", "正", "肯定"})


def negative(labels: Iterable[str]) -> str | None:
    return _one_of(labels, NEGATIVE)


def positive(labels: Iterable[str]) -> str | None:
    return _one_of(labels, POSITIVE)


def _one_of(labels: Iterable[str], known: Collection[str]) -> str | None:
    return next((label for label in labels if label.strip().casefold() in known), None)
