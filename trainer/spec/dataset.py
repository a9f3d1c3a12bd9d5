"""What a data set is: its shape, its splits, and the card that describes it."""

from __future__ import annotations

import hashlib
from typing import Literal

from pydantic import Field

from trainer.spec.record import Frozen

SPLITS = ("train", "validation", "test")
# What a row is: a text with a label; a text with several; a question with its answer; a person
# with an item that they were shown, and whether they chose it.
DataShape = Literal["labels", "tags", "pairs", "clicks"]


def fold_text(text: str) -> str:
    """Leave out what makes no difference between two texts: case and kinds of white space."""
    return " ".join(text.casefold().split())


def text_hash(text: str) -> str:
    """Name a text without keeping it: 64 bits of BLAKE2b of the folded text, hexadecimal."""
    return hashlib.blake2b(fold_text(text).encode(), digest_size=8).hexdigest()


class CorrectionsCard(Frozen):
    """What became of the corrections that a version of a data set was made with."""

    added: int = Field(description="new training rows")
    relabelled: int = Field(description="rows whose label they changed")
    held_out: int = Field(description="kept apart, to measure what the others change")
    left_out: int = Field(description="near a validation or test row, or of an unknown label")
    contradicted: dict[int, str] = Field(
        description="correction's number -> label that its text keeps in validation or test"
    )
    earlier: int = Field(description="added, relabelled or held out in the versions before")
    forgotten: int = Field(default=0, description="rows that went, as their person wished")


class DataCard(Frozen):
    """What the reader of a file found: shown to people, kept beside the rows."""

    hash: str = Field(description="SHA-256 of the rows in canonical form, hexadecimal")
    name: str
    filename: str
    bytes: int
    rows: int = Field(description="rows kept")
    text_column: str
    label_column: str
    labels: dict[str, int] = Field(description="label -> rows, most frequent first")
    splits: dict[str, dict[str, int]] = Field(
        description="train/validation/test -> label (of other shapes: kind of row) -> rows"
    )
    splits_from: Literal["file", "made"]
    empty_rows: int = Field(description="rows dropped: no text or no label")
    exact_duplicates: int = Field(description="rows dropped: same text and label as an earlier row")
    near_duplicates: int = Field(description="rows kept that nearly repeat another")
    conflicts: int = Field(description="texts that carry two labels")
    leaks: int = Field(description="test or validation rows that (nearly) stand in training too")
    characters: dict[str, int] = Field(description="p50, p95, p99, max of a text's length")
    languages: dict[str, float] = Field(description="ISO 639-1 code -> share of a sample")
    personal_data: dict[str, int] = Field(description="type (e-mail, phone, …) -> rows")
    warnings: list[str] = Field(default=[], description="whole sentences for people")
    corrections: CorrectionsCard | None = None
    shape: DataShape = "labels"
    columns: dict[str, str] = Field(
        default={}, description="of pairs and clicks: role (question, answer, user, …) -> column"
    )
    counts: dict[str, int] = Field(
        default={}, description="what else there is to count: answers, unanswered, users, items, …"
    )
    suspects: int = Field(default=0, description="rows whose label is suspected to be wrong")
    redacted: int = Field(default=0, description="rows in which personal data was redacted")


class Column(Frozen):
    name: str
    examples: list[str] = Field(description="the values of three real rows, cut to 80 characters")
    distinct: int


class ColumnQuestion(Frozen):
    """The file has no obvious text or label column: its owner is asked."""

    columns: list[Column]
    text_guess: str | None
    label_guess: str | None
    shape_guess: DataShape | None = None


class Suspect(Frozen):
    """A row whose label is suspected to be wrong."""

    row: int = Field(description="its place in rows.parquet")
    text_hash: str
    given: str
    suggested: str
    confidence: float = Field(description="probability of the suggested label, out of fold")


class IntakeResult(Frozen):
    """How reading ended when it did not fail: a card, or a question."""

    card: DataCard | None = None
    suspects: list[Suspect] = Field(default=[], description="the most suspicious first")
    question: ColumnQuestion | None = None
