"""Texts with any number of labels: thresholds, figures, a run that resumes exactly, what it serves."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import f1_score
from tagged_runs import keep_tags, make_rows, make_spec, make_tiny_model

from trainer import label_sets, train
from trainer.compare import compare
from trainer.compare.contender import Contender, read_rows
from trainer.events import EventWriter
from trainer.failures import RunFailed
from trainer.label_sets import GRID, Sets
from trainer.predict import Classifier, answer
from trainer.process import Cancellation, Cancelled
from trainer.spec import Body, MultilabelScores, RunSpec, TrainSummary, TrainWork
from trainer.tasks.multilabel import Unweighed, WeighedLoss, check_labels, to_sets, weigh_labels

# torch's exporter copies its own objects in a way that it has deprecated.
pytestmark = pytest.mark.filterwarnings("ignore:.*LeafSpec.*:FutureWarning")

EPOCHS, STEPS = 2, 10  # of 16 rows


# --- thresholds -----------------------------------------------------------------------------


@st.composite
def answered(draw: st.DrawFn) -> tuple[np.ndarray, Sets]:
    """Draw probabilities and label sets, [rows, labels] each."""
    rows, labels = draw(st.integers(1, 40)), draw(st.integers(2, 4))
    random = np.random.default_rng(draw(st.integers(0, 2**32)))
    return random.random((rows, labels)), random.random((rows, labels)) < draw(st.floats(0, 1))


@given(answered())
@settings(max_examples=60, deadline=None)
def test_without_a_prior_no_threshold_is_better_for_a_label(
    found: tuple[np.ndarray, Sets],
) -> None:
    chances, true = found
    thresholds = label_sets.fit_thresholds(chances, true, prior=0)
    for label, threshold in enumerate(thresholds):
        of_label = true[:, [label]]
        reached, best = (
            label_sets.figures(of_label, chances[:, [label]] >= one)["micro_f1"]
            for one in (threshold, max(GRID, key=lambda t: _f1(chances, true, label, t)))
        )
        assert reached == pytest.approx(best)


def _f1(chances: np.ndarray, true: Sets, label: int, threshold: float) -> float:
    given_ = chances[:, [label]] >= threshold
    return label_sets.figures(true[:, [label]], given_)["micro_f1"]


@given(answered(), st.randoms(use_true_random=False))
@settings(max_examples=30, deadline=None)
def test_thresholds_follow_their_labels_and_not_their_order(
    found: tuple[np.ndarray, Sets], random: st.DataObject
) -> None:
    chances, true = found
    order = list(range(chances.shape[1]))
    random.shuffle(order)  # type: ignore[attr-defined]
    thresholds = label_sets.fit_thresholds(chances, true)
    moved = label_sets.fit_thresholds(chances[:, order], true[:, order])
    assert moved == pytest.approx(thresholds[order], abs=0.011)  # ties may break otherwise
    assert set(thresholds) <= set(GRID)


def test_a_label_without_rows_gets_the_threshold_that_suits_all() -> None:
    random = np.random.default_rng(0)
    true = random.random((300, 3)) < [0.4, 0.4, 0.0]
    chances = np.where(true, 0.4, 0.1) + random.random((300, 3)) * 0.2
    thresholds = label_sets.fit_thresholds(chances, true)
    assert thresholds[2] == pytest.approx(label_sets.fit_common_threshold(chances, true), abs=0.05)
    assert 0.3 <= thresholds[0] <= 0.4


def test_one_row_hardly_moves_a_threshold_and_many_do() -> None:
    often = np.repeat([[1, 0], [0, 0]], 200, axis=0).astype(bool)
    chances = np.where(often, 0.8, 0.2)
    few, many = (np.vstack([often, [[0, 1]] * n]).astype(bool) for n in (1, 200))
    of_few, of_many = (
        label_sets.fit_thresholds(np.vstack([chances, [[0.2, 0.1]] * n]), true)[1]
        for n, true in ((1, few), (200, many))
    )
    assert of_few > 0.2
    assert of_many <= 0.1


# --- figures --------------------------------------------------------------------------------


@given(answered())
@settings(max_examples=40, deadline=None)
def test_the_figures_are_those_of_scikit_learn(found: tuple[np.ndarray, Sets]) -> None:
    chances, true = found
    said = chances >= 0.5
    figures = label_sets.figures(true, said)
    micro = f1_score(true, said, average="micro", zero_division=0)
    occurring = (true | said).any(axis=0)
    macro = f1_score(true, said, average=None, zero_division=0)[occurring]
    assert figures["micro_f1"] == pytest.approx(micro)
    assert figures["macro_f1"] == pytest.approx(macro.mean() if len(macro) else 0)
    scores = label_sets.score(true, said, "abcd"[: true.shape[1]], [0.5] * true.shape[1])
    for name, interval in scores.figures().items():
        assert interval.value == pytest.approx(figures[name])
        assert 0 <= interval.low <= interval.value <= interval.high <= 1


def test_the_difference_is_paired() -> None:
    random = np.random.default_rng(0)
    true = random.random((400, 4)) < 0.3
    worse = true ^ (random.random((400, 4)) < 0.1)
    found = label_sets.difference(label_sets.tally(true, true), label_sets.tally(true, worse))
    assert (found.verdict, found.metric) == ("better", "micro_f1")
    same = label_sets.difference(label_sets.tally(true, worse), label_sets.tally(true, worse))
    assert (same.points, same.verdict) == (0, "none")


def test_the_temperature_undoes_misplaced_confidence() -> None:
    random = np.random.default_rng(0)
    logits = random.normal(0, 2, (2_000, 3))
    true = random.random((2_000, 3)) < label_sets.sigmoid(logits)
    assert label_sets.fit_temperature(logits * 3, true) == pytest.approx(3, rel=0.1)
    assert label_sets.fit_temperature(np.empty((0, 3)), np.empty((0, 3))) == 1


# --- weights and rows -----------------------------------------------------------------------


class Zeros(torch.nn.Module):
    def forward(self) -> SimpleNamespace:
        return SimpleNamespace(logits=torch.zeros(1, 2))


def test_a_rare_label_weighs_more_where_it_is_asked_and_its_logit_is_put_right() -> None:
    sets = np.zeros((100, 2), bool)
    sets[:50, 0] = sets[:10, 1] = True
    assert weigh_labels(sets, balanced=False).tolist() == [1, 1]
    weights = weigh_labels(sets, balanced=True)
    assert weights.tolist() == [1, 9]
    logits = torch.zeros(2, requires_grad=True)
    loss = WeighedLoss(weights)({"logits": logits.expand(100, 2)}, torch.from_numpy(sets).float())
    loss.backward()
    assert logits.grad is not None
    assert logits.grad.abs().max() < 1e-6  # balanced, as if each label stood in half of the rows
    served = Unweighed(Zeros(), weights)({})  # type: ignore[arg-type]
    assert label_sets.sigmoid(served.numpy())[0] == pytest.approx([0.5, 0.1], abs=1e-6)


@pytest.mark.parametrize(
    ("train", "test", "words"),
    [
        ([["a", "b"]], [["c"]], "The test split has the label 'c', which no training row carries."),
        ([["a"], []], [["a"]], "The training split has one label only: 'a'."),
        ([[], []], [[]], "No training row carries a label."),
        ([["a", "b"]], [], "The test split has no rows."),
    ],
)
def test_labels_that_cannot_be_learned_are_refused_in_words(
    train: list[list[str]], test: list[list[str]], words: str
) -> None:
    with pytest.raises(RunFailed) as refused:
        check_labels({"train": train, "validation": [["a"]], "test": test})
    assert refused.value.failure.cause == "bad_labels"
    assert refused.value.failure.evidence == words


def test_a_row_may_have_no_label() -> None:
    labels = check_labels({"train": [["b", "a"], []], "validation": [[]], "test": [["a"]]})
    assert labels == ["a", "b"]
    assert to_sets([["b"], [], ["a", "b"]], labels).tolist() == [
        [False, True],
        [False, False],
        [True, True],
    ]


# --- a run ----------------------------------------------------------------------------------


class StopAt(EventWriter):
    """Ask a run to stop once it has saved a step."""

    def __init__(self, folder: Path, step: int, cancellation: Cancellation) -> None:
        super().__init__(folder)
        self._step, self._cancellation = step, cancellation

    def write(self, body: Body) -> None:
        if body.type == "checkpoint" and body.step >= self._step:
            self._cancellation.requested = True
        super().write(body)


def learn(spec: RunSpec, *, stop_at: int | None = None) -> TrainSummary:
    assert isinstance(spec.work, TrainWork)
    cancellation, folder = Cancellation(), spec.attempt_dir / "events"
    with StopAt(folder, stop_at or 10**9, cancellation) as events:
        summary = train.train(spec, spec.work, events, cancellation)
    assert summary is not None
    return summary


@pytest.fixture(scope="module")
def data_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("data")


@pytest.fixture(scope="module")
def tiny(data_dir: Path) -> Path:
    torch.manual_seed(0)
    return make_tiny_model(data_dir / "tiny")


@pytest.fixture(scope="module")
def dataset(data_dir: Path) -> str:
    return keep_tags(data_dir, make_rows(train=STEPS * 16))


@pytest.fixture(scope="module")
def whole(data_dir: Path, tiny: Path, dataset: str) -> tuple[RunSpec, TrainSummary]:
    spec = make_spec(data_dir, dataset, tiny, epochs=EPOCHS, balanced=True)
    return spec, learn(spec)


def test_a_run_measures_what_it_serves(
    whole: tuple[RunSpec, TrainSummary],
) -> None:
    spec, summary = whole
    scores = summary.scores
    assert isinstance(scores, MultilabelScores)
    folder = spec.attempt_dir / "model"
    rows = read_rows(spec.dataset_dir / "test.jsonl")
    model = Classifier.load(folder, threads=1)
    given = [set(one.labels or ()) for one in model.classify([row["text"] for row in rows])]
    assert scores.exact.value == pytest.approx(
        np.mean([labels == set(row["labels"]) for labels, row in zip(given, rows, strict=True)])
    )
    assert model.card.thresholds == {one.label: one.threshold for one in scores.per_label}
    assert {one.name for one in summary.baselines} == {"majority", "TF-IDF + logistic regression"}
    assert summary.export is not None
    assert summary.export.accuracy_change.metric == "micro_f1"
    assert set(summary.evaluations[0].figures) == {"micro_f1", "macro_f1", "exact"}


def test_a_run_stopped_in_the_middle_of_an_epoch_resumes_to_the_very_same_result(
    whole: tuple[RunSpec, TrainSummary], data_dir: Path, tiny: Path, dataset: str
) -> None:
    options = {"epochs": EPOCHS, "balanced": True}
    with pytest.raises(Cancelled):
        learn(
            make_spec(data_dir, dataset, tiny, job=2, save_every_s=1e-6, **options),
            stop_at=STEPS + 3,
        )
    second = make_spec(data_dir, dataset, tiny, job=2, attempt=2, **options)
    resumed = learn(second)
    spec, told = whole
    assert resumed.resumed_from_step is not None
    assert STEPS < resumed.resumed_from_step < EPOCHS * STEPS
    for field in ("scores", "losses", "evaluations", "best_epoch", "steps", "baselines"):
        assert getattr(resumed, field) == getattr(told, field), field
    logits = [
        np.load(one.attempt_dir / "model" / "test_predictions.npz")["logits"]
        for one in (spec, second)
    ]
    assert np.array_equal(*logits)


def test_a_model_is_compared_on_rows_that_its_rival_never_saw(
    whole: tuple[RunSpec, TrainSummary], tmp_path: Path
) -> None:
    spec, _ = whole
    ours = Contender(1, spec.attempt_dir / "model", spec.dataset_dir)
    same = compare("multilabel", ours, ours, threads=1)
    assert (same.difference.points, same.difference.n, same.left_out) == (0, 60, 0)
    assert same.difference.metric == "micro_f1"

    known = tmp_path / "dataset"
    shutil.copytree(spec.dataset_dir, known)
    (known / "seen.txt").write_text("")
    rows = read_rows(known / "test.jsonl")
    lines = [json.dumps(row | {"labels": ["other"]}) for row in rows]
    (known / "test.jsonl").write_text("\n".join(lines))
    other = compare("multilabel", Contender(1, ours.folder, known), ours, threads=1)
    assert other.unknown_labels == ["other"]


# --- what is served -------------------------------------------------------------------------


def test_a_text_has_the_labels_that_reach_their_thresholds_the_likeliest_first(
    whole: tuple[RunSpec, TrainSummary],
) -> None:
    spec, _ = whole
    card = Classifier.load(spec.attempt_dir / "model", threads=1).card
    card = card.model_copy(update={"thresholds": {"billing": 0.5, "delivery": 0.2, "quality": 0.9}})
    several = answer(card, [0.6, 0.7, 0.8])
    assert (several.labels, several.told) == (("delivery", "billing"), "billing|delivery")
    assert (several.label, several.confidence, several.sure) == ("delivery", 0.7, True)
    none = answer(card, [0.1, 0.1, 0.8])
    assert (none.labels, none.told, none.label, none.sure) == ((), "", "quality", False)
