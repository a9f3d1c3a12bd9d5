"""What a fine-tuned model has to beat: the most frequent label, and TF-IDF with logistic regression."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from datasets import DatasetDict
from numpy.typing import NDArray
from sklearn.dummy import DummyClassifier
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import FeatureUnion, Pipeline

from trainer import evaluate
from trainer.spec import Baseline

FEW_SPACES = 0.05  # of the characters: English has about 0.17, Chinese and Japanese next to none
SAMPLE = 1_000  # rows looked at to tell


def compare_baselines(rows: DatasetDict, predicted: NDArray[np.int64]) -> list[Baseline]:
    """Train both on the training split and compare `predicted` with them on the test split."""
    train, test = rows["train"], rows["test"]
    texts, labels = list(train["text"]), list(train["label"])
    true = np.array(test["label"])
    return [
        _measure(name, model.fit(texts, labels).predict(list(test["text"])), predicted, true)
        for name, model in _models(texts)
    ]


def _models(texts: Sequence[str]) -> list[tuple[str, Any]]:
    return [
        ("majority", DummyClassifier(strategy="most_frequent")),
        (
            "TF-IDF + logistic regression",
            Pipeline([("tf-idf", _features(texts)), ("head", LogisticRegression(max_iter=1_000))]),
        ),
    ]


def _features(texts: Sequence[str]) -> FeatureUnion | TfidfVectorizer:
    """Words and pairs of words; for scripts without spaces up to three characters too."""
    words = TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True)
    if not is_unspaced(texts[:SAMPLE]):
        return words
    characters = TfidfVectorizer(analyzer="char_wb", ngram_range=(1, 3), sublinear_tf=True)
    return FeatureUnion([("words", words), ("characters", characters)])


def is_unspaced(texts: Sequence[str]) -> bool:
    """Say whether the texts are mostly in a script that puts no spaces between words."""
    written = "".join(texts)
    return sum(map(str.isspace, written)) < FEW_SPACES * len(written)


def _measure(
    name: str, answers: NDArray[np.int64], predicted: NDArray[np.int64], true: NDArray[np.int64]
) -> Baseline:
    matrix = evaluate.confusion(true, answers, int(max(true.max(), answers.max())) + 1)
    return Baseline(
        name=name,
        figures={"accuracy": evaluate.accuracy(matrix), "macro_f1": evaluate.macro_f1(matrix)},
        difference=evaluate.difference(predicted == true, answers == true),
    )
