"""Giving texts any number of labels: the rows, the model, the weights of rare labels, thresholds."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.compute as pc
import pyarrow.parquet as pq
import torch
from datasets import Dataset, DatasetDict
from numpy.typing import NDArray
from torch import nn
from torch.nn import functional
from transformers import (
    DataCollatorWithPadding,
    EvalPrediction,
    PreTrainedModel,
    Trainer,
    TrainerCallback,
    TrainingArguments,
)

from trainer import compression, inference, label_sets, pruning
from trainer.augment import Varied
from trainer.compare.contender import contenders
from trainer.compare.multilabel import compare, compare_on_corrections
from trainer.compression import Form, Witness
from trainer.distillation import Lesson, TaughtLoss
from trainer.export import drafted, export_graph, input_names, save_torch, write_card
from trainer.failures import RunFailed
from trainer.fit import Exact
from trainer.label_sets import Sets
from trainer.predict import Classifier, Logits
from trainer.pretrained import cut_length, load_tokenizer
from trainer.pruning import Pruned
from trainer.spec import (
    SPLITS,
    Baseline,
    Comparison,
    Difference,
    Export,
    Interval,
    MultilabelScores,
    OnCorrections,
    Rival,
    RunSpec,
    TrainWork,
)
from trainer.tasks import Exported
from trainer.tasks.classification import encode, load_model

MOST_WEIGHT = 20.0  # of a rare label's rows in the loss: beyond it they are learnt by heart

Weights = NDArray[np.float32]  # [labels], of the rows that carry each


@dataclass(frozen=True)
class Rows:
    """The texts and their label sets, by split; the labels are those of training, sorted."""

    labels: list[str]
    texts: dict[str, list[str]]
    sets: dict[str, Sets]


@dataclass(frozen=True)
class Answered:
    """What one format serves, fitted on its own answers to the validation split."""

    temperature: float
    thresholds: NDArray[np.float64]  # [labels]
    given: Sets  # [test rows, labels]

    @classmethod
    def fit(cls, logits: Logits, true: Sets) -> Answered:
        """Read logits of the test rows, then the validation rows, of which `true` is known."""
        cut = len(logits) - len(true)
        temperature = label_sets.fit_temperature(logits[cut:], true)
        chances = label_sets.sigmoid(logits, temperature)
        thresholds = label_sets.fit_thresholds(chances[cut:], true)
        return cls(temperature, thresholds, chances[:cut] >= thresholds)


class Multilabel:
    """Fine-tune an encoder to give each text any number of labels."""

    metric, greater_is_better = "micro_f1", True

    def __init__(self, spec: RunSpec, work: TrainWork) -> None:
        self._rows = read_rows(spec.dataset_dir)
        self.tokenizer = load_tokenizer(work.base_model)
        self.model = load_model(work.base_model, self._rows.labels)
        self.model.config.problem_type = "multi_label_classification"
        self.model.config.pad_token_id = self.tokenizer.pad_token_id
        self._pruned: Pruned | None = None
        if work.prune_vocabulary:
            texts = self._rows.texts["train"]
            self._pruned = pruning.prune(self.model, self.tokenizer, texts, work.base_model)
            self.tokenizer = self._pruned.tokenizer
        self._length = cut_length(work.recipe.max_length, self.tokenizer, self.model)
        self._take(self._rows)
        self._lesson = (
            Lesson(spec, work.teacher, self._rows.labels, work.task) if work.teacher else None
        )
        self._weights = weigh_labels(self._rows.sets["train"], balanced=work.recipe.balanced)
        start_at_shares(self.model, self._rows.sets["train"], self._weights)
        self._answered = Answered(1.0, np.empty(0), np.empty((0, 0), bool))  # until it serves

    def make_trainer(
        self, model: nn.Module, arguments: Mapping[str, Any], callbacks: Sequence[TrainerCallback]
    ) -> Trainer:
        train, loss = self._encoded["train"], WeighedLoss(self._weights)
        taught: TaughtLoss | None = None
        if self._lesson:
            true = self._rows.sets["train"]
            train = self._lesson.pack(train, self._rows.texts["train"], true, "labels")
            offsets = torch.from_numpy(np.log(self._weights))
            taught = TaughtLoss(self._lesson.teacher, "multilabel", loss, offsets)
        return Exact(
            model=model,
            args=TrainingArguments(**arguments),
            data_collator=DataCollatorWithPadding(self.tokenizer),
            train_dataset=train,
            eval_dataset=self._encoded["validation"],
            compute_loss_func=taught or loss,
            compute_metrics=self._measure,
            callbacks=list(callbacks),
        )

    def export(
        self, model: PreTrainedModel, *, folder: Path, origin: Mapping[str, Any], threads: int
    ) -> Exported:
        """Write model.onnx, tokenizer.json and model.json for serving; torch/ for training on.

        test_predictions.npz has the logits and the true label sets of the test split. Temperature
        and thresholds are fitted on the validation split, by what serves.
        """
        model = model.cpu().float().eval()
        texts, sets = self._rows.texts, self._rows.sets
        card = {**origin, **self._describe_inputs(model)}
        witness = Witness(self._judge)
        with drafted(folder) as draft:
            save_torch(model, self.tokenizer, draft / "torch")
            write = partial(
                export_graph,
                texts=[*texts["test"], *texts["validation"]],
                load=lambda folder: Classifier.load(folder, threads=threads).logits,
                judge=witness,
            )
            graph = Unweighed(model, self._weights)
            exported, logits = write(graph, draft, tokenizer=self.tokenizer, card=card)
            forms = [
                *witness.forms(exported, model),
                *self._measure_beside(model, witness, write, card),
            ]
            answered = Answered.fit(logits, sets["validation"])
            write_card(draft, {**card, **self._calibration(answered), "format": exported.format})
            test = logits[: self.rows["test"]]
            np.savez(draft / "test_predictions.npz", logits=test, true=sets["test"])
        self._answered = answered
        table = compression.tabulate(forms, self._decide, self._measure_rows)
        return Exported(exported, answered.temperature, compressed=table)

    def test(self) -> MultilabelScores:
        true, answered = self._rows.sets["test"], self._answered
        return label_sets.score(
            true, answered.given, self._rows.labels, answered.thresholds.tolist()
        )

    def baselines(self) -> list[Baseline]:
        # Imported here: scikit-learn takes most of a second, and the steps come first.
        from trainer.baselines import compare_label_sets  # noqa: PLC0415

        return compare_label_sets(self._rows.texts, self._rows.sets, self._answered.given)

    def compare(
        self, spec: RunSpec, rival: Rival
    ) -> tuple[Comparison | None, OnCorrections | None]:
        ours, theirs = contenders(spec, rival)
        return (
            compare(ours, theirs, threads=spec.threads),
            compare_on_corrections(ours, theirs, threads=spec.threads),
        )

    def texts(self, split: str) -> list[str]:
        return self._rows.texts[split]

    def extend(self, varied: Sequence[Varied], model: PreTrainedModel) -> Multilabel:
        """Give the same task for another model, with rows added that are labelled as their sources."""
        texts, sets = self._rows.texts, self._rows.sets
        sources = [row.source for row in varied]
        rows = Rows(
            self._rows.labels,
            {**texts, "train": [*texts["train"], *(row.text for row in varied)]},
            {**sets, "train": np.concatenate([sets["train"], sets["train"][sources]])},
        )
        more = copy.copy(self)
        more.model = model
        more._take(rows)  # noqa: SLF001  (its own class)
        return more

    def answer(self, model: nn.Module) -> Logits:
        """Give a trained model's logits [validation rows, labels]."""
        rows, inputs = self._encoded["validation"], input_names(self.model, self.tokenizer)
        labels = len(self._rows.labels)
        found = inference.answer(model, rows, self.tokenizer, inputs, labels=labels)
        return np.asarray(found - np.log(self._weights), np.float32)

    def contrast(self, ours: Logits, others: Logits) -> Difference:
        """Compare two models' logits on the validation split, each at its best common threshold."""
        true = self._rows.sets["validation"]
        chances = [label_sets.sigmoid(logits) for logits in (ours, others)]
        given = [x >= label_sets.fit_common_threshold(x, true) for x in chances]
        return label_sets.difference(*(label_sets.tally(true, sets) for sets in given))

    def _take(self, rows: Rows) -> None:
        self._rows, self.rows = rows, {split: len(rows.texts[split]) for split in SPLITS}
        self._encoded = encode(_to_datasets(rows), self.tokenizer, self._length)

    def _measure_beside(
        self,
        model: PreTrainedModel,
        witness: Witness,
        write: Callable[..., tuple[Export, Logits]],
        card: Mapping[str, Any],
    ) -> list[Form]:
        """Measure a pruned model with its whole vocabulary, a taught one's teacher."""
        forms, texts = [], self._rows.texts
        if self._pruned:
            whole = pruning.restore(model, self._pruned)
            graph = Unweighed(whole, self._weights)
            forms += compression.measure_unpruned(
                whole, graph, self._pruned, card=card, write=write, witness=witness
            )
        if self._lesson:
            asked = [*texts["test"], *texts["validation"]]
            forms += compression.measure_teacher(self._lesson, asked, texts["test"])
        return forms

    def _decide(self, logits: Logits) -> Sets:
        return Answered.fit(logits, self._rows.sets["validation"]).given

    def _measure_rows(self, given: Sets, rows: NDArray[np.bool_]) -> Interval:
        labels, true = self._rows.labels, self._rows.sets["test"]
        return label_sets.score(true[rows], given[rows], labels, [0.5] * len(labels)).micro_f1

    def _measure(self, prediction: EvalPrediction) -> dict[str, float]:
        """Figures of one evaluation, at the one threshold for all labels that suits it best."""
        chances = label_sets.sigmoid(np.asarray(prediction.predictions) - np.log(self._weights))
        true = np.asarray(prediction.label_ids) > 0
        return label_sets.figures(true, chances >= label_sets.fit_common_threshold(chances, true))

    def _judge(self, int8: Logits, fp32: Logits) -> tuple[float, Difference]:
        """Tell the share of test rows given the same set, and int8's micro-F1 less fp32's."""
        true, known = self._rows.sets["test"], self._rows.sets["validation"]
        a, b = (Answered.fit(logits, known).given for logits in (int8, fp32))
        tallied = (label_sets.tally(true, given) for given in (a, b))
        return float((a == b).all(axis=1).mean()), label_sets.difference(*tallied)

    def _describe_inputs(self, model: PreTrainedModel) -> dict[str, Any]:
        unfitted = Answered(1.0, np.full(len(self._rows.labels), 0.5), np.empty((0, 0), bool))
        return {
            "labels": self._rows.labels,
            "max_length": self._length,
            "inputs": input_names(model, self.tokenizer),
            "pad_token_id": self.tokenizer.pad_token_id,
            "threshold": 0.0,  # each label has its own
            **self._calibration(unfitted),
        }

    def _calibration(self, answered: Answered) -> dict[str, Any]:
        thresholds = dict(zip(self._rows.labels, answered.thresholds.tolist(), strict=True))
        return {"temperature": answered.temperature, "thresholds": thresholds}


