"""The cheap ways first: a probe serves as one graph, and fine-tuning is tried and kept where it pays."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from short_runs import keep_dataset, make_spec, sample_rows
from sklearn.linear_model import LogisticRegression
from tiny_models import write_classifier

from trainer import auto, choosing, device, fit, learning, probe, tasks
from trainer.balance import WeighedLoss
from trainer.events import EventWriter
from trainer.failures import RunFailed
from trainer.predict import Classifier
from trainer.process import Cancellation
from trainer.spec import RunSpec, TrainWork
from trainer.tasks.classification import Classification

# torch's exporter copies its own objects in a way that it has deprecated.
pytestmark = pytest.mark.filterwarnings("ignore:.*LeafSpec.*:FutureWarning")


def right(mistakes: int, n: int = 1_000) -> choosing.Right:
    return np.arange(n) >= mistakes


# --- whether fine-tuning pays -----------------------------------------------------------------


@pytest.mark.parametrize(
    ("mistakes", "labels", "steps", "seconds", "said"),
    [
        (3, 2, 900, 60, "3 mistakes on 1,000 validation rows"),  # too few to show a gain
        (72, 77, 936, 60, "936 steps are too few for fine-tuning to learn 77 labels"),
        (215, 2, 900, 100_000, "about 28 hours"),
        (215, 2, 282, 60, None),
        (51, 7, 110, 60, None),
    ],
)
def test_fine_tuning_is_tried_where_a_gain_could_be_had_and_shown(
    mistakes: int, labels: int, steps: int, seconds: float, said: str | None
) -> None:
    objection = choosing.find_objection(
        right(mistakes), labels=labels, steps=steps, seconds=seconds
    )
    assert (objection is None) if said is None else (objection and said in objection)


@pytest.mark.parametrize(
    ("before", "after", "serves"), [(215, 130, True), (215, 213, False), (215, 300, False)]
)
def test_a_tie_goes_to_the_probe(before: int, after: int, *, serves: bool) -> None:
    better, why = choosing.judge(right(before), right(after))
    assert better is serves
    assert why.startswith("Fine-tuning serves" if serves else "The probe serves")


# --- the probe --------------------------------------------------------------------------------


def test_a_head_answers_as_its_logistic_regression_does() -> None:
    draw = np.random.default_rng(0)
    for labels in (2, 3):
        vectors = draw.normal(size=(90, 5)).astype(np.float32)
        true = np.arange(90) % labels
        vectors[np.arange(90), true] += 2
        head = probe.fit_head((vectors, true), (vectors, true))
        assert head.weight.shape == (labels, 5)
        models = [
            LogisticRegression(C=c, max_iter=2_000).fit(vectors, true) for c in probe.STRENGTHS
        ]
        answers = head.logits.argmax(axis=1)
        assert any((model.predict(vectors) == answers).all() for model in models)


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> str:
    return write_classifier(tmp_path_factory.mktemp("tiny"))


@pytest.fixture
def spec(tiny: str, tmp_path: Path) -> RunSpec:
    dataset = keep_dataset(tmp_path, sample_rows(train=16, validation=8, test=8))
    return make_spec(tmp_path, dataset, base_model=tiny, method="auto", lr=1e-3)


def load(spec: RunSpec) -> Classification:
    device.use_threads(1)
    torch.manual_seed(0)
    assert isinstance(spec.work, TrainWork)
    task = tasks.load(spec, spec.work)
    assert isinstance(task, Classification)
    return task


def test_a_probe_is_exported_as_one_graph_that_answers_alike(spec: RunSpec) -> None:
    task = load(spec)
    learnt = auto.serve_probe(task.model, probe.try_cheap(task, spec))
    assert (learnt.fitted.steps, learnt.trainable_parameters) == (0, 3 * 64 + 3)
    expected = task.answer(learnt.model)
    exported = task.export(learnt.model, folder=spec.attempt_dir / "model", origin={}, threads=1)
    assert exported.export is not None
    served = Classifier.load(spec.attempt_dir / "model", threads=1)
    logits = served.logits(list(task.loaded.rows["validation"]["text"]))
    margin = 1e-4 if exported.export.format == "fp32" else 0.5
    assert np.allclose(logits, expected, atol=margin)


def test_an_attempt_after_a_kill_takes_what_was_found_before_it(spec: RunSpec) -> None:
    first = probe.try_cheap(load(spec), spec)
    again = probe.try_cheap(load(spec), spec)
    assert (again.words, again.probe, again.seconds_a_row) == (
        first.words,
        first.probe,
        first.seconds_a_row,
    )
    assert np.array_equal(again.head.weight, first.head.weight)


# --- the choice, with the steps in our hands --------------------------------------------------


def choose(
    spec: RunSpec, monkeypatch: pytest.MonkeyPatch, *, better: bool
) -> tuple[Classification, learning.Learnt]:
    """Let fine-tuning be tried whatever the probe found, and be judged as is asked for."""
    monkeypatch.setattr(choosing, "find_objection", lambda *_, **__: None)
    monkeypatch.setattr(choosing, "judge", lambda *_: (better, "It was told so."))
    task = load(spec)
    assert isinstance(spec.work, TrainWork)
    spec.attempt_dir.mkdir(parents=True)
    with EventWriter(spec.attempt_dir / "events") as events:
        learnt = learning.learn(
            task, spec=spec, work=spec.work, events=events, cancellation=Cancellation()
        )
    return task, learnt


def test_what_fine_tuning_made_serves_where_it_is_better(
    spec: RunSpec, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, learnt = choose(spec, monkeypatch, better=True)
    assert learnt.chosen is not None
    assert learnt.chosen.method == "body"  # of so small a model most is embeddings
    assert [one.method for one in learnt.chosen.tried] == ["baseline", "probe", "body"]
    assert learnt.fitted.steps == 6


def test_a_probe_that_serves_after_all_stands_on_the_untouched_encoder(
    spec: RunSpec, monkeypatch: pytest.MonkeyPatch
) -> None:
    task, learnt = choose(spec, monkeypatch, better=False)
    assert learnt.chosen is not None
    assert learnt.chosen.method == "probe"
    cheap = probe.try_cheap(task, spec)
    assert np.allclose(task.answer(learnt.model), cheap.head.logits, atol=1e-4)
    value = next(one.value for one in learnt.chosen.tried if one.method == "probe")
    assert task.find_right(cheap.head.logits).mean() == value


def test_only_what_has_one_label_a_text_has_a_probe(spec: RunSpec) -> None:
    def take_no_steps(_: torch.nn.Module) -> fit.Fitted:
        raise AssertionError

    assert isinstance(spec.work, TrainWork)
    other: Any = object()
    with pytest.raises(RunFailed, match="one label each"):
        auto.learn(other, spec, spec.work.recipe, take_no_steps)


# --- rare labels ------------------------------------------------------------------------------


def test_every_label_weighs_as_much_as_every_other() -> None:
    labels = np.array([0] * 90 + [1] * 10)
    loss = WeighedLoss(labels)
    assert loss.weights[labels].sum() == pytest.approx(100)
    assert loss.weights[0] * 90 == pytest.approx(loss.weights[1] * 10)
    logits, true = torch.zeros(100, 2), torch.tensor(labels)
    alone = loss({"logits": logits}, true)
    parts = [loss({"logits": logits[i::2]}, true[i::2], 100) for i in (0, 1)]
    assert sum(parts) == pytest.approx(alone.item())
