"""Bottleneck adapters after Houlsby et al. 2019: two in each layer, the rest of it frozen."""

from __future__ import annotations

from typing import cast

import torch
from torch import nn
from torch.nn import functional
from transformers import PreTrainedModel

from trainer import blocks

BESIDE = "bottleneck_adapters"  # the key of a model's config that tells their size


class Adapted(nn.Linear):
    """A linear layer with an adapter behind it; at first it changes nothing."""

    def __init__(self, linear: nn.Linear, size: int) -> None:
        bias = linear.bias is not None
        super().__init__(linear.in_features, linear.out_features, bias=bias, device="meta")
        self.weight, self.bias = linear.weight, linear.bias
        self.down = nn.Linear(linear.out_features, size)
        self.up = nn.Linear(size, linear.out_features)
        nn.init.normal_(self.down.weight, std=0.01)
        nn.init.zeros_(self.up.weight)
        nn.init.zeros_(self.up.bias)

    def forward(self, hidden: torch.Tensor) -> torch.Tensor:
        """Give [..., out_features]."""
        hidden = super().forward(hidden)
        change: torch.Tensor = self.up(functional.gelu(self.down(hidden)))
        return hidden + change


def add(model: PreTrainedModel, size: int) -> None:
    """Put an adapter behind the attention and the feed-forward part of each layer, in place.

    Houlsby et al. 2019, *Parameter-Efficient Transfer Learning for NLP*, section 2.1. They stay in
    the graph: nothing is merged. The model's config remembers their size.
    """
    for name in (name for layer in blocks.outputs(model) for name in layer):
        linear = cast("nn.Linear", model.get_submodule(name))
        model.set_submodule(name, Adapted(linear, size), strict=True)
    setattr(model.config, BESIDE, size)


def freeze_the_rest(model: PreTrainedModel) -> None:
    """Train the adapters and the layer norms alone, as the paper does beside the head."""
    model.requires_grad_(False)
    for module in model.modules():
        if isinstance(module, Adapted):
            module.down.requires_grad_(True)
            module.up.requires_grad_(True)
        elif "Norm" in type(module).__name__:
            module.requires_grad_(True)
