"""Classifying texts: the rows, the model with its head, and the metrics while it trains."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.compute as pc
import pyarrow.parquet as pq
import torch
from datasets import ClassLabel, Dataset, DatasetDict
from numpy.typing import NDArray
from torch import nn
from transformers import (
    AutoModelForSequenceClassification,
    DataCollatorWithPadding,
    EvalPrediction,
    PreTrainedModel,
    PreTrainedTokenizerFast,
    Trainer,
    TrainerCallback,
    TrainingArguments,
)

from trainer import evaluate
from trainer.balance import WeighedLoss
from trainer.compare.classification import compare, compare_on_corrections
from trainer.compare.contender import contenders
from trainer.export import drafted, export_graph, input_names, save_torch, write_card
from trainer.failures import RunFailed
from trainer.fit import Exact
from trainer.predict import Classifier, Logits
from trainer.pretrained import cut_length, load_tokenizer, restore_adapters, safe_weights
from trainer.spec import (
    SPLITS,
    Baseline,
    Comparison,
    Difference,
    OnCorrections,
    Rival,
    RunSpec,
    Scores,
    TrainWork,
)
from trainer.tasks import Exported


@dataclass(frozen=True)
class Loaded:
    """All that training starts from."""

    rows: DatasetDict  # text and label (an index into `labels`), by split
    encoded: DatasetDict  # the same rows as token ids, cut at `max_length`
    labels: list[str]
    tokenizer: PreTrainedTokenizerFast
    model: PreTrainedModel
    max_length: int


class Classification:
    """Fine-tune an encoder to give each text one label."""

    metric, greater_is_better = "macro_f1", True

    def __init__(self, spec: RunSpec, work: TrainWork) -> None:
        self.loaded = load(spec.dataset_dir, work)
        self.model, self.tokenizer = self.loaded.model, self.loaded.tokenizer
        self.balanced = work.recipe.balanced
        self.rows = {split: len(self.loaded.rows[split]) for split in SPLITS}
        self._logits = np.empty((0, 0), np.float32)  # [test rows, labels], of what serves

    def make_trainer(
        self, model: nn.Module, arguments: Mapping[str, Any], callbacks: Sequence[TrainerCallback]
    ) -> Trainer:
        return Exact(
            model=model,
            args=TrainingArguments(**arguments),
            data_collator=DataCollatorWithPadding(self.tokenizer),
            train_dataset=self.loaded.encoded["train"],
            eval_dataset=self.loaded.encoded["validation"],
            compute_loss_func=WeighedLoss(self.true("train")) if self.balanced else None,
            compute_metrics=compute_metrics,
            callbacks=list(callbacks),
        )

    def export(
        self, model: PreTrainedModel, *, folder: Path, origin: Mapping[str, Any], threads: int
    ) -> Exported:
        """Write model.onnx, tokenizer.json and model.json for serving; torch/ for training on.

        test_predictions.npz has the logits and true labels of the test split, in its order, for
        comparing. Temperature and threshold are chosen on the validation split, by what serves.
        """
        exported, self._logits = export(
            model, self.loaded, folder=folder, origin=origin, threads=threads
        )
        return exported

    def test(self) -> Scores:
        return evaluate.score(self.true("test"), self._predicted, self.loaded.labels)

    def baselines(self) -> list[Baseline]:
        # Imported here, as below: scikit-learn takes most of a second, and the steps come first.
        from trainer.baselines import compare_baselines  # noqa: PLC0415

        return compare_baselines(self.loaded.rows, self._predicted)

    def compare(
        self, spec: RunSpec, rival: Rival
    ) -> tuple[Comparison | None, OnCorrections | None]:
        ours, theirs = contenders(spec, rival)
        return (
            compare(ours, theirs, threads=spec.threads),
            compare_on_corrections(ours, theirs, threads=spec.threads),
        )

    def true(self, split: str) -> NDArray[np.int64]:
        """Give the labels [rows] of a split."""
        return np.array(self.loaded.rows[split]["label"])

    def find_right(self, logits: Logits) -> NDArray[np.bool_]:
        """Say which validation rows logits [rows, labels] answer rightly."""
        return np.asarray(logits.argmax(axis=1) == self.true("validation"))

    def try_words(self) -> float:
        """Give the accuracy on the validation split of what knows the words of a text alone."""
        from trainer.baselines import by_words  # noqa: PLC0415

        train, validation = self.loaded.rows["train"], self.loaded.rows["validation"]
        texts = list(train["text"])
        answers = by_words(texts).fit(texts, train["label"]).predict(list(validation["text"]))
        return float((answers == self.true("validation")).mean())

    @property
    def _predicted(self) -> NDArray[np.int64]:
        return np.asarray(self._logits.argmax(axis=1))


def export(
    model: PreTrainedModel, loaded: Loaded, *, folder: Path, origin: Mapping[str, Any], threads: int
) -> tuple[Exported, Logits]:
    """Write the folder that serves; give its calibration, and its logits on the test split."""
    model = model.cpu().float().eval()
    card = {**origin, **_describe_inputs(loaded)}
    true = np.array(loaded.rows["test"]["label"])
    with drafted(folder) as draft:
        save_torch(model, loaded.tokenizer, draft / "torch")
        exported, logits = export_graph(
            LogitsOnly(model),
            draft,
            tokenizer=loaded.tokenizer,
            card=card,
            texts=list(loaded.rows["test"]["text"]),
            load=lambda folder: Classifier.load(folder, threads=threads).logits,
            judge=partial(judge, true),
        )
        temperature, threshold = _calibrate(draft, loaded.rows["validation"], threads)
        calibration = {"temperature": temperature, "threshold": threshold}
        write_card(draft, {**card, **calibration, "format": exported.format})
        np.savez(draft / "test_predictions.npz", logits=logits, true=true)
    return Exported(exported, temperature, threshold), logits


def judge(true: NDArray[np.int64], int8: Logits, fp32: Logits) -> tuple[float, Difference]:
    """Tell the share of rows on which both formats give one label, and int8's accuracy less fp32's."""
    a, b = int8.argmax(axis=1), fp32.argmax(axis=1)
    return float((a == b).mean()), evaluate.difference(a == true, b == true)


class LogitsOnly(nn.Module):
    """The model with nothing but its logits as output."""

    def __init__(self, model: PreTrainedModel) -> None:
        super().__init__()
        self.model = model

    def forward(self, tokens: dict[str, torch.Tensor]) -> torch.Tensor:
        logits: torch.Tensor = self.model(**tokens).logits
        return logits


def _describe_inputs(loaded: Loaded) -> dict[str, Any]:
    return {
        "labels": loaded.labels,
        "max_length": loaded.max_length,
        "inputs": input_names(loaded.model, loaded.tokenizer),
        "pad_token_id": loaded.tokenizer.pad_token_id,
        "temperature": 1.0,  # until they are chosen
        "threshold": 0.0,
    }


def _calibrate(folder: Path, validation: Dataset, threads: int) -> tuple[float, float]:
    logits = Classifier.load(folder, threads=threads).logits(list(validation["text"]))
    true = np.array(validation["label"])
    temperature = evaluate.fit_temperature(logits, true)
    return temperature, evaluate.choose_threshold(evaluate.softmax(logits, temperature), true)


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
        restore_adapters(model, source)
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
