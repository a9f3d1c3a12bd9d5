"""A model's answers to encoded rows while it trains, before there is anything to serve."""

from __future__ import annotations

from typing import Any, cast

import numpy as np
import torch
from datasets import Dataset
from numpy.typing import NDArray
from torch import nn
from transformers import DataCollatorWithPadding, PreTrainedModel, PreTrainedTokenizerFast

from trainer.export import Logits

BATCH = 64
Rows = NDArray[np.float32]  # [rows, width]


def answer(
    model: nn.Module,
    rows: Dataset,
    tokenizer: PreTrainedTokenizerFast,
    inputs: list[str],
    *,
    labels: int,
) -> Rows:
    """Give a classifier's logits [rows, labels]."""
    graph = Logits(cast("PreTrainedModel", model.eval()))
    return compute(graph, rows, tokenizer, inputs, width=labels)


@torch.inference_mode()
def compute(
    graph: nn.Module,
    rows: Dataset,
    tokenizer: PreTrainedTokenizerFast,
    inputs: list[str],
    *,
    width: int,
) -> Rows:
    """Give [rows, width] of the graph's output, on its own device; rows of like length go together."""
    tokens: Any = rows.select_columns(inputs).with_format(None)
    collate, device = DataCollatorWithPadding(tokenizer), next(graph.parameters()).device
    order = np.argsort(rows["length"], kind="stable")
    found = np.empty((len(rows), width), np.float32)
    for start in range(0, len(rows), BATCH):
        some = order[start : start + BATCH]
        batch = collate([tokens[int(row)] for row in some])
        on_device = {name: tensor.to(device) for name, tensor in batch.items()}
        found[some] = graph(on_device).float().cpu().numpy()
    return found
