"""Compare two models on the test rows that neither of them has learned from."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TypedDict

import numpy as np

from trainer.evaluate import difference
from trainer.predict import Classifier, Logits, ModelCard
from trainer.spec import Comparison, text_hash


class Row(TypedDict):
    """A line of a data set's test.jsonl."""

    row: int  # its number among all rows of the data set
    text: str
    label: str


@dataclass(frozen=True)
class Contender:
    """A model with the data set that it was trained on."""

    number: int
    folder: Path
    dataset: Path


def compare(candidate: Contender, rival: Contender, *, threads: int = 0) -> Comparison:
    """Compare a candidate with its rival on the candidate's test split, row by row.

    Rows whose text stands in the rival's training or validation split would flatter it and are
    left out. The candidate's answers are those of its run (`test_predictions.npz`); the rival
    answers now. An answer is right where the label's name is the same, so a label that the rival
    never learned counts against it and is reported. Raise OSError where a folder is gone.
    """
    rows = _read_test_rows(candidate.dataset)
    seen = set((rival.dataset / "seen.txt").read_text(encoding="ascii").split())
    unseen = [i for i, row in enumerate(rows) if text_hash(row["text"]) not in seen]
    model = Classifier.load(rival.folder, threads=threads)
    theirs = _name(model.card, model.logits([rows[i]["text"] for i in unseen]))
    ours = _read_answers(candidate.folder)
    true = [rows[i]["label"] for i in unseen]
    return Comparison(
        model=rival.number,
        difference=difference(
            [ours[i] == label for i, label in zip(unseen, true, strict=True)],
            [answer == label for answer, label in zip(theirs, true, strict=True)],
        ),
        left_out=len(rows) - len(unseen),
        unknown_labels=sorted({row["label"] for row in rows} - set(model.card.labels)),
    )


def _read_test_rows(dataset: Path) -> list[Row]:
    with (dataset / "test.jsonl").open(encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


def _read_answers(folder: Path) -> list[str]:
    """Read what a model answered to its own test split, in the split's order."""
    card = ModelCard.model_validate_json((folder / "model.json").read_bytes())
    with np.load(folder / "test_predictions.npz", allow_pickle=False) as kept:
        return _name(card, kept["logits"])


def _name(card: ModelCard, logits: Logits) -> list[str]:
    return [card.labels[best] for best in logits.argmax(axis=1)]
