"""What of a model is trained: all of it, a part of it, or something small added to it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, cast

from peft import (
    AdaLoraConfig,
    IA3Config,
    LoraConfig,
    PeftConfig,
    PeftModel,
    TaskType,
    get_peft_model,
)
from torch import nn
from transformers import PreTrainedModel

from trainer import adapters, blocks
from trainer.failures import RunFailed
from trainer.spec import Method, Recipe, Task, methods_for

Model = PreTrainedModel | PeftModel
# For SEQ_CLS peft keeps a head by the name "classifier", which not every classifier's has and IA3
# can't merge: what is kept whole is named here.
PEFT_TASKS: Mapping[Task, TaskType | None] = {
    "classification": None,
    "multilabel": None,
    "retrieval": TaskType.FEATURE_EXTRACTION,
    "recommendation": TaskType.FEATURE_EXTRACTION,
    "generation": TaskType.CAUSAL_LM,
}


def prepare(model: PreTrainedModel, recipe: Recipe, task: Task) -> Model:
    """Freeze, wrap or extend a model so that the method's parameters alone are trained.

    `model` is what the task loads: a classifier with its head, an encoder's body, or a causal LM.
    Raise RunFailed (bad_method) where the task or the architecture has nothing for the method to
    train, naming the methods that it has.
    """
    able = [method for method in available(model, task) if method in PREPARE]
    if recipe.method not in able:
        raise RunFailed(
            "bad_method",
            f"{type(model).__name__} can't be trained by method={recipe.method}: "
            f"it has {', '.join(able)}.",
            method=able[0],
        )
    return PREPARE[recipe.method](model, recipe, task)


def available(model: PreTrainedModel, task: Task) -> list[Method]:
    """List the methods by which this model can learn this task."""
    needs: Mapping[Method, Callable[[], object]] = {
        "head": lambda: head_of(model, task),
        "body": lambda: model.get_input_embeddings() is not None,
        "ia3": lambda: blocks.keys_and_values(model) and any(blocks.outputs(model)),
        "adapters": lambda: any(blocks.outputs(model)),
    }
    return [method for method in methods_for(task) if needs.get(method, lambda: True)()]


def body_of(model: PreTrainedModel) -> PreTrainedModel:
    """Give what makes a text's vectors, without the head; a model that is all body is its own."""
    return cast("PreTrainedModel", model.base_model)


def usual(model: PreTrainedModel) -> Method:
    """Choose how to fine-tune: whole, or without an embedding table that is most of the model."""
    table = model.get_input_embeddings()
    whole, _ = count_parameters(model)
    return "body" if 2 * count_parameters(table)[0] > whole else "full"


def merge(model: Model) -> PreTrainedModel:
    """Fold what was added into the weights; any other model is returned as it is."""
    if isinstance(model, PeftModel):
        merged: PreTrainedModel = model.merge_and_unload()
        return merged
    return model


def count_parameters(model: nn.Module) -> tuple[int, int]:
    """Count all parameters and those that are trained."""
    sizes = [(weight.numel(), weight.requires_grad) for weight in model.parameters()]
    return sum(size for size, _ in sizes), sum(size for size, trained in sizes if trained)


def trained_bytes(model: nn.Module) -> int:
    """Measure the trained weights: what would have to be kept beside the base model."""
    return sum(w.numel() * w.element_size() for w in model.parameters() if w.requires_grad)


def head_of(model: PreTrainedModel, task: Task) -> list[str]:
    """Name the layers of a classifier's head; the body's pooler belongs to the head it feeds.

    Empty where the task reads the body's vectors, or writes by the model's own table of tokens.
    """
    if task not in ("classification", "multilabel"):
        return []
    body = f"{model.base_model_prefix}."
    return [
        name
        for name, layer in model.named_modules()
        if (not f"{name}.".startswith(body) or f"{name}.".startswith(f"{body}pooler."))
        and [*layer.parameters(recurse=False)]
    ]


