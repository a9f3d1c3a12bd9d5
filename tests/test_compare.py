"""Comparing a candidate with the model that serves, on rows that neither has learned from."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from keyword_models import write_keyword_model

from trainer.compare.classification import compare
from trainer.compare.contender import Contender
from trainer.predict import Classifier
from trainer.spec import text_hash

RIGHT = {"good": "positive", "bad": "negative"}
WRONG = {"good": "negative", "bad": "positive"}
Rows = list[tuple[str, str]]  # text, label


def rows(n: int, first: int = 0) -> Rows:
    numbers = range(first, first + n)
    return [(f"good {i}", "positive") if i % 2 else (f"bad {i}", "negative") for i in numbers]


def contender(
    folder: Path, words: dict[str, str], *, seen: Rows, test: Rows, number: int = 1
) -> Contender:
    """Lay out a data set and a model as intake and run do."""
    dataset = folder / "dataset"
    dataset.mkdir(parents=True)
    (dataset / "seen.txt").write_text("".join(f"{text_hash(text)}\n" for text, _ in seen))
    lines = [{"row": i, "text": text, "label": label} for i, (text, label) in enumerate(test)]
    (dataset / "test.jsonl").write_text("".join(f"{json.dumps(line)}\n" for line in lines))
    model = write_keyword_model(folder / "model", words)
    logits = Classifier.load(model).logits([text for text, _ in test])
    np.savez(model / "test_predictions.npz", logits=logits, true=np.zeros(len(test), np.int64))
    return Contender(number, model, dataset)


def test_a_better_candidate_is_said_to_be_better(tmp_path: Path) -> None:
    new = contender(tmp_path / "new", RIGHT, seen=rows(10, 100), test=rows(50))
    old = contender(tmp_path / "old", WRONG, seen=rows(10, 200), test=rows(5), number=7)
    found = compare(new, old)
    assert (found.model, found.left_out, found.unknown_labels) == (7, 0, [])
    assert (found.difference.points, found.difference.n) == (100, 50)
    assert found.difference.verdict == "better"


def test_a_model_is_no_better_than_itself(tmp_path: Path) -> None:
    same = contender(tmp_path, RIGHT, seen=rows(10, 100), test=rows(50))
    found = compare(same, same).difference
    assert (found.points, found.verdict) == (0, "none")


def test_rows_that_the_rival_learned_from_are_left_out(tmp_path: Path) -> None:
    new = contender(tmp_path / "new", RIGHT, seen=[], test=rows(50))
    learned = [("  GOOD   1 ", "positive"), *rows(20, 30)]
    old = contender(tmp_path / "old", WRONG, seen=learned, test=[])
    found = compare(new, old)
    assert (found.left_out, found.difference.n) == (21, 29)


def test_where_the_rival_learned_from_every_row_nothing_is_shown(tmp_path: Path) -> None:
    new = contender(tmp_path / "new", RIGHT, seen=[], test=rows(20))
    old = contender(tmp_path / "old", WRONG, seen=rows(20), test=[])
    found = compare(new, old)
    assert (found.left_out, found.difference.n, found.difference.verdict) == (20, 0, "none")


def test_labels_count_by_name_and_those_the_rival_lacks_are_named(tmp_path: Path) -> None:
    words = RIGHT | {"angry": "complaint"}  # sorts first: the same label has another index
    test = [*rows(40), *((f"angry {i}", "complaint") for i in range(10))]
    new = contender(tmp_path / "new", words, seen=[], test=test)
    old = contender(tmp_path / "old", RIGHT, seen=[], test=rows(4))
    found = compare(new, old)
    assert found.unknown_labels == ["complaint"]
    assert (found.difference.points, found.difference.verdict) == (20, "better")


def test_a_rival_that_is_gone_is_an_error(tmp_path: Path) -> None:
    new = contender(tmp_path, RIGHT, seen=[], test=rows(4))
    with pytest.raises(OSError, match=r"seen\.txt"):
        compare(new, Contender(2, tmp_path / "gone", tmp_path / "gone"))
