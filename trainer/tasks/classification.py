"""Classifying texts: the rows, the model with its head, and the metrics while it trains."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.compute as pc
import pyarrow.parquet as pq
from datasets import ClassLabel, Dataset, DatasetDict
from transformers import (
    AutoModelForSequenceClassification,
    EvalPrediction,
    PreTrainedModel,
    PreTrainedTokenizerFast,
)

from trainer import evaluate
from trainer.failures import RunFailed
from trainer.pretrained import cut_length, load_tokenizer, safe_weights
from trainer.spec import SPLITS, TrainWork


@dataclass(frozen=True)
class Loaded:
    """All that training starts from."""

    rows: DatasetDict  # text and label (an index into `labels`), by split
    encoded: DatasetDict  # the same rows as token ids, cut at `max_length`
    labels: list[str]
    tokenizer: PreTrainedTokenizerFast
    model: PreTrainedModel
    max_length: int


def load(dataset_dir: Path, work: TrainWork) -> Loaded:
    """Read the rows, and the base model with a new head for their labels."""
    rows = read_rows(dataset_dir)
    labels = rows["train"].features["label"].names
    model = load_model(work.base_model, labels)
    tokenizer = load_tokenizer(work.base_model)
    model.config.pad_token_id = tokenizer.pad_token_id
    max_length = cut_length(work.recipe.max_length, tokenizer, model)
    encoded = encode(rows, tokenizer, max_length)
    return Loaded(rows, encoded, labels, tokenizer, model, max_length)


def read_rows(dataset_dir: Path) -> DatasetDict:
    """Read each split with its columns text and label, the label as an index into the names.

    The names are those of the training split, sorted. Raise RunFailed (bad_labels) where
    nothing could be learned or measured.
    """
    table = pq.read_table(dataset_dir / "rows.parquet", columns=["text", "label", "split"])
    splits = {
        name: Dataset(table.filter(pc.equal(table["split"], name)).drop_columns(["split"]))
        for name in SPLITS
    }
    names = _check_labels({name: rows["label"] for name, rows in splits.items()})
    label = ClassLabel(names=names)
    return DatasetDict({name: rows.cast_column("label", label) for name, rows in splits.items()})


def encode(rows: DatasetDict, tokenizer: PreTrainedTokenizerFast, max_length: int) -> DatasetDict:
    """Tokenise without padding, texts cut at `max_length` tokens; `length` counts each row's."""

    def tokenise(batch: Mapping[str, list[Any]]) -> dict[str, Any]:
        tokens = tokenizer(batch["text"], truncation=True, max_length=max_length)
        return {**tokens, "length": [len(ids) for ids in tokens["input_ids"]]}

    return rows.map(tokenise, batched=True, remove_columns=["text"])


def load_model(base_model: str, labels: list[str]) -> PreTrainedModel:
    """Load the encoder from safetensors alone, with a new head for the labels."""
    with safe_weights(base_model) as source:
        model: PreTrainedModel = AutoModelForSequenceClassification.from_pretrained(
            source,
            id2label=dict(enumerate(labels)),
            label2id={label: index for index, label in enumerate(labels)},
            use_safetensors=True,
            trust_remote_code=False,
            ignore_mismatched_sizes=True,  # a head for other labels is replaced
        )
    return model


def compute_metrics(prediction: EvalPrediction) -> dict[str, float]:
    """Figures of one evaluation from logits [rows, classes] and label ids [rows]."""
    logits, true = np.asarray(prediction.predictions), prediction.label_ids
    matrix = evaluate.confusion(true, logits.argmax(axis=-1), logits.shape[-1])
    return {"accuracy": evaluate.accuracy(matrix), "macro_f1": evaluate.macro_f1(matrix)}


def _check_labels(labels: Mapping[str, list[str]]) -> list[str]:
    for split, found in labels.items():
        if not len(found):
            raise RunFailed("bad_labels", f"The {split} split has no rows.")
    names = sorted(set(labels["train"]))
    if len(names) < 2:  # noqa: PLR2004  (a choice needs two)
        raise RunFailed("bad_labels", f"The training split has one label only: {names[0]!r}.")
    for split, found in labels.items():
        unseen = sorted(set(found) - set(names))
        if unseen:
            raise RunFailed(
                "bad_labels",
                f"The {split} split has the label {unseen[0]!r}, which no training row carries.",
            )
    return names
