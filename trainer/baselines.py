"""What a fine-tuned model has to beat: the most frequent label, and TF-IDF with logistic regression."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from datasets import DatasetDict
from numpy.typing import NDArray
from sklearn.dummy import DummyClassifier
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.multiclass import OneVsRestClassifier
from sklearn.pipeline import FeatureUnion, Pipeline

from trainer import evaluate, label_sets
from trainer.label_sets import Sets
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


def compare_label_sets(
    texts: Mapping[str, Sequence[str]], sets: Mapping[str, Sets], predicted: Sets
) -> list[Baseline]:
    """Do the same for texts of any number of labels, by split; one logistic regression a label.

    Its thresholds are fitted on the validation split, as those of the model are.
    """
    # Made for one label at a time on sparse words: a tenth of the time of the usual solver.
    head = OneVsRestClassifier(LogisticRegression(solver="liblinear", max_iter=1_000))
    model = Pipeline([("tf-idf", _features(texts["train"])), ("head", head)])
    model.fit(texts["train"], sets["train"])
    chances = {split: model.predict_proba(texts[split]) for split in ("validation", "test")}
    thresholds = label_sets.fit_thresholds(chances["validation"], sets["validation"])
    (usual, _), *_ = Counter(map(tuple, sets["train"].tolist())).most_common(1)
    return [
        _measure_sets("majority", np.tile(usual, (len(predicted), 1)), predicted, sets["test"]),
        _measure_sets(
            "TF-IDF + logistic regression", chances["test"] >= thresholds, predicted, sets["test"]
        ),
    ]


def _models(texts: Sequence[str]) -> list[tuple[str, Any]]:
    return [
        ("majority", DummyClassifier(strategy="most_frequent")),
        ("TF-IDF + logistic regression", by_words(texts)),
    ]


def by_words(texts: Sequence[str]) -> Pipeline:
    """Make what learns a label from the words of a text alone; `texts` are those to be learnt."""
    return Pipeline([("tf-idf", _features(texts)), ("head", LogisticRegression(max_iter=1_000))])


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


def _measure_sets(name: str, answers: Sets, predicted: Sets, true: Sets) -> Baseline:
    return Baseline(
        name=name,
        figures=label_sets.figures(true, answers),
        difference=label_sets.difference(
            label_sets.tally(true, predicted), label_sets.tally(true, answers)
        ),
    )
