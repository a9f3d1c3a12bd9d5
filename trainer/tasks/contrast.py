"""Contrastive steps of a recommender: a choice against what was left and what others took."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, cast

import numpy as np
import torch
from torch import nn
from torch.nn import functional
from transformers import DataCollatorWithPadding, PreTrainedModel, PreTrainedTokenizerFast

from trainer.encoder import MeanPooled
from trainer.fit import EVAL_BATCH, Exact
from trainer.taste.score import Vectors

SCALE = 20.0  # of cosines, to be logits: as sentence-transformers has it
Tensors = dict[str, torch.Tensor]
Tokens = Sequence[Sequence[int]]  # ids, a list an item


class Batches:
    """Put choices together so that each item of a batch is encoded once."""

    def __init__(
        self,
        tokens: Tokens,
        tokenizer: PreTrainedTokenizerFast,
        *,
        taken: Mapping[int, frozenset[int]],
    ) -> None:
        """`taken` has what each person took: what they will take later is no counterexample."""
        self._tokens = tokens
        self._pad = DataCollatorWithPadding(tokenizer)
        self._taken = taken

    def __call__(self, rows: Sequence[Mapping[str, Any]]) -> Tensors:
        """Give target [rows], history and candidates [rows, items], and the items' tokens.

        The candidates of a choice are itself, what its person was shown and left, and what others
        took. What is popular is in a batch more often, so that the model learns how much likelier
        than usual a choice is.
        """
        targets = {row["item"] for row in rows}
        used = sorted(targets.union(*(row["history"] + row["left"] for row in rows)))
        place = {item: index for index, item in enumerate(used)}
        history, candidates = torch.zeros(2, len(rows), len(used))
        for i, row in enumerate(rows):
            history[i, [place[item] for item in row["history"]]] = 1
            others = targets - self._taken.get(row["user"], frozenset()) - set(row["history"])
            against = {row["item"], *row["left"], *others}
            candidates[i, [place[item] for item in against]] = 1
        return {
            "target": torch.tensor([place[row["item"]] for row in rows]),
            "history": history,
            "candidates": candidates,
            **self._pad([{"input_ids": self._tokens[item]} for item in used]),
        }


class Contrast(Exact):
    """The Trainer of such batches; `figures` measures a model on the validation split."""

    def __init__(
        self,
        *,
        figures: Callable[[nn.Module], Mapping[str, float]],
        **usual: Any,  # noqa: ANN401
    ) -> None:
        super().__init__(**usual)
        self._figures = figures

    def compute_loss(self, model: nn.Module, inputs: Tensors, *_: Any, **__: Any) -> torch.Tensor:  # noqa: ANN401
        """Give the cross-entropy of each choice among its candidates, by cosine to its history."""
        tokens = {name: inputs[name] for name in ("input_ids", "attention_mask")}
        vectors = _pool(model)(tokens).float()
        queries = functional.normalize(inputs["history"] @ vectors, dim=-1)
        logits = SCALE * queries @ vectors.T
        logits = logits.masked_fill(inputs["candidates"] == 0, -torch.inf)
        return functional.cross_entropy(logits, inputs["target"])

    def prediction_step(
        self,
        model: nn.Module,
        inputs: Tensors,
        *_: Any,  # noqa: ANN401
        **__: Any,  # noqa: ANN401
    ) -> tuple[torch.Tensor, None, None]:
        with torch.no_grad():
            return self.compute_loss(model, self._prepare_inputs(inputs)), None, None

    def evaluate(self, *_: Any, **__: Any) -> dict[str, float]:  # noqa: ANN401
        """Measure the loss by batches, and the figures by ranking all items."""
        model = cast("nn.Module", self.model)
        batches = self.get_eval_dataloader()
        found = self.evaluation_loop(batches, "validation", prediction_loss_only=True).metrics or {}
        figures = {f"eval_{name}": value for name, value in self._figures(model).items()}
        self.log({**found, **figures})
        self.control = self.callback_handler.on_evaluate(
            self.args, self.state, self.control, {**found, **figures}
        )
        return {**found, **figures}


def encode(model: nn.Module, tokens: Tokens, tokenizer: PreTrainedTokenizerFast) -> Vectors:
    """Encode items where the model is, in the order given: float32 [items, dimensions]."""
    pad, pooled = DataCollatorWithPadding(tokenizer), _pool(model)
    device = next(model.parameters()).device
    was_training, order = model.training, sorted(range(len(tokens)), key=lambda i: len(tokens[i]))
    model.eval()
    parts = []
    with torch.inference_mode():
        for start in range(0, len(order), EVAL_BATCH):
            batch = pad([{"input_ids": tokens[i]} for i in order[start : start + EVAL_BATCH]])
            here = {name: values.to(device) for name, values in batch.items()}
            parts.append(pooled(here).float().cpu().numpy())
    model.train(was_training)
    vectors = np.empty((len(tokens), parts[0].shape[1]), np.float32)
    vectors[order] = np.concatenate(parts)
    return vectors


def _pool(model: nn.Module) -> MeanPooled:
    return MeanPooled(cast("PreTrainedModel", model))  # wrapped, it is called in the same way