# --- weights --------------------------------------------------------------------------------


def weigh_labels(sets: Sets, *, balanced: bool) -> Weights:
    """Weigh the rows that carry a label as much as those that don't, where `balanced`."""
    if not balanced:
        return np.ones(sets.shape[1], np.float32)
    carrying = np.maximum(sets.sum(axis=0), 1)
    weights = (len(sets) - carrying) / carrying
    return np.asarray(weights.clip(1 / MOST_WEIGHT, MOST_WEIGHT), np.float32)


def start_at_shares(model: PreTrainedModel, sets: Sets, weights: Weights) -> None:
    """Let the new head give each label its share of the training rows.

    Else the first epochs teach that most labels are rare, and nothing more (Lin et al. 2017, Focal
    Loss for Dense Object Detection, section 4.1).
    """
    shares = ((sets.sum(axis=0) + 0.5) / (len(sets) + 1)).astype(np.float32)
    odds = torch.from_numpy(np.log(shares / (1 - shares) * weights))
    *_, head = (
        part
        for part in model.modules()
        if isinstance(part, nn.Linear) and part.out_features == len(odds)
    )
    if head.bias is not None:
        with torch.no_grad():
            head.bias.copy_(odds)


class WeighedLoss:
    """Binary cross-entropy of each label, of the rows that carry it times its weight."""

    def __init__(self, weights: Weights) -> None:
        self._weights = torch.from_numpy(weights)

    def __call__(
        self,
        outputs: Mapping[str, torch.Tensor],
        labels: torch.Tensor,
        **_: None,  # how many labels: `Exact` counts none where they are no tokens
    ) -> torch.Tensor:
        logits = outputs["logits"].float()
        loss = functional.binary_cross_entropy_with_logits(
            logits, labels, pos_weight=self._weights.to(logits.device), reduction="sum"
        )
        return loss / labels.numel()


