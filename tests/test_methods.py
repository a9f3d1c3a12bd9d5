"""Each method trains its share, resumes to the very same weights, and merges to the same answers."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from short_runs import keep_dataset, make_spec, sample_rows
from tiny_models import write_classifier
from transformers import (
    AutoConfig,
    AutoModel,
    AutoModelForCausalLM,
    AutoModelForSequenceClassification,
    PreTrainedModel,
    set_seed,
)

from trainer import device, fit, methods, tasks
from trainer.events import EventWriter
from trainer.failures import RunFailed
from trainer.process import Cancellation, Cancelled
from trainer.spec import Body, Checkpoint, Method, Recipe, RunSpec, Task, TrainWork, methods_for
from trainer.tasks.classification import load_model

# peft still asks transformers by a name that is deprecated.
pytestmark = pytest.mark.filterwarnings("ignore:.*is_gradient_checkpointing.*:FutureWarning")

STEPPING: tuple[Method, ...] = ("full", "body", "head", "lora", "adalora", "ia3", "adapters")
TOKENS = torch.tensor([[101, 7592, 2088, 102]])  # [CLS] hello world [SEP]
HEADS = {
    "classification": AutoModelForSequenceClassification,
    "retrieval": AutoModel,
    "generation": AutoModelForCausalLM,
}


def recipe(method: Method) -> Recipe:
    return Recipe(method=method, epochs=1, lr=1e-3, batch=8, max_length=32, rank=4)


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> str:
    return write_classifier(tmp_path_factory.mktemp("tiny"))


@pytest.fixture
def new_model(tiny: str) -> Callable[[], PreTrainedModel]:
    return lambda: load_model(tiny, ["no", "yes"])


def step_once(model: torch.nn.Module) -> None:
    """Take steps that are large enough to move every weight that is trained."""
    trained = [weight for weight in model.parameters() if weight.requires_grad]
    for _ in range(3):  # a second matrix that starts at zero: the first one moves after it
        model(input_ids=TOKENS, labels=torch.tensor([1])).loss.backward()
        torch.optim.SGD(trained, lr=1.0).step()


def answer(model: torch.nn.Module) -> torch.Tensor:
    with torch.no_grad():
        logits: torch.Tensor = model.eval()(input_ids=TOKENS).logits
    return logits


# --- what is trained --------------------------------------------------------------------------


def test_each_method_trains_its_share(new_model: Callable[[], PreTrainedModel]) -> None:
    def share(method: Method) -> float:
        prepared = methods.prepare(new_model(), recipe(method), "classification")
        total, trained = methods.count_parameters(prepared)
        return trained / total

    shares = {method: share(method) for method in STEPPING}
    assert shares["full"] == 1
    assert shares["head"] < shares["ia3"] < shares["adapters"] < shares["lora"] < shares["body"]
    assert shares["lora"] < shares["adalora"]  # it begins with more ranks than it ends with


@pytest.mark.parametrize("method", STEPPING)
def test_a_method_moves_what_it_trains_and_merges_to_the_same_answers(
    new_model: Callable[[], PreTrainedModel], method: Method
) -> None:
    torch.manual_seed(0)
    model = methods.prepare(new_model(), recipe(method), "classification")
    before = {name: weight.clone() for name, weight in model.named_parameters()}
    untrained = answer(model)
    step_once(model.train())
    for name, weight in model.named_parameters():
        if not weight.requires_grad:
            assert torch.equal(weight, before[name]), name
    expected = answer(model)
    assert not torch.allclose(expected, untrained, atol=1e-2)
    merged = methods.merge(model)
    assert isinstance(merged, PreTrainedModel)
    assert torch.allclose(answer(merged), expected, atol=1e-4)
    assert not any("lora" in name or "ia3" in name for name, _ in merged.named_parameters())


ARCHITECTURES: list[tuple[str, Task, dict[str, Any]]] = [
    ("bert", "classification", {}),
    ("roberta", "classification", {}),
    ("distilbert", "classification", {}),
    ("xlm-roberta", "retrieval", {}),
    ("llama", "generation", {}),
]


@pytest.mark.parametrize(("kind", "task", "settings"), ARCHITECTURES)
def test_every_method_finds_its_layers_in_the_usual_architectures(
    kind: str, task: Task, settings: dict[str, Any]
) -> None:
    for method in set(STEPPING) & set(methods_for(task)):
        model = make_model(kind, task, **settings)
        prepared = methods.prepare(model, recipe(method), task)
        total, trained = methods.count_parameters(prepared)
        assert 0 < trained <= total, method
        methods.merge(prepared)


def make_model(kind: str, task: Task, **settings: Any) -> PreTrainedModel:
    size = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2}
    config = AutoConfig.for_model(kind, vocab_size=64, **size, **settings)
    for name in ("intermediate_size", "hidden_dim"):
        if hasattr(config, name):
            setattr(config, name, 64)
    model: PreTrainedModel = HEADS[task].from_config(config)
    return model


def test_a_method_that_the_architecture_lacks_is_refused_with_those_it_has() -> None:
    albert = make_model("albert", "classification", embedding_size=16)
    with pytest.raises(RunFailed, match="it has full, body, head, lora, adalora") as refused:
        methods.prepare(albert, recipe("adapters"), "classification")
    assert refused.value.failure.cause == "bad_method"
    with pytest.raises(RunFailed, match="method=head"):
        methods.prepare(make_model("bert", "retrieval"), recipe("head"), "retrieval")


def test_embeddings_that_are_most_of_a_model_are_left_alone_by_auto() -> None:
    wide = make_model("bert", "classification")
    assert methods.usual(wide) == "full"
    wide.resize_token_embeddings(4_000)
    assert methods.usual(wide) == "body"


# --- resuming ---------------------------------------------------------------------------------


class Stopping(EventWriter):
    """Asks for a stop once a step is saved."""

    def __init__(self, folder: Path, cancellation: Cancellation, *, after: int) -> None:
        super().__init__(folder)
        self._cancellation, self._after = cancellation, after

    def write(self, body: Body) -> None:
        super().write(body)
        if isinstance(body, Checkpoint) and body.step >= self._after:
            self._cancellation.requested = True


def fit_once(
    spec: RunSpec, *, stop_after: int = 10_000
) -> tuple[fit.Fitted, dict[str, torch.Tensor]]:
    assert isinstance(spec.work, TrainWork)
    device.use_threads(1)  # of so small a model two are slower
    set_seed(0)
    task = tasks.load(spec, spec.work)
    model = methods.prepare(task.model, spec.work.recipe, "classification")
    stop = Cancellation()
    spec.attempt_dir.mkdir(parents=True)
    with Stopping(spec.attempt_dir / "events", stop, after=stop_after) as events:
        fitted = fit.fit(task, model, spec=spec, work=spec.work, events=events, cancellation=stop)
    return fitted, model.state_dict()


@pytest.fixture(scope="module")
def rows(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    data_dir = tmp_path_factory.mktemp("data")
    return data_dir, keep_dataset(data_dir, sample_rows(train=16, validation=4, test=4))


@pytest.mark.parametrize(
    ("method", "stop_after"),
    # AdaLoRA's last ranks go at step 9 of 12.
    [("adalora", 5), ("adalora", 10), ("ia3", 5), ("adapters", 5)],
)
def test_a_run_stopped_between_two_steps_ends_as_one_that_was_not(
    tiny: str, rows: tuple[Path, str], method: Method, stop_after: int, tmp_path: Path
) -> None:
    data_dir, dataset = rows
    (tmp_path / "datasets").symlink_to(data_dir / "datasets")

    def spec(job: int, attempt: int = 1, save_every_s: float = 1e-6) -> RunSpec:
        about: dict[str, Any] = {"epochs": 2, "lr": 1e-2, "save_every_s": save_every_s}
        return make_spec(
            tmp_path, dataset, job=job, attempt=attempt, base_model=tiny, method=method, **about
        )

    whole, expected = fit_once(spec(1, save_every_s=60))
    assert whole.steps == 12
    with pytest.raises(Cancelled):
        fit_once(spec(2), stop_after=stop_after)
    resumed, weights = fit_once(spec(2, attempt=2, save_every_s=60))
    assert resumed.losses == whole.losses
    assert resumed.evaluations == whole.evaluations
    assert all(torch.equal(weights[name], expected[name]) for name in expected)


def test_adalora_ends_with_the_ranks_of_its_recipe_by_its_own_steps(
    tiny: str, rows: tuple[Path, str], tmp_path: Path
) -> None:
    data_dir, dataset = rows
    (tmp_path / "datasets").symlink_to(data_dir / "datasets")
    spec = make_spec(tmp_path, dataset, base_model=tiny, method="adalora", lr=1e-2, rank=4)
    _, weights = fit_once(spec)
    scales = [weight for name, weight in weights.items() if "lora_E" in name]
    begun = sum(len(scale) for scale in scales)
    left = sum(int((scale != 0).sum()) for scale in scales)
    assert (begun, left) == (6 * len(scales), 4 * len(scales))
