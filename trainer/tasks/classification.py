"""Classifying texts: the rows, the model with its head, and the metrics while it trains."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.compute as pc
import pyarrow.parquet as pq
import torch
from datasets import ClassLabel, Dataset, DatasetDict, concatenate_datasets
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

from trainer import compression, evaluate, inference, pruning
from trainer.augment import Varied
from trainer.balance import WeighedLoss
from trainer.compare.classification import compare, compare_on_corrections
from trainer.compare.contender import contenders
from trainer.compression import Decide, Given, Measure, Measured, Witness
from trainer.distillation import Lesson, Loss, TaughtLoss, cross_entropy
from trainer.export import drafted, export_graph, input_names, save_torch, write_card
from trainer.failures import RunFailed
from trainer.fit import Exact
from trainer.predict import Classifier, Logits
from trainer.pretrained import cut_length, load_tokenizer, restore_adapters, safe_weights
from trainer.pruning import Pruned
from trainer.spec import (
    SPLITS,
    Baseline,
    Comparison,
    Difference,
    Interval,
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
    pruned: Pruned | None = None


class Classification:
    """Fine-tune an encoder to give each text one label."""

    metric, greater_is_better = "macro_f1", True

    def __init__(self, spec: RunSpec, work: TrainWork) -> None:
        self.loaded = load(spec.dataset_dir, work)
        self.model, self.tokenizer = self.loaded.model, self.loaded.tokenizer
        self.balanced = work.recipe.balanced
        self.rows = {split: len(self.loaded.rows[split]) for split in SPLITS}
        self._lesson = (
            Lesson(spec, work.teacher, self.loaded.labels, work.task) if work.teacher else None
        )
        self._logits = np.empty((0, 0), np.float32)  # [test rows, labels], of what serves

    def make_trainer(
        self, model: nn.Module, arguments: Mapping[str, Any], callbacks: Sequence[TrainerCallback]
    ) -> Trainer:
        train = self.loaded.encoded["train"]
        loss: Loss | None = WeighedLoss(self.true("train")) if self.balanced else None
        if self._lesson:
            train = self._lesson.pack(train, self.texts("train"), self.true("train"), "label")
            usual, none = loss or cross_entropy, torch.zeros(())
            loss = TaughtLoss(self._lesson.teacher, "classification", usual, none)
        return Exact(
            model=model,
            args=TrainingArguments(**arguments),
            data_collator=DataCollatorWithPadding(self.tokenizer),
            train_dataset=train,
            eval_dataset=self.loaded.encoded["validation"],
            compute_loss_func=loss,
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
            model,
            self.loaded,
            folder=folder,
            origin=origin,
            threads=threads,
            lesson=self._lesson,
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

    def texts(self, split: str) -> list[str]:
        return list(self.loaded.rows[split]["text"])

    def extend(self, varied: Sequence[Varied], model: PreTrainedModel) -> Classification:
        """Give the same task for another model, with rows added that are labelled as their sources."""
        train = self.loaded.rows["train"]
        labels = train.select([row.source for row in varied])["label"]
        added = {"text": [row.text for row in varied], "label": list(labels)}
        rows = DatasetDict(self.loaded.rows)
        rows["train"] = concatenate_datasets([train, Dataset.from_dict(added, train.features)])
        encoded = encode(rows, self.tokenizer, self.loaded.max_length)
        more = copy.copy(self)
        more.model = model
        more.loaded = replace(self.loaded, rows=rows, encoded=encoded, model=model)
        more.rows = {**self.rows, "train": len(rows["train"])}
        return more

    def answer(self, model: nn.Module) -> Logits:
        """Give a trained model's logits [validation rows, labels]."""
        rows, inputs = self.loaded.encoded["validation"], input_names(self.model, self.tokenizer)
        return inference.answer(model, rows, self.tokenizer, inputs, labels=len(self.loaded.labels))

    def contrast(self, ours: Logits, others: Logits) -> Difference:
        """Compare two models' logits on the validation split."""
        return evaluate.difference(self.find_right(ours), self.find_right(others))

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
    model: PreTrainedModel,
    loaded: Loaded,
    *,
    folder: Path,
    origin: Mapping[str, Any],
    threads: int,
    lesson: Lesson | None = None,
) -> tuple[Exported, Logits]:
    """Write the folder that serves; give its calibration, and its logits on the test split.

    A pruned model is measured beside itself with the whole vocabulary, a taught one beside its
    teacher.
    """
    model = model.cpu().float().eval()
    card = {**origin, **_describe_inputs(loaded)}
    true, texts = np.array(loaded.rows["test"]["label"]), list(loaded.rows["test"]["text"])
    witness = Witness(partial(judge, true))
    write = partial(
        export_graph,
        texts=texts,
        load=lambda folder: Classifier.load(folder, threads=threads).logits,
        judge=witness,
    )
    with drafted(folder) as draft:
        save_torch(model, loaded.tokenizer, draft / "torch")
        exported, logits = write(LogitsOnly(model), draft, tokenizer=loaded.tokenizer, card=card)
        forms = witness.forms(exported, model)
        if loaded.pruned:
            whole = pruning.restore(model, loaded.pruned)
            forms += compression.measure_unpruned(
                whole, LogitsOnly(whole), loaded.pruned, card=card, write=write, witness=witness
            )
        if lesson:
            forms += compression.measure_teacher(lesson, texts, texts)
        temperature, threshold = _calibrate(draft, loaded.rows["validation"], threads)
        calibration = {"temperature": temperature, "threshold": threshold}
        write_card(draft, {**card, **calibration, "format": exported.format})
        np.savez(draft / "test_predictions.npz", logits=logits, true=true)
    table = compression.tabulate(forms, *_reading(true, loaded.labels))
    return Exported(exported, temperature, threshold, table), logits


def _reading(true: NDArray[np.int64], labels: Sequence[str]) -> tuple[Decide, Measure]:
    """Say how logits of the test rows are read, and how well some rows are answered."""

    def measure(given: Given, rows: Measured) -> Interval:
        return evaluate.score(true[rows], given[rows], labels).accuracy

    return lambda logits: logits.argmax(axis=1), measure


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
    tokenizer, pruned = load_tokenizer(work.base_model), None
    model.config.pad_token_id = tokenizer.pad_token_id
    if work.prune_vocabulary:
        pruned = pruning.prune(model, tokenizer, list(rows["train"]["text"]), work.base_model)
        tokenizer = pruned.tokenizer
    max_length = cut_length(work.recipe.max_length, tokenizer, model)
    encoded = encode(rows, tokenizer, max_length)
    return Loaded(rows, encoded, labels, tokenizer, model, max_length, pruned)


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
