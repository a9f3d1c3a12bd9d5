"""Bottleneck adapters change nothing at first, are saved with their model, and serve in its graph."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnxruntime
import pytest
import torch
from tiny_models import write_classifier

from trainer import adapters, blocks, methods
from trainer.export import Logits, write_onnx
from trainer.spec import Recipe
from trainer.tasks.classification import load_model

# torch's exporter copies its own objects in a way that it has deprecated.
pytestmark = pytest.mark.filterwarnings("ignore:.*LeafSpec.*:FutureWarning")
LABELS = ["no", "yes"]
TOKENS = {
    "input_ids": torch.tensor([[101, 7592, 2088, 102], [101, 2088, 7592, 102]]),
    "attention_mask": torch.ones(2, 4, dtype=torch.int64),
}
RECIPE = Recipe(method="adapters", epochs=1, lr=1e-3, batch=8, max_length=32, rank=4)


@pytest.fixture
def tiny(tmp_path: Path) -> str:
    return write_classifier(tmp_path / "tiny")


def answer(model: torch.nn.Module) -> torch.Tensor:
    with torch.no_grad():
        logits: torch.Tensor = model.eval()(**TOKENS).logits
    return logits


def shake(model: torch.nn.Module) -> None:
    """Train, as far as these tests ask: make each adapter do something."""
    torch.manual_seed(1)
    for module in model.modules():
        if isinstance(module, adapters.Adapted):
            torch.nn.init.normal_(module.up.weight)


def test_two_adapters_stand_in_each_layer_and_change_nothing_at_first(tiny: str) -> None:
    torch.manual_seed(0)
    model = load_model(tiny, LABELS)
    expected = answer(model)
    assert [len(layer) for layer in blocks.outputs(model)] == [2, 2]
    methods.prepare(model, RECIPE, "classification")
    assert sum(isinstance(m, adapters.Adapted) for m in model.modules()) == 4
    assert torch.equal(answer(model), expected)


def test_a_saved_model_brings_its_adapters_along_and_they_are_not_doubled(
    tiny: str, tmp_path: Path
) -> None:
    model = load_model(tiny, LABELS)
    methods.prepare(model, RECIPE, "classification")
    shake(model)
    model.save_pretrained(tmp_path / "kept")
    again = load_model(str(tmp_path / "kept"), LABELS)
    assert torch.equal(answer(again), answer(model))
    methods.prepare(again, RECIPE, "classification")
    assert sum(isinstance(m, adapters.Adapted) for m in again.modules()) == 4
    assert torch.equal(answer(again), answer(model))


def test_adapters_serve_in_the_graph_with_the_same_logits(tiny: str, tmp_path: Path) -> None:
    model = load_model(tiny, LABELS)
    methods.prepare(model, RECIPE, "classification")
    shake(model)
    expected = answer(methods.merge(model))
    path = tmp_path / "model.onnx"
    write_onnx(Logits(model.eval()), list(TOKENS), path)
    session = onnxruntime.InferenceSession(path)
    (logits,) = session.run(None, {name: value.numpy() for name, value in TOKENS.items()})
    assert np.allclose(logits, expected, atol=1e-4)
