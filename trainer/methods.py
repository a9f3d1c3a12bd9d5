"""What of a model is trained: all of it, its head alone, or low-rank adapters (LoRA)."""

from __future__ import annotations

from peft import LoraConfig, PeftModel, TaskType, get_peft_model
from torch import nn
from transformers import PreTrainedModel

from trainer.spec import Method

LORA_RANK = 8


def prepare(model: PreTrainedModel, method: Method) -> PreTrainedModel | PeftModel:
    """Freeze or wrap a classifier so that the method's parameters alone are trained."""
    if method == "head":
        _freeze_encoder(model)
    if method == "lora":
        return add_lora(model)
    return model


def merge(model: PreTrainedModel | PeftModel) -> PreTrainedModel:
    """Fold adapters into the weights; any other model is returned as it is."""
    if isinstance(model, PeftModel):
        merged: PreTrainedModel = model.merge_and_unload()
        return merged
    return model


def add_lora(model: PreTrainedModel) -> PeftModel:
    """Adapt every linear layer (Dettmers et al. 2023, QLoRA) and train the head in full.

    Hu et al. 2021, *LoRA: Low-Rank Adaptation of Large Language Models*.
    """
    config = LoraConfig(
        task_type=TaskType.SEQ_CLS,
        r=LORA_RANK,
        lora_alpha=2 * LORA_RANK,
        target_modules="all-linear",
    )
    adapted = get_peft_model(model, config)
    assert isinstance(adapted, PeftModel)  # noqa: S101  (mixed adapters are the other kind)
    return adapted


def count_parameters(model: nn.Module) -> tuple[int, int]:
    """Count all parameters and those that are trained."""
    sizes = [(weight.numel(), weight.requires_grad) for weight in model.parameters()]
    return sum(size for size, _ in sizes), sum(size for size, trained in sizes if trained)


def _freeze_encoder(model: PreTrainedModel) -> None:
    """Freeze the body; its pooler, where it has one, belongs to the head that reads it."""
    body = model.base_model
    body.requires_grad_(False)
    pooler = getattr(body, "pooler", None)
    if isinstance(pooler, nn.Module):
        pooler.requires_grad_(True)
