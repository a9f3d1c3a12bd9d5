"""Small real models whose answers are known: each label is the answer to one word."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import numpy_helper, parser
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers

# Logits are the sums of the weights of a text's words.
GRAPH = """
<ir_version: 10, opset_import: ["": 18]>
keywords (int64[batch, tokens] input_ids, int64[batch, tokens] attention_mask)
    => (float[batch, labels] logits)
{
    of_each = Gather(weights, input_ids)
    mask = Cast<to = 1>(attention_mask)
    last = Constant<value_ints = [2]>()
    column = Unsqueeze(mask, last)
    counted = Mul(of_each, column)
    middle = Constant<value_ints = [1]>()
    logits = ReduceSum<keepdims = 0>(counted, middle)
}
"""


def write_keyword_model(folder: Path, words: dict[str, str], **card: Any) -> Path:
    """Write a model folder as `trainer.export` does; `words` maps each word to its label."""
    folder.mkdir(parents=True)
    labels = sorted(set(words.values()))
    vocabulary = {word: number for number, word in enumerate(["[PAD]", "[UNK]", *words])}
    weights = np.zeros((len(vocabulary), len(labels)), np.float32)
    for word, label in words.items():
        weights[vocabulary[word], labels.index(label)] = 2.0
    graph = parser.parse_model(GRAPH)
    graph.graph.initializer.append(numpy_helper.from_array(weights, "weights"))
    onnx.save(graph, folder / "model.onnx")

    tokenizer = Tokenizer(models.WordLevel(vocabulary, unk_token="[UNK]"))  # noqa: S106
    tokenizer.normalizer = normalizers.Lowercase()
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.save(str(folder / "tokenizer.json"))
    usual = {
        "labels": labels,
        "inputs": ["input_ids", "attention_mask"],
        "pad_token_id": 0,
        "max_length": 128,
        "temperature": 1.0,
        "threshold": 0.6,
        "format": "fp32",
    }
    (folder / "model.json").write_text(json.dumps(usual | card), encoding="utf-8")
    return folder
