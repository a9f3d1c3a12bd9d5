"""Base models too small to learn much, for tests of what happens to a run while it runs."""

from __future__ import annotations

from pathlib import Path

import torch
from transformers import BertConfig, BertForSequenceClassification

from trainer.pretrained import load_tokenizer


def write_classifier(folder: Path) -> str:
    """Write a random classifier of 2 layers × 32 with the packaged encoder's tokenizer."""
    tokenizer = load_tokenizer("minilm")
    torch.manual_seed(0)
    config = BertConfig(
        vocab_size=len(tokenizer),
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=64,
    )
    config.num_labels = 3
    BertForSequenceClassification(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return str(folder)
