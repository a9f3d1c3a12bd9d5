"""Tests of the export: the real encoder through ONNX and int8, and the choice between them."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from short_runs import keep_dataset, make_spec, sample_rows

from trainer.export import Measured, choose_format
from trainer.predict import Classifier, Logits
from trainer.spec import Export, TrainWork
from trainer.tasks import Exported
from trainer.tasks.classification import Loaded, export, judge, load

# torch's exporter copies its own objects in a way that it has deprecated.
pytestmark = pytest.mark.filterwarnings("ignore:.*LeafSpec.*:FutureWarning")


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> Loaded:
    data_dir = tmp_path_factory.mktemp("data")
    spec = make_spec(data_dir, keep_dataset(data_dir, sample_rows(train=5, validation=8, test=8)))
    assert isinstance(spec.work, TrainWork)
    torch.manual_seed(0)
    return load(spec.dataset_dir, spec.work)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("attempt") / "model"


@pytest.fixture(scope="module")
def written(loaded: Loaded, folder: Path) -> tuple[Exported, Logits]:
    return export(loaded.model, loaded, folder=folder, origin={"base_model": "minilm"}, threads=2)


@pytest.fixture(scope="module")
def exported(written: tuple[Exported, Logits]) -> Exported:
    return written[0]


def test_int8_is_measured_against_fp32_before_it_serves(exported: Exported) -> None:
    figures = exported.export
    assert figures is not None
    assert figures.bytes_int8 < figures.bytes_fp32 / 3
    assert 0 <= figures.agreement <= 1
    assert figures.accuracy_change.n == 24
    assert figures.latency_ms_fp32 > 0
    assert figures.latency_ms_int8 > 0


def test_the_kept_answers_are_what_the_folder_serves(
    written: tuple[Exported, Logits], loaded: Loaded, folder: Path
) -> None:
    classifier = Classifier.load(folder, threads=2)
    test = loaded.rows["test"]
    kept = np.load(folder / "test_predictions.npz")
    assert np.array_equal(kept["logits"], written[1])
    assert np.array_equal(kept["true"], test["label"])
    assert np.allclose(classifier.logits(list(test["text"])), kept["logits"], atol=1e-5)


def test_the_card_says_what_serving_needs(exported: Exported, folder: Path) -> None:
    assert exported.export is not None
    card = json.loads((folder / "model.json").read_text(encoding="utf-8"))
    assert card == {
        "base_model": "minilm",
        "labels": ["negative", "neutral", "positive"],
        "max_length": 32,
        "inputs": ["input_ids", "token_type_ids", "attention_mask"],
        "pad_token_id": 0,
        "temperature": exported.temperature,
        "threshold": exported.threshold,
        "format": exported.export.format,
    }


def test_nothing_but_the_finished_folder_is_left(exported: Exported, folder: Path) -> None:
    assert exported.threshold
    assert [path.name for path in folder.parent.iterdir()] == ["model"]
    assert {path.name for path in (folder / "torch").iterdir()} >= {
        "config.json",
        "model.safetensors",
        "tokenizer.json",
    }


# --- the choice, on answers made for it -----------------------------------------------------

TRUE = np.arange(1_000) % 2


def answering(format_: str, wrong: set[int]) -> Measured:
    answers = np.array([1 - label if row in wrong else label for row, label in enumerate(TRUE)])
    logits = np.eye(2, dtype=np.float32)[answers]
    return Measured("int8" if format_ == "int8" else "fp32", Path(), 1, logits, 1.0)


def choose(fp32: Measured, int8: Measured) -> Export:
    return choose_format(fp32, int8, *judge(TRUE, int8.answers, fp32.answers))


def test_int8_serves_where_it_answers_alike() -> None:
    chosen = choose(
        answering("fp32", set(range(100))),
        answering("int8", set(range(5, 105))),
    )
    assert (chosen.format, chosen.agreement) == ("int8", 0.99)
    assert chosen.why == "int8 serves: int8 answers 99.0% of the test rows as fp32 does."


def test_fp32_serves_where_int8_is_shown_to_be_worse() -> None:
    chosen = choose(answering("fp32", set()), answering("int8", set(range(25))))
    assert chosen.format == "fp32"
    assert chosen.why == "fp32 serves: int8 costs 2.5 points of accuracy."


def test_fp32_serves_where_int8_answers_otherwise_though_as_well() -> None:
    chosen = choose(
        answering("fp32", set(range(100))),
        answering("int8", set(range(20, 120))),
    )
    assert chosen.accuracy_change.points == 0
    assert chosen.format == "fp32"
    assert chosen.why == (
        "fp32 serves: int8 answers 96.0% of the test rows as fp32 does, fewer than 97%."
    )
