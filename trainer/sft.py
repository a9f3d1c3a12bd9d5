"""Supervised fine-tuning by trl: its batches seeded, its figures no more than are asked for."""

from __future__ import annotations

import math
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from datasets import Dataset
from peft import PeftModel
from transformers import Trainer
from trl.trainer.sft_config import SFTConfig
from trl.trainer.sft_trainer import SFTTrainer

from trainer.fit import Exact
from trainer.turns import Pair

EVAL_BATCH = 8  # answers; scores over a vocabulary take more room than those of a few labels


class AnswerTrainer(Exact, SFTTrainer):
    """trl's trainer on pairs that are tokens already, their loss on the answers alone.

    What a method added to the model is saved in `adapter`, at its best, before it is merged.
    """

    def __init__(self, *, adapter: Path, **settings: Any) -> None:  # noqa: ANN401  (trl's)
        super().__init__(**settings)
        self._adapter = adapter

    def train(self, *args: Any, **settings: Any) -> Any:  # noqa: ANN401  (the superclass's)
        done = super().train(*args, **settings)
        if isinstance(self.model, PeftModel) and self.is_world_process_zero():
            shutil.rmtree(self._adapter, ignore_errors=True)
            self.model.save_pretrained(str(self._adapter))
        return done

    def log(self, logs: dict[str, float], start_time: float | None = None) -> None:
        """Log what every run does; of an evaluation its perplexity, which trl leaves out."""
        if "eval_loss" in logs:
            logs["eval_perplexity"] = math.exp(logs["eval_loss"])
        for gathered in self._metrics.values():  # trl's own, of which nobody asks
            gathered.clear()
        Trainer.log(self, logs, start_time)

    def create_model_card(self, *_: Any, **__: Any) -> None:  # noqa: ANN401  (trl's signature)
        """Write none into checkpoints."""


def configure(arguments: Mapping[str, Any]) -> SFTConfig:
    """Complete the arguments of a run by those of trl: the rows are ready, and none is cut."""
    chosen = {"gradient_checkpointing": False} | dict(arguments)
    return SFTConfig(
        **chosen | {"per_device_eval_batch_size": EVAL_BATCH},
        max_length=None,
        dataset_kwargs={"skip_prepare_dataset": True},
    )


def as_dataset(pairs: Sequence[Pair]) -> Dataset:
    """Give pairs as rows with their length, by which they share batches."""
    return Dataset.from_dict(
        {
            "input_ids": [pair.input_ids for pair in pairs],
            "labels": [pair.labels for pair in pairs],
            "length": [len(pair.input_ids) for pair in pairs],
        }
    )
