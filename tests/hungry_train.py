"""A training process whose batches of more than FEW rows ask for memory that no machine has.

Run as `python -m hungry_train SPEC.json`: the allocation is real, and so is its failure.
"""

from __future__ import annotations

import functools
import sys
from typing import Any

import torch
from transformers import BertForSequenceClassification

from trainer import train

FEW = 4
TOO_MUCH = 2**44  # bytes a row
_forward = BertForSequenceClassification.forward


@functools.wraps(_forward)
def forward(self: BertForSequenceClassification, **inputs: Any) -> Any:
    rows = len(inputs["input_ids"])
    if self.training and rows > FEW:
        torch.empty(rows * TOO_MUCH, dtype=torch.uint8)
    return _forward(self, **inputs)


if __name__ == "__main__":
    setattr(BertForSequenceClassification, "forward", forward)  # noqa: B010  (mypy: a method)
    sys.exit(train.main())
