"""How to train: the recipe, every number that changes a result, and the book of its defaults."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from pydantic import Field

from trainer.spec.record import Frozen

Task = Literal["classification", "multilabel", "retrieval", "recommendation", "generation"]
Method = Literal["auto", "full", "body", "head", "probe", "lora", "adalora", "ia3", "adapters"]
METHODS: tuple[Method, ...] = (
    "auto",  # the cheap ones first; fine-tunes where that pays
    "full",
    "body",  # all but the embeddings
    "head",  # the head alone, by gradient descent
    "probe",  # the encoder frozen, logistic regression on its vectors
    "lora",
    "adalora",
    "ia3",
    "adapters",  # bottleneck adapters
)
Augmentation = Literal["delete", "swap", "synonym", "punctuation"]
AUGMENTATIONS: tuple[Augmentation, ...] = ("delete", "swap", "synonym", "punctuation")
# A learning rate is its method's own: a wrong one learns nothing, or forgets. Measured on MiniLM,
# 1,500 movie reviews, 3 epochs, rank 8, right on 1,000 others (one seed; 1.2 points of error):
# full 0.830 at 5e-5; body 0.840 at 1e-4; lora 0.824 at 5e-4; adalora 0.783 at 1e-3, 0.840 at 5e-3,
# 0.731 at 2e-2; ia3 0.731 at 3e-3, 0.790 at 1e-2, 0.804 at 3e-2; adapters 0.751 at 3e-4, 0.815 at
# 1e-3, 0.836 at 3e-3; head 0.69 at 1e-3 and 5e-3 (9 epochs).
RATES: Mapping[Method, float] = {
    "auto": 5e-5,
    "full": 5e-5,
    "body": 1e-4,
    "head": 1e-3,
    "probe": 1.0,  # it takes no steps
    "lora": 5e-4,
    "adalora": 5e-3,
    "ia3": 1e-2,
    "adapters": 3e-3,
}
# Below these a method learns next to nothing, silently.
LEAST_RATES: Mapping[Method, float] = {
    "head": 2e-4,
    "lora": 2e-4,  # 0.50 at 5e-5
    "adalora": 5e-4,
    "ia3": 1e-3,
    "adapters": 3e-4,
}
# A task may ask for another: one that writes forgets its language at a classifier's rate.
TASK_RATES: Mapping[Task, Mapping[Method, float]] = {
    "generation": {"full": 2e-5, "lora": 2e-4},
    # Most labels of a text are "no", so little is learnt a step: 77 labels at 5e-5 learnt nothing.
    "multilabel": {"full": 3e-4, "body": 3e-4, "head": 3e-3, "lora": 1e-3},
}
Precision = Literal["auto", "bf16", "fp32"]


def methods_for(task: Task) -> tuple[Method, ...]:
    """List the methods of a task: what classifies has a head, one label a text makes a probe."""
    lacking: Mapping[Task, tuple[Method, ...]] = {
        "classification": (),
        "multilabel": ("auto", "probe"),
    }
    absent = lacking.get(task, ("auto", "probe", "head"))
    return tuple(method for method in METHODS if method not in absent)


class Recipe(Frozen):
    """How to train: every number that changes the result."""

    method: Method
    epochs: int = Field(ge=1, le=100)
    lr: float = Field(gt=0, le=1)
    batch: int = Field(ge=1, le=1024, description="rows that are computed at once")
    max_length: int = Field(ge=8, le=8192, description="tokens; longer texts are cut")
    seed: int = Field(default=0, ge=0, lt=2**31)
    warmup: float = Field(default=0.1, ge=0, lt=1, description="share of the steps")
    weight_decay: float = Field(default=0.01, ge=0, le=1)
    accumulation: int = Field(default=1, ge=1, le=256, description="batches a step")
    patience: int = Field(
        default=0, ge=0, le=20, description="epochs without a better one before it stops; 0: never"
    )
    balanced: bool = Field(default=False, description="rare classes weigh more")
    rank: int = Field(default=8, ge=1, le=256, description="of low-rank and bottleneck adapters")
    augment: tuple[Augmentation, ...] = Field(default=(), description="of training rows alone")
    precision: Precision = "auto"
    gradient_checkpointing: bool = Field(default=False, description="less memory, more time")
    compile: bool = Field(default=False, description="by torch.compile")


def choose_recipe(
    method: Method,
    *,
    train_rows: int,
    p95_characters: int,
    overrides: Mapping[str, object],
    task: Task = "classification",
) -> tuple[Recipe, str]:
    """Choose defaults by method and size of data, and say in one sentence why.

    A learning rate belongs to its method: LoRA at a full-tuning rate learns nothing, silently.
    `overrides` are what the person typed; they win. Measured on MiniLM: SST-2 with 3,000 rows,
    full at 5e-5 0.870, LoRA r=8 at 5e-4 0.850, LoRA at 5e-5 0.50.
    """
    lr = TASK_RATES.get(task, {}).get(method, RATES[method])
    epochs, size = _epochs_for(train_rows)
    if method == "head":
        epochs *= 3  # a step costs a third, and the head alone moves slowly
    batch = 16 if train_rows < SMALL else 32
    # English has about 4 characters a token, Chinese nearly 1: cover 95% of the texts for both.
    max_length = min(256, max(32, 8 * round(p95_characters / 2.5 / 8)))
    if task == "generation":  # an answer is never cut: what is longer is left out
        batch, max_length = WRITING_BATCH, WRITING_LENGTH
    chosen: dict[str, object] = {
        "epochs": epochs,
        "lr": lr,
        "batch": batch,
        "max_length": max_length,
    }
    why = (
        f"{size} ({train_rows:,} training rows): {epochs} epochs; "
        f"lr {lr:g} is what {method} needs; 95% of the texts fit in {max_length} tokens"
    )
    return Recipe.model_validate({"method": method, **chosen, **overrides}), why


SMALL, LARGE = 1_000, 20_000  # training rows


WRITING_BATCH, WRITING_LENGTH = 8, 1_024  # pairs; tokens of a question with its answer


def _epochs_for(train_rows: int) -> tuple[int, str]:
    if train_rows < SMALL:
        return 5, "few rows"
    if train_rows < LARGE:
        return 3, "a middling data set"
    return 2, "many rows"
