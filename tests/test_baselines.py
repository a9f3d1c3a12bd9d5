"""Tests of the baselines, trained for real on a few rows."""

from __future__ import annotations

import numpy as np
import pytest
from datasets import ClassLabel, Dataset, DatasetDict, Features, Value
from short_runs import Rows, sample_rows

from trainer.baselines import compare_baselines, is_unspaced
from trainer.spec import SPLITS


def as_splits(rows: Rows) -> DatasetDict:
    names = sorted({label for _, label, _ in rows})
    features = Features({"text": Value("string"), "label": ClassLabel(names=names)})
    return DatasetDict(
        {
            split: Dataset.from_list(
                [{"text": t, "label": label} for t, label, s in rows if s == split], features
            )
            for split in SPLITS
        }
    )


def test_a_perfect_model_beats_both_baselines() -> None:
    rows = as_splits(sample_rows(train=40, validation=1, test=20))
    majority, words = compare_baselines(rows, np.array(rows["test"]["label"]))
    assert (majority.name, words.name) == ("majority", "TF-IDF + logistic regression")
    assert majority.figures["accuracy"] == pytest.approx(1 / 3)
    assert majority.figures["accuracy"] < words.figures["accuracy"] < 1
    assert majority.difference.verdict == words.difference.verdict == "better"
    assert words.difference.points == pytest.approx(100 * (1 - words.figures["accuracy"]), abs=0.05)


def test_chinese_is_read_by_its_characters() -> None:
    good = ["味道很好", "很好吃", "好吃极了", "味道不错很好", "服务很好", "非常好吃"]
    bad = ["太难吃了", "味道很差", "送得太慢", "难吃极了", "服务很差", "太差太慢"]
    rows = [(t, "good", "train") for t in good] + [(t, "bad", "train") for t in bad]
    rows += [("好吃", "good", "test"), ("难吃", "bad", "test"), ("很差", "bad", "test")]
    rows += [("太慢了", "bad", "validation")]
    splits = as_splits(rows)
    _, words = compare_baselines(splits, np.array(splits["test"]["label"]))
    assert words.figures["accuracy"] == 1


@pytest.mark.parametrize(
    ("texts", "unspaced"),
    [(["The build is green again"], False), (["构建又变绿了", "好"], True), (["ok"], True)],
)
def test_scripts_without_spaces_are_told_by_their_spaces(
    texts: list[str], *, unspaced: bool
) -> None:
    assert is_unspaced(texts) is unspaced
