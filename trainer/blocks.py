"""Where in a network its layers are, whatever its architecture calls them."""

from __future__ import annotations

from collections.abc import Iterator

from torch import nn
from transformers import PreTrainedModel
from transformers.pytorch_utils import Conv1D

# How architectures call what makes an attention's keys and values.
KEYS_AND_VALUES = {
    *("key", "value", "key_proj", "value_proj"),  # BERT and its kin
    *("k_lin", "v_lin", "k_proj", "v_proj", "k", "v"),  # DistilBERT, Llama, MPNet
}


def layers(model: PreTrainedModel) -> Iterator[tuple[str, nn.Module]]:
    """Name the layers in their order: the entries of each list as long as the network is deep."""
    depth = getattr(model.config, "num_hidden_layers", 0)
    for name, module in model.named_modules():
        if isinstance(module, nn.ModuleList) and len(module) == depth:
            yield from ((f"{name}.{number}", layer) for number, layer in enumerate(module))


def outputs(model: PreTrainedModel) -> list[list[str]]:
    """Name, layer by layer, the projections whose outputs are added to the residual stream.

    Of each part of a layer (attention, feed-forward) it is the last linear module that gives the
    network's width. Empty where the architecture has none of nn.Linear, as GPT-2.
    """
    width = getattr(model.config, "hidden_size", 0)
    return [
        [found[-1] for part in layer.named_children() if (found := _linear(name, part, width))]
        for name, layer in layers(model)
    ]


def linear(body: nn.Module, *, prefix: str = "") -> list[str]:
    """Name every linear layer of a body, its pooler's too."""
    return [
        prefix + name
        for name, module in body.named_modules()
        if isinstance(module, nn.Linear | Conv1D)
    ]


def keys_and_values(model: PreTrainedModel) -> list[str]:
    """Name the linear modules that make keys and values, each of its own."""
    return [
        f"{name}.{path}"
        for name, layer in layers(model)
        for path, module in layer.named_modules()
        if isinstance(module, nn.Linear) and path.rpartition(".")[2] in KEYS_AND_VALUES
    ]


def _linear(layer: str, part: tuple[str, nn.Module], width: int) -> list[str]:
    name, module = part
    return [
        f"{layer}.{name}.{path}".removesuffix(".")
        for path, inner in module.named_modules()
        if isinstance(inner, nn.Linear) and inner.out_features == width
    ]
