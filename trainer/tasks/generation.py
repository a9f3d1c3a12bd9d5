"""Writing answers: a causal language model tuned on pairs of question and answer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.compute as pc
import pyarrow.parquet as pq
import torch
from torch import nn
from transformers import PreTrainedModel, PreTrainedTokenizerFast, Trainer, TrainerCallback

from trainer import device, evaluate, sft
from trainer.export import drafted, save_torch, write_card
from trainer.failures import RunFailed
from trainer.pretrained import NO_LIMIT, cut_length
from trainer.spec import (
    SPLITS,
    Baseline,
    Comparison,
    Difference,
    GenerationScores,
    OnCorrections,
    Recipe,
    Rival,
    RunSpec,
    Sample,
    TrainWork,
    Turn,
    dataset_dir,
    text_hash,
)
from trainer.tasks import Exported
from trainer.turns import Pair, encode_pair
from trainer.writer import Losses, Writer, load_model, load_words, stored_format

ADDED = ("lora", "adalora", "ia3")  # methods whose own weights stand beside the model's
MERGED_BYTES = 8_000_000_000  # of a larger model the adapter alone is kept
ANSWER_TOKENS = 256  # that it may write in chat
SAMPLES, SAMPLE_TOKENS, SAMPLE_CHARACTERS = 3, 80, 300


@dataclass(frozen=True)
class Rows:
    """The pairs of a split that can be learnt from, and how many can't."""

    questions: list[str]
    answers: list[str]
    pairs: list[Pair]
    unanswered: int
    too_long: int  # pairs whose answer alone has too many tokens


@dataclass(frozen=True)
class Look:
    """What a model makes of the test split."""

    losses: Losses
    wrote: list[str]  # to the first questions


