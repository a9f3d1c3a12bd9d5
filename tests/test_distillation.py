"""A student learns its teacher's soft answers, asked for once; what serves is set beside the teacher."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from short_runs import keep_dataset, make_spec, sample_rows
from tiny_models import write_classifier

from trainer import distillation, train
from trainer.events import EventWriter
from trainer.failures import RunFailed
from trainer.process import Cancellation
from trainer.spec import RunSpec, Teacher, TrainSummary, TrainWork

pytestmark = pytest.mark.filterwarnings("ignore:.*LeafSpec.*:FutureWarning")
LABELS = ["negative", "neutral", "positive"]
rows = st.lists(st.floats(-5, 5), min_size=6, max_size=6)


@given(rows, st.floats(0.5, 10))
def test_a_student_that_answers_as_its_teacher_is_not_corrected(
    values: list[float], temperature: float
) -> None:
    teacher = torch.tensor(values).reshape(2, 3)
    for distance in distillation.distances.values():
        student = teacher.clone().requires_grad_()
        found = distance(student, teacher, temperature)
        found.backward()
        assert student.grad is not None
        assert abs(found.item()) < 1e-3
        assert float(student.grad.abs().max()) < 1e-4


def test_the_loss_mixes_the_true_label_with_the_teacher_by_its_share() -> None:
    logits, true = torch.tensor([[2.0, 0.0, -1.0]]), torch.tensor([0])
    taught = torch.tensor([[0.0, 0.0, -1.0, 3.0]])  # the label, the teacher's logits
    alone = distillation.cross_entropy({"logits": logits}, true)
    for share in (0.0, 0.3, 1.0):
        teacher = Teacher(model=1, path="m", share=share, temperature=2)
        loss = distillation.TaughtLoss(
            teacher, "classification", distillation.cross_entropy, torch.zeros(())
        )
        far = distillation.from_one(logits, taught[:, 1:], 2)
        mixed = loss({"logits": logits}, taught)
        assert torch.isclose(mixed, (1 - share) * alone + share * far)
        assert torch.equal(loss({"logits": logits}, true), alone)  # rows that are only measured


# --- real runs of a tiny model ---------------------------------------------------------------


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[RunSpec, str]:
    """Train a teacher; give its spec and its folder below the data directory."""
    folder = tmp_path_factory.mktemp("taught")
    name = keep_dataset(folder, sample_rows(train=10, validation=5, test=5))
    spec = make_spec(folder, name, base_model=write_classifier(folder / "tiny"))
    learn(spec)
    return spec, str((spec.attempt_dir / "model").relative_to(folder))


def learn(spec: RunSpec) -> TrainSummary:
    spec.attempt_dir.mkdir(parents=True)
    with EventWriter(spec.attempt_dir / "events") as events:
        ended = train.run(spec, events, Cancellation())
    assert ended.summary is not None, ended.failure
    return ended.summary


def test_a_taught_and_pruned_model_is_set_beside_its_teacher_and_its_whole_vocabulary(
    made: tuple[RunSpec, str],
) -> None:
    spec, path = made
    assert isinstance(spec.work, TrainWork)
    changes = {"teacher": Teacher(model=1, path=path), "prune_vocabulary": True}
    work = spec.work.model_copy(update=changes)
    spec = spec.model_copy(update={"job": 2, "work": work, "requested_by": "U1"})
    summary = learn(spec)
    forms = {form.form: form for form in summary.compressed}
    assert list(forms) == ["fp32", "int8", "unpruned fp32", "unpruned int8", "teacher"]
    assert forms["fp32"].agreement == 1
    assert forms["fp32"].bytes < forms["unpruned fp32"].bytes
    assert (
        forms["fp32"].parameters < forms["unpruned fp32"].parameters == forms["teacher"].parameters
    )
    assert summary.export is not None
    served = forms[summary.export.format].figure
    assert served == summary.scores.figures()["accuracy"]
    card = (spec.attempt_dir / "model" / "model-card.md").read_text()
    assert "learnt from model 1 as well" in card
    assert "| teacher |" in card


def test_a_teacher_is_asked_once_and_its_answers_are_in_the_order_of_the_labels(
    made: tuple[RunSpec, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    spec, path = made
    spec = spec.model_copy(update={"job": 3})
    teacher, texts = Teacher(model=1, path=path), ["so late", "many thanks"]
    lesson = distillation.Lesson(spec, teacher, LABELS, "classification")
    asked = lesson.remember(texts)
    turned = distillation.Lesson(spec, teacher, LABELS[::-1], "classification")
    assert np.array_equal(turned.ask(texts), asked[:, ::-1])
    monkeypatch.setattr(lesson, "ask", None)  # an attempt after this one has no need to
    assert np.array_equal(lesson.remember(texts), asked)


@pytest.mark.parametrize(
    ("path", "labels", "task", "words"),
    [
        ("", LABELS, "classification", "can't be read"),
        (None, ["negative", "positive"], "classification", "knows other labels"),
        (None, LABELS, "multilabel", "knows other labels"),
    ],
)
def test_who_can_not_teach_is_refused(
    made: tuple[RunSpec, str], path: str | None, labels: list[str], task: str, words: str
) -> None:
    spec, right = made
    teacher = Teacher(model=7, path=right if path is None else path)
    with pytest.raises(RunFailed, match=f"(?s)model 7.*{words}|Model 7.*{words}"):
        distillation.Lesson(spec, teacher, labels, task)  # type: ignore[arg-type]
