"""Compare two models of any number of labels on the test rows that neither has learned from."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from pathlib import Path

import numpy as np

from trainer import evaluate, label_sets
from trainer.compare.contender import Contender, read_rows, read_seen
from trainer.predict import Classifier, ModelCard, Prediction, answer, calibrate
from trainer.spec import Comparison, OnCorrections, text_hash

Labels = Collection[str]


def compare(candidate: Contender, rival: Contender, *, threads: int = 0) -> Comparison:
    """Compare the micro-F1 of a candidate with its rival's on the candidate's test split.

    Rows whose text stands in the rival's training or validation split are left out. The
    candidate's answers are those of its run (`test_predictions.npz`); the rival answers now.
    Labels count by their names, so one that the rival never learned is missed by it, and is
    reported. Raise OSError where a folder is gone.
    """
    rows = read_rows(candidate.dataset / "test.jsonl")
    seen = read_seen(rival.dataset)
    unseen = [i for i, row in enumerate(rows) if text_hash(row["text"]) not in seen]
    model = Classifier.load(rival.folder, threads=threads)
    theirs = _labels(model.classify([rows[i]["text"] for i in unseen])) if unseen else []
    kept = _read_answers(candidate.folder)
    ours = [kept[i] for i in unseen]
    true = [rows[i]["labels"] for i in unseen]
    return Comparison(
        model=rival.number,
        difference=label_sets.difference(_tally(true, ours), _tally(true, theirs)),
        left_out=len(rows) - len(unseen),
        unknown_labels=sorted(
            {one for row in rows for one in row["labels"]} - {*model.card.labels}
        ),
    )


def compare_on_corrections(
    candidate: Contender, rival: Contender, *, threads: int = 0
) -> OnCorrections | None:
    """Compare how often both give exactly the labels of corrections that were held out.

    Rows that the rival was trained on are left out. None where the data set has no corrections.
    Raise OSError where a folder is gone.
    """
    held_out = candidate.dataset / "corrections.jsonl"
    if not held_out.exists():
        return None
    seen = read_seen(rival.dataset)
    rows = [row for row in read_rows(held_out) if text_hash(row["text"]) not in seen]
    texts, true = [row["text"] for row in rows], [row["labels"] for row in rows]
    ours, theirs = (
        _find_exact(Classifier.load(one.folder, threads=threads), texts, true)
        for one in (candidate, rival)
    )
    return OnCorrections(
        model=rival.number,
        accuracy=sum(ours) / max(len(rows), 1),
        other_accuracy=sum(theirs) / max(len(rows), 1),
        difference=evaluate.difference(ours, theirs).model_copy(update={"metric": "exact"}),
    )


def _find_exact(model: Classifier, texts: Sequence[str], true: Sequence[Labels]) -> list[bool]:
    if not texts:
        return []
    given = _labels(model.classify(texts))
    return [set(said) == set(labels) for said, labels in zip(given, true, strict=True)]


def _read_answers(folder: Path) -> list[Labels]:
    """Read what a model answered to its own test split, in the split's order."""
    card = ModelCard.model_validate_json((folder / "model.json").read_bytes())
    with np.load(folder / "test_predictions.npz", allow_pickle=False) as kept:
        return _labels(answer(card, row) for row in calibrate(card, kept["logits"]))


def _labels(found: Iterable[Prediction]) -> list[Labels]:
    """Give the labels of each answer; a model of one label gives just that."""
    return [(one.label,) if one.labels is None else one.labels for one in found]


def _tally(true: Sequence[Labels], given: Sequence[Labels]) -> label_sets.Array:
    """Count of each row the labels given rightly, given, and true: [rows, 3]."""
    counts = [
        (len({*labels} & {*said}), len(said), len(labels))
        for labels, said in zip(true, given, strict=True)
    ]
    return np.array(counts, float).reshape(-1, 3)
