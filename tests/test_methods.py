"""Tests of what each method trains, on the real encoder."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from transformers import PreTrainedModel

from trainer import methods
from trainer.spec import Method, Recipe
from trainer.tasks.classification import load_model

# peft still asks transformers by a name that is deprecated.
pytestmark = pytest.mark.filterwarnings("ignore:.*is_gradient_checkpointing.*:FutureWarning")

TOKENS = torch.tensor([[101, 7592, 2088, 102]])  # [CLS] hello world [SEP]


@pytest.fixture
def new_model() -> Callable[[], PreTrainedModel]:
    return lambda: load_model("minilm", ["no", "yes"])


def recipe(method: Method) -> Recipe:
    return Recipe(method=method, epochs=1, lr=1e-3, batch=8, max_length=32)


def step_once(model: torch.nn.Module) -> None:
    """Take one step that is large enough to move every weight that is trained."""
    trained = [weight for weight in model.parameters() if weight.requires_grad]
    for _ in range(2):  # LoRA's second matrix starts at zero: the first one moves after it
        model(input_ids=TOKENS, labels=torch.tensor([1])).loss.backward()
        torch.optim.SGD(trained, lr=1.0).step()


@pytest.mark.parametrize(("method", "share"), [("full", 1.0), ("head", 0.01), ("lora", 0.02)])
def test_each_method_trains_its_share(
    new_model: Callable[[], PreTrainedModel], method: Method, share: float
) -> None:
    total, trained = methods.count_parameters(
        methods.prepare(new_model(), recipe(method), "classification")
    )
    assert 0 < trained <= share * total


def test_the_head_is_trained_and_the_encoder_stays_as_it_is(
    new_model: Callable[[], PreTrainedModel],
) -> None:
    model = methods.prepare(new_model(), recipe("head"), "classification")
    before = {name: weight.clone() for name, weight in model.named_parameters()}
    step_once(model)
    moved = {n for n, weight in model.named_parameters() if not torch.equal(weight, before[n])}
    assert moved
    assert all("pooler" in name or "classifier" in name for name in moved)


def test_merged_adapters_answer_as_the_adapted_model_did(
    new_model: Callable[[], PreTrainedModel],
) -> None:
    torch.manual_seed(0)
    adapted = methods.prepare(new_model(), recipe("lora"), "classification")
    untrained = adapted.eval()(input_ids=TOKENS).logits
    step_once(adapted)
    with torch.no_grad():
        expected = adapted.eval()(input_ids=TOKENS).logits
        merged = methods.merge(adapted)
        actual = merged.eval()(input_ids=TOKENS).logits
    assert not torch.allclose(expected, untrained, atol=1e-2)
    assert torch.allclose(actual, expected, atol=1e-4)
    assert not any("lora" in name for name, _ in merged.named_parameters())


def test_a_model_without_adapters_is_merged_already(
    new_model: Callable[[], PreTrainedModel],
) -> None:
    model = new_model()
    assert methods.merge(model) is model