# --- one function a method --------------------------------------------------------------------


def _train_all(model: PreTrainedModel, _recipe: Recipe, _task: Task) -> Model:
    return model


def _freeze_embeddings(model: PreTrainedModel, _recipe: Recipe, _task: Task) -> Model:
    """Freeze the table of tokens: most of a multilingual encoder, and hardly moved by tuning."""
    model.get_input_embeddings().requires_grad_(False)
    return model


def _freeze_body(model: PreTrainedModel, _recipe: Recipe, task: Task) -> Model:
    model.requires_grad_(False)
    return _train_head(model, task)


def _train_head(model: PreTrainedModel, task: Task) -> PreTrainedModel:
    for name in head_of(model, task):
        model.get_submodule(name).requires_grad_(True)
    return model


def _add_lora(model: PreTrainedModel, recipe: Recipe, task: Task) -> Model:
    """Adapt every linear layer (Dettmers et al. 2023, QLoRA) and train the head in full.

    Hu et al. 2021, *LoRA: Low-Rank Adaptation of Large Language Models*.
    """
    return _wrap(model, LoraConfig, task, r=recipe.rank, lora_alpha=2 * recipe.rank)


def _add_adalora(model: PreTrainedModel, recipe: Recipe, task: Task) -> Model:
    """Begin with half as much rank again; `trainer.ranks` takes away what matters least.

    Zhang et al. 2023, *Adaptive Budget Allocation for Parameter-Efficient Fine-Tuning*.
    """
    begin = recipe.rank + (recipe.rank + 1) // 2
    return _wrap(
        model,
        AdaLoraConfig,
        task,
        target_r=recipe.rank,
        init_r=begin,
        # peft divides by the rank: at LoRA's own scale the same rates would learn next to nothing.
        lora_alpha=2 * begin,
        total_step=1,  # until the Trainer has counted the steps
    )


def _add_ia3(model: PreTrainedModel, _recipe: Recipe, task: Task) -> Model:
    """Scale keys, values and what goes through the feed-forward part.

    Liu et al. 2022, *Few-Shot Parameter-Efficient Fine-Tuning is Better and Cheaper than
    In-Context Learning*.
    """
    feedforward = [names[-1] for names in blocks.outputs(model) if names]
    return _wrap(
        model,
        IA3Config,
        task,
        target_modules=blocks.keys_and_values(model) + feedforward,
        feedforward_modules=feedforward,
        modules_to_save=head_of(model, task),
    )


def _add_adapters(model: PreTrainedModel, recipe: Recipe, task: Task) -> Model:
    if not getattr(model.config, adapters.BESIDE, None):  # else they were loaded with it
        adapters.add(model, recipe.rank)
    adapters.freeze_the_rest(model)
    return _train_head(model, task)


def _wrap(
    model: PreTrainedModel,
    kind: Callable[..., PeftConfig],
    task: Task,
    **settings: Any,  # noqa: ANN401
) -> PeftModel:
    """Adapt the linear layers unless told which; the head is trained and kept in full."""
    usual = {
        "target_modules": blocks.linear(model.base_model, prefix=_prefix(model)),
        "modules_to_save": [name for name in head_of(model, task) if "pooler" not in name],
    }
    config = kind(task_type=PEFT_TASKS[task], **usual | settings)
    adapted = get_peft_model(model, config)
    assert isinstance(adapted, PeftModel)  # noqa: S101  (mixed adapters are the other kind)
    return adapted


def _prefix(model: PreTrainedModel) -> str:
    return "" if model.base_model is model else f"{model.base_model_prefix}."


PREPARE: Mapping[Method, Callable[[PreTrainedModel, Recipe, Task], Model]] = {
    "full": _train_all,
    "body": _freeze_embeddings,
    "head": _freeze_body,
    "lora": _add_lora,
    "adalora": _add_adalora,
    "ia3": _add_ia3,
    "adapters": _add_adapters,
}
