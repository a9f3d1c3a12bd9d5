"""Serving an exported model: order, batches, odd texts, calibration, and no torch."""

from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from keyword_models import write_keyword_model

from trainer import graph, predict
from trainer.predict import Classifier

WORDS = {"good": "positive", "bad": "negative", "so": "neutral"}
ODD_TEXTS = [
    "",
    " \n\t ",
    "👍🏽👩‍👩‍👧 good",
    "اليوم good שלום",
    "服务很好 good",
    "half a character \ud83d good",
    "\x00 good",
    "good " * 50_000,
    "g" * 1_000_000,
]


@pytest.fixture(scope="module")
def classifier(tmp_path_factory: pytest.TempPathFactory) -> Classifier:
    return Classifier.load(write_keyword_model(tmp_path_factory.mktemp("models") / "a", WORDS))


def test_an_answer_has_its_label_its_confidence_and_every_probability(
    classifier: Classifier,
) -> None:
    (answer,) = classifier.classify(["a GOOD day"])
    assert answer.label == "positive"
    assert answer.confidence == answer.probabilities["positive"] == pytest.approx(0.787, abs=0.001)
    assert list(answer.probabilities) == classifier.card.labels
    assert sum(answer.probabilities.values()) == pytest.approx(1)
    assert answer.sure


def test_below_the_threshold_it_is_not_sure(classifier: Classifier) -> None:
    assert not classifier.classify(["nothing known here"])[0].sure


def test_the_temperature_softens_the_confidence_and_not_the_answer(tmp_path: Path) -> None:
    cool = Classifier.load(write_keyword_model(tmp_path / "cool", WORDS, temperature=4.0))
    (answer,) = cool.classify(["good"])
    assert answer.label == "positive"
    assert answer.confidence == pytest.approx(np.exp(0.5) / (np.exp(0.5) + 2))


@given(st.permutations([n % 90 + 1 for n in range(180)]))
def test_answers_come_in_the_order_of_the_texts(classifier: Classifier, lengths: list[int]) -> None:
    texts = ["good " * n for n in lengths]
    assert classifier.logits(texts)[:, 2].tolist() == [2.0 * n for n in lengths]


@pytest.mark.parametrize("text", ODD_TEXTS, ids=range(len(ODD_TEXTS)))
def test_odd_texts_are_answered_and_disturb_no_other(classifier: Classifier, text: str) -> None:
    alone = classifier.logits([text])
    among = classifier.logits(["bad", text, "so " * 30])
    assert np.isfinite(alone).all()
    assert among[1] == pytest.approx(alone[0])
    assert among[0].argmax() == 0


def test_long_texts_are_cut_at_the_length_trained_on(classifier: Classifier) -> None:
    assert classifier.logits(["good " * 500]).max() == 2.0 * classifier.card.max_length


def test_no_text_gives_no_answer(classifier: Classifier) -> None:
    assert classifier.classify([]) == []
    assert classifier.logits([]).shape == (0, 3)


def test_ten_thousand_texts_are_answered(classifier: Classifier) -> None:
    texts = [f"{'good' if n % 3 else 'bad'} {n}" for n in range(10_000)]
    found = [answer.label for answer in classifier.classify(texts)]
    assert found == ["positive" if n % 3 else "negative" for n in range(10_000)]


def test_several_threads_may_ask_at_once(classifier: Classifier) -> None:
    texts = ["good " * n for n in range(1, 60)]
    expected = classifier.logits(texts)
    with ThreadPoolExecutor(4) as threads:
        for found in threads.map(classifier.logits, [texts] * 12):
            assert np.array_equal(found, expected)


@given(st.lists(st.integers(0, 600), max_size=200))
def test_batches_hold_every_row_once_within_the_budget(lengths: list[int]) -> None:
    batches = list(graph.fill_batches(lengths))
    assert sorted(row for batch in batches for row in batch) == list(range(len(lengths)))
    for batch in batches:
        padded = max(lengths[row] for row in batch) * len(batch)
        assert len(batch) == 1 or padded <= graph.BATCH_TOKENS


def test_texts_of_one_length_fill_their_batches() -> None:
    assert [len(batch) for batch in graph.fill_batches([64] * 20)] == [8, 8, 4]


@pytest.mark.parametrize("missing", ["model.json", "model.onnx", "tokenizer.json"])
def test_a_folder_with_a_file_missing_is_refused(tmp_path: Path, missing: str) -> None:
    folder = write_keyword_model(tmp_path / "broken", WORDS)
    (folder / missing).unlink()
    with pytest.raises(OSError, match=missing):
        Classifier.load(folder)


def test_serving_loads_neither_torch_nor_transformers() -> None:
    code = "import sys, trainer.predict, trainer.compare; print(*sys.modules)"
    loaded = subprocess.check_output([sys.executable, "-c", code], text=True).split()
    assert {"onnxruntime", "tokenizers"} <= set(loaded)
    assert {"torch", "transformers", "pandas", "sklearn", "pyarrow"}.isdisjoint(loaded)


def test_the_bot_loads_neither_torch_nor_pandas_which_others_may_still_load() -> None:
    code = "import sys, bot.running; print(*sys.modules); import pandas"
    loaded = subprocess.check_output([sys.executable, "-c", code], text=True).split()
    assert "sqlite_utils" in loaded
    assert {"torch", "transformers", "pandas", "sklearn"}.isdisjoint(loaded)


# torch's exporter warns of torch's own deprecations.
@pytest.mark.filterwarnings("ignore::FutureWarning", "ignore::DeprecationWarning")
@pytest.mark.filterwarnings("ignore:.*axis name:UserWarning")
def test_a_transformer_served_answers_as_torch_does(tmp_path: Path) -> None:
    classifier, expected = _export_encoder(tmp_path)
    found = classifier.logits([text for text, _ in expected])
    for row, (_, logits) in zip(found, expected, strict=True):
        assert row == pytest.approx(logits, abs=1e-4)


def _export_encoder(folder: Path) -> tuple[Classifier, list[tuple[str, list[float]]]]:
    """Export the packaged encoder with an untrained head; torch's logits one text at a time."""
    import torch  # noqa: PLC0415 - the other tests of this file run without it

    from trainer import export, pretrained  # noqa: PLC0415
    from trainer.tasks import classification  # noqa: PLC0415

    torch.manual_seed(0)
    tokenizer = pretrained.load_tokenizer("minilm")
    model = classification.load_model("minilm", ["a", "b"]).eval()
    card: dict[str, Any] = {
        "labels": ["a", "b"],
        "inputs": export.input_names(model, tokenizer),
        "pad_token_id": tokenizer.pad_token_id,
        "max_length": 64,
        "temperature": 1.0,
        "threshold": 0.5,
    }
    export.write_onnx(export.Logits(model), card["inputs"], folder / "model.onnx")
    tokenizer.backend_tokenizer.save(str(folder / "tokenizer.json"))
    (folder / "model.json").write_text(predict.ModelCard(**card).model_dump_json())
    texts = ["ok", "This one is a good deal longer than that one.", "word " * 200, "naïve 🙂", ""]
    expected = []
    for text in texts:
        tokens = tokenizer(text, truncation=True, max_length=64, return_tensors="pt")
        with torch.inference_mode():
            expected.append((text, model(**tokens).logits[0].tolist()))
    return Classifier.load(folder), expected