class Unweighed(nn.Module):
    """The model's logits as they are without weights, which only add their logarithm to them."""

    offsets: torch.Tensor

    def __init__(self, model: PreTrainedModel, weights: Weights) -> None:
        super().__init__()
        self.model = model
        self.register_buffer("offsets", torch.from_numpy(weights).log())

    def forward(self, tokens: dict[str, torch.Tensor]) -> torch.Tensor:
        logits: torch.Tensor = self.model(**tokens).logits
        return logits - self.offsets


# --- rows -----------------------------------------------------------------------------------


def read_rows(dataset_dir: Path) -> Rows:
    """Read each split; a row may have no label.

    Raise RunFailed (bad_labels) where nothing could be learned or measured.
    """
    table = pq.read_table(dataset_dir / "rows.parquet", columns=["text", "labels", "split"])
    splits = {name: table.filter(pc.equal(table["split"], name)) for name in SPLITS}
    carried = {name: rows["labels"].to_pylist() for name, rows in splits.items()}
    labels = check_labels(carried)
    texts = {name: rows["text"].to_pylist() for name, rows in splits.items()}
    return Rows(labels, texts, {name: to_sets(rows, labels) for name, rows in carried.items()})


def check_labels(carried: Mapping[str, Sequence[Sequence[str]]]) -> list[str]:
    """Give the labels of the training split, sorted, where they can be learned and measured."""
    for split, rows in carried.items():
        if not rows:
            raise RunFailed("bad_labels", f"The {split} split has no rows.")
    found = {split: {label for row in rows for label in row} for split, rows in carried.items()}
    names = sorted(found["train"])
    if not names:
        raise RunFailed("bad_labels", "No training row carries a label.")
    if len(names) < 2:  # noqa: PLR2004  (of one alone nothing could be told apart)
        raise RunFailed("bad_labels", f"The training split has one label only: {names[0]!r}.")
    for split, labels in found.items():
        if unseen := sorted(labels - found["train"]):
            raise RunFailed(
                "bad_labels",
                f"The {split} split has the label {unseen[0]!r}, which no training row carries.",
            )
    return names


def to_sets(rows: Sequence[Sequence[str]], labels: Sequence[str]) -> Sets:
    """Mark which labels each row has: [rows, labels]."""
    places = {label: place for place, label in enumerate(labels)}
    sets = np.zeros((len(rows), len(labels)), bool)
    for row, carried in enumerate(rows):
        sets[row, [places[label] for label in carried]] = True
    return sets


def _to_datasets(rows: Rows) -> DatasetDict:
    return DatasetDict(
        {
            split: Dataset.from_dict(
                {"text": texts, "labels": rows.sets[split].astype(np.float32).tolist()}
            )
            for split, texts in rows.texts.items()
        }
    )
