"""AdaLoRA's ranks over the steps of this very job: where they are taken away, and how a resumed run knows."""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

import torch
from peft import AdaLoraConfig, AdaLoraModel, PeftModel
from torch import nn
from transformers import TrainerCallback
from transformers import TrainerControl as Control
from transformers import TrainerState as State
from transformers import TrainingArguments as Args

FILE = "ranks.pt"  # in a checkpoint
FIRST, LAST = 0.1, 0.3  # shares of the steps: before ranks go, and after they have gone
_IMPORTANCE = ("ipt", "exp_avg_ipt", "exp_avg_unc")


def callbacks(model: nn.Module, resumed_from: Path | None) -> list[TrainerCallback]:
    """Give what a method has to do beside the steps; before those that declare a checkpoint whole."""
    tuner = getattr(model, "base_model", None)
    if isinstance(model, PeftModel) and isinstance(tuner, AdaLoraModel):
        return [RankAllocation(tuner, resumed_from)]
    return []


class RankAllocation(TrainerCallback):
    """Take ranks away as AdaLoRA's schedule says, which is counted in the Trainer's own steps.

    peft keeps its marks of what matters in memory alone, and cuts the weights of a checkpoint to
    the ranks that are left, which neither an optimiser nor an earlier checkpoint fits: so the
    marks are kept beside the checkpoint, and the weights at their full size.
    """

    def __init__(self, tuner: AdaLoraModel, resumed_from: Path | None) -> None:
        self._tuner = tuner
        self._config = cast("AdaLoraConfig", tuner.peft_config[tuner.trainable_adapter_name])
        self._left: dict[str, list[bool]] | None = None
        if resumed_from:
            self._restore(torch.load(resumed_from / FILE, weights_only=True))

    def on_train_begin(self, args: Args, state: State, control: Control, **kwargs: Any) -> None:
        self._config.total_step = state.max_steps
        self._config.tinit = int(FIRST * state.max_steps)
        self._config.tfinal = int(LAST * state.max_steps)

    def on_optimizer_step(self, args: Args, state: State, control: Control, **kwargs: Any) -> None:
        self._config.rank_pattern = self._left
        self._tuner.update_and_allocate(state.global_step + 1)  # type: ignore[no-untyped-call]
        # peft would cut a saved state by it, and the model on loading one.
        self._left, self._config.rank_pattern = self._config.rank_pattern, None

    def on_save(self, args: Args, state: State, control: Control, **kwargs: Any) -> None:
        if state.is_world_process_zero:
            marks = {name: getattr(self._tuner.rankallocator, name) for name in _IMPORTANCE}
            folder = Path(str(args.output_dir)) / f"checkpoint-{state.global_step}"
            torch.save({**marks, "left": self._left}, folder / FILE)

    def _restore(self, saved: dict[str, Any]) -> None:
        self._left = saved["left"]
        for name in _IMPORTANCE:
            setattr(self._tuner.rankallocator, name, saved[name])
