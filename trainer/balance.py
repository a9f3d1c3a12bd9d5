"""Weights by which rare labels count for more in a classifier's loss."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn import functional


class WeighedLoss:
    """Cross-entropy in which every label counts for as much, whatever its rows are."""

    def __init__(self, labels: NDArray[np.int64]) -> None:
        """Take the labels [rows] of the training split; each occurs."""
        # Imported here: it takes most of a second, and few runs balance.
        from sklearn.utils.class_weight import compute_class_weight  # noqa: PLC0415

        weights = compute_class_weight("balanced", classes=np.unique(labels), y=labels)
        self.weights = torch.tensor(weights, dtype=torch.float32)

    def __call__(
        self,
        outputs: Mapping[str, torch.Tensor],
        labels: torch.Tensor,
        num_items_in_batch: torch.Tensor | int | None = None,
    ) -> torch.Tensor:
        """Give the mean over the rows of a step, whose weights are 1 on average."""
        logits = outputs["logits"].float()
        weights = self.weights.to(logits.device)
        loss = functional.cross_entropy(logits, labels, weight=weights, reduction="sum")
        # Of accumulated batches it counts the rows of all.
        return loss / (len(labels) if num_items_in_batch is None else num_items_in_batch)
