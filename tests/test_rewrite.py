"""The rewritten graph: the same numbers by less work, and what looks unlike stays as it is."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np
import onnx_ir as ir
import onnxruntime
import pytest
import torch
from transformers import BertConfig, BertForSequenceClassification

from trainer.export import Logits, write_onnx
from trainer.rewrite import rewrite

# torch's exporter warns of torch's own deprecations.
pytestmark = [
    pytest.mark.filterwarnings("ignore::FutureWarning", "ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore:.*axis name:UserWarning"),
]

LAYERS, HEADS, WIDTH = 2, 4, 32
INPUTS = ["input_ids", "token_type_ids", "attention_mask"]


@pytest.fixture(scope="module")
def bert() -> BertForSequenceClassification:
    torch.manual_seed(0)
    config = BertConfig(
        vocab_size=50,
        hidden_size=WIDTH,
        num_hidden_layers=LAYERS,
        num_attention_heads=HEADS,
        intermediate_size=64,
    )
    model = BertForSequenceClassification(config)
    model.eval()
    return model


@pytest.fixture(scope="module")
def path(bert: BertForSequenceClassification, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("graph") / "model.onnx"
    write_onnx(Logits(bert), INPUTS, path)
    return path


def test_every_row_of_a_padded_batch_is_answered_as_by_torch(
    bert: BertForSequenceClassification, path: Path
) -> None:
    lengths = torch.tensor([[1], [3], [9]])
    tokens = {
        "input_ids": torch.randint(50, (3, 9)),
        "token_type_ids": torch.zeros(3, 9, dtype=torch.int64),
        "attention_mask": (torch.arange(9) < lengths).long(),
    }
    with torch.inference_mode():
        expected = bert(**tokens).logits.numpy()
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    (found,) = session.run(None, {name: value.numpy() for name, value in tokens.items()})
    assert np.allclose(found, expected, atol=1e-5)


def test_heads_are_not_copied_apart_and_the_last_layer_works_for_one_token(path: Path) -> None:
    graph = ir.load(path).graph
    assert Counter(node.op_type for node in graph)["Transpose"] == 0
    attentions = [node for node in graph if node.op_type == "Attention"]
    assert [node.attributes["q_num_heads"].value for node in attentions] == [HEADS] * LAYERS
    asking = [maker(maker(maker(node.inputs[0]).inputs[0]).inputs[0]) for node in attentions]
    assert [node.op_type for node in asking] == ["LayerNormalization", "Gather"]


def maker(value: ir.Value | None) -> ir.Node:
    node = value.producer() if value else None
    assert node
    return node


def test_a_graph_of_another_kind_stays_as_it_is() -> None:
    x = ir.val("x", ir.DataType.FLOAT, ["batch", "tokens", 4])
    flat = ir.node("ReduceMean", [x])
    graph = ir.Graph([x], flat.outputs, nodes=[flat], opset_imports={"": 23}, name="mean")
    rewrite(ir.Model(graph, ir_version=10))
    assert [node.op_type for node in graph] == ["ReduceMean"]
