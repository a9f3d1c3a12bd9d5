"""Compare two classifiers on the test rows that neither of them has learned from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from trainer.compare.contender import Contender, read_rows, read_seen
from trainer.evaluate import difference
from trainer.predict import Classifier, Logits, ModelCard
from trainer.spec import Comparison, OnCorrections, text_hash


def compare(candidate: Contender, rival: Contender, *, threads: int = 0) -> Comparison:
    """Compare a candidate with its rival on the candidate's test split, row by row.

    Rows whose text stands in the rival's training or validation split would flatter it and are
    left out. The candidate's answers are those of its run (`test_predictions.npz`); the rival
    answers now. An answer is right where the label's name is the same, so a label that the rival
    never learned counts against it and is reported. Raise OSError where a folder is gone.
    """
    rows = read_rows(candidate.dataset / "test.jsonl")
    seen = read_seen(rival.dataset)
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


def compare_on_corrections(
    candidate: Contender, rival: Contender, *, threads: int = 0
) -> OnCorrections | None:
    """Compare a candidate with its rival on the corrections that its data set holds out.

    Rows that the rival was trained on are left out. None where the data set has no corrections.
    Raise OSError where a folder is gone.
    """
    held_out = candidate.dataset / "corrections.jsonl"
    if not held_out.exists():
        return None
    seen = read_seen(rival.dataset)
    rows = [row for row in read_rows(held_out) if text_hash(row["text"]) not in seen]
    ours, theirs = (
        _find_right(Classifier.load(one.folder, threads=threads), rows)
        for one in (candidate, rival)
    )
    return OnCorrections(
        model=rival.number,
        accuracy=sum(ours) / max(len(rows), 1),
        other_accuracy=sum(theirs) / max(len(rows), 1),
        difference=difference(ours, theirs),
    )


def read_right(folder: Path) -> NDArray[np.bool_]:
    """Tell which rows of its own test split a model answered rightly, in the split's order."""
    with np.load(folder / "test_predictions.npz", allow_pickle=False) as kept:
        return np.asarray(kept["logits"].argmax(axis=1) == kept["true"])


def _find_right(model: Classifier, rows: Sequence[Mapping[str, str]]) -> list[bool]:
    if not rows:
        return []
    answers = _name(model.card, model.logits([row["text"] for row in rows]))
    return [answer == row["label"] for answer, row in zip(answers, rows, strict=True)]


def _read_answers(folder: Path) -> list[str]:
    """Read what a model answered to its own test split, in the split's order."""
    card = ModelCard.model_validate_json((folder / "model.json").read_bytes())
    with np.load(folder / "test_predictions.npz", allow_pickle=False) as kept:
        return _name(card, kept["logits"])


def _name(card: ModelCard, logits: Logits) -> list[str]:
    return [card.labels[best] for best in logits.argmax(axis=1)]