class Generation:
    """Tune a causal language model to write the answers to questions."""

    metric, greater_is_better = "loss", False

    def __init__(self, spec: RunSpec, work: TrainWork) -> None:
        self._spec, self._work = spec, work
        self._where = "cpu" if spec.device == "cpu" else "cuda"
        self.model = load_model(work.base_model, _training_format(spec, work.recipe))
        self.tokenizer = load_words(work.base_model)
        limit = cut_length(work.recipe.max_length, self.tokenizer, self.model)
        self.splits = read_rows(spec.dataset_dir, self.tokenizer, limit)
        self.rows = {split: len(self.splits[split].pairs) for split in SPLITS}
        self._folder = spec.attempt_dir / "model"
        self._adapter = spec.attempt_dir / "adapter"

    def make_trainer(
        self, model: nn.Module, arguments: Mapping[str, Any], callbacks: Sequence[TrainerCallback]
    ) -> Trainer:
        return sft.AnswerTrainer(
            model=model,
            args=sft.configure(arguments),
            processing_class=self.tokenizer,
            train_dataset=sft.as_dataset(self.splits["train"].pairs),
            eval_dataset=sft.as_dataset(self.splits["validation"].pairs),
            callbacks=list(callbacks),
            adapter=self._adapter,
        )

    def export(
        self, model: PreTrainedModel, *, folder: Path, origin: Mapping[str, Any], threads: int
    ) -> Exported:
        """Write torch/ (the whole model, of a large one its adapter alone) and model.json.

        adapter/ is kept beside a whole model where the method has one.
        """
        del threads  # nothing is computed
        nn.Module.to(model, "cpu", stored_format(self._work.base_model))
        length = cut_length(NO_LIMIT, self.tokenizer, model)
        card = {"context_length": length, "max_tokens": min(ANSWER_TOKENS, length // 2)}
        alone = self._adapter.is_dir() and model.get_memory_footprint() > MERGED_BYTES
        with drafted(folder) as draft:
            if self._adapter.is_dir():
                self._adapter.rename(draft / ("torch" if alone else "adapter"))
            if alone:
                self.tokenizer.save_pretrained(draft / "torch")
            else:
                save_torch(model, self.tokenizer, draft / "torch")
            write_card(draft, {**origin, **card, "format": "adapter" if alone else "merged"})
        return Exported(None)

    def test(self) -> GenerationScores:
        """Measure the answers of the test split by what was exported, and by the base model."""
        self._after = self._look(Writer.open(self._folder, where=self._where))
        self._before = self._look(Writer.of(self._work.base_model, where=self._where))
        rows, losses = self.splits["test"], self._after.losses
        shown = zip(
            rows.questions, rows.answers, self._before.wrote, self._after.wrote, strict=False
        )
        return GenerationScores(
            n=len(rows.pairs),
            tokens=int(losses[:, 1].sum()),
            loss=evaluate.interval(losses, evaluate.mean),
            perplexity=evaluate.interval(losses, perplexity),
            samples=[cut_sample(*texts) for texts in shown],
            unanswered=sum(split.unanswered for split in self.splits.values()),
            too_long=sum(split.too_long for split in self.splits.values()),
        )

    def baselines(self) -> list[Baseline]:
        """Give the base model as it was before training."""
        before = self._before.losses
        sums = before.sum(axis=0)
        return [
            Baseline(
                name="before training",
                figures={"loss": float(evaluate.mean(sums)), "perplexity": float(perplexity(sums))},
                difference=compare_losses(self._after.losses, before),
            )
        ]

    def compare(
        self, spec: RunSpec, rival: Rival
    ) -> tuple[Comparison | None, OnCorrections | None]:
        """Compare on the test answers whose questions the rival hasn't learnt from.

        An answer's likelihood doesn't depend on how it is cut into tokens: both losses are a token
        of this model's.
        """
        known = set(
            (dataset_dir(spec.data_dir, rival.dataset_hash) / "seen.txt").read_text().split()
        )
        theirs = Writer.open(spec.data_dir / rival.path, where=self._where)
        rows = self.splits["test"]
        both = [
            (i, pair)
            for i, (question, answer) in enumerate(zip(rows.questions, rows.answers, strict=True))
            if text_hash(question) not in known and (pair := theirs.encode(question, answer))
        ]
        ours = self._after.losses[[i for i, _ in both]]
        nats = theirs.measure([pair for _, pair in both])[:, 0]
        found = Comparison(
            model=rival.model,
            difference=compare_losses(ours, np.column_stack([nats, ours[:, 1]])),
            left_out=len(rows.pairs) - len(both),
        )
        return found, None

    def _look(self, writer: Writer) -> Look:
        rows = self.splits["test"]
        asked = [[Turn(role="user", text=question)] for question in rows.questions[:SAMPLES]]
        wrote = [writer.answer(turns, max_tokens=SAMPLE_TOKENS)[0] for turns in asked]
        return Look(writer.measure(rows.pairs), wrote)


def read_rows(dataset_dir: Path, tokenizer: PreTrainedTokenizerFast, limit: int) -> dict[str, Rows]:
    """Read the pairs of each split, in at most `limit` tokens each.

    Raise RunFailed (bad_rows) where a split has none.
    """
    table = pq.read_table(dataset_dir / "rows.parquet", columns=["question", "answer", "split"])
    found = {}
    for split in SPLITS:
        rows = table.filter(pc.equal(table["split"], split)).to_pylist()
        answered = [row for row in rows if row["answer"].strip()]
        pairs = [
            encode_pair(tokenizer, row["question"], row["answer"], limit=limit) for row in answered
        ]
        kept = [(row, pair) for row, pair in zip(answered, pairs, strict=True) if pair]
        found[split] = Rows(
            questions=[row["question"] for row, _ in kept],
            answers=[row["answer"] for row, _ in kept],
            pairs=[pair for _, pair in kept],
            unanswered=len(rows) - len(answered),
            too_long=len(answered) - len(kept),
        )
        if not kept:
            raise _nothing_to_learn(split, found[split], limit)
    return found


def perplexity(sums: evaluate.Array) -> evaluate.Array:
    """Give e to the mean loss of sums [..., (nats, tokens)]."""
    return np.asarray(np.exp(evaluate.mean(sums)))


def compare_losses(ours: Losses, theirs: Losses) -> Difference:
    """Give the paired difference of two losses on the same answers, in nats a token."""
    return evaluate.paired_difference(ours, theirs, evaluate.mean, metric="loss", unit="nats")


def cut_sample(prompt: str, expected: str, before: str, after: str) -> Sample:
    cut = (text[:SAMPLE_CHARACTERS] for text in (prompt, expected, before, after))
    return Sample(**dict(zip(Sample.model_fields, cut, strict=True)))


def _nothing_to_learn(split: str, rows: Rows, limit: int) -> RunFailed:
    if rows.too_long:
        return RunFailed(
            "bad_rows",
            f"No answer of the {split} split fits in {limit} tokens.",
            max_length=str(2 * limit),
        )
    return RunFailed("bad_rows", f"The {split} split has no question with an answer.")


def _training_format(spec: RunSpec, recipe: Recipe) -> torch.dtype:
    """Weights that stay as they are need no more than 16 bits where the device computes in them."""
    spare = recipe.method in ADDED and recipe.precision != "fp32"
    return torch.bfloat16 if spare and device.has_bfloat16(spec.device) else torch.float32
