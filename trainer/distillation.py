"""Learning from a finished model's soft answers beside the true labels (Hinton et al. 2015)."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Mapping, Sequence

import numpy as np
import torch
from datasets import Dataset, Features, Value
from datasets import Sequence as ListOf
from numpy.typing import NDArray
from torch.nn import functional

from trainer.compare import contender
from trainer.failures import RunFailed
from trainer.predict import Classifier, Logits
from trainer.spec import RunSpec, Task, Teacher, dataset_dir, run_dir

Loss = Callable[[Mapping[str, torch.Tensor], torch.Tensor], torch.Tensor]


class Lesson:
    """A teacher with its answers to training rows, each asked for once a job."""

    def __init__(self, spec: RunSpec, teacher: Teacher, labels: Sequence[str], task: Task) -> None:
        """Open the teacher; raise RunFailed where it is gone or knows something else."""
        self.teacher, self.folder = teacher, spec.data_dir / teacher.path
        self._kept = run_dir(spec.data_dir, spec.job) / "taught"
        try:
            self._classifier = Classifier.load(self.folder, threads=spec.threads)
        except (OSError, ValueError) as error:
            raise RunFailed(
                "bad_method",
                f"The files of model {teacher.model} can't be read, so it can't teach: choose "
                "another teacher.",
            ) from error
        known = self._classifier.card.labels
        several = self._classifier.card.thresholds is not None
        if several != (task == "multilabel") or set(known) != set(labels):
            raise RunFailed(
                "bad_method",
                f"Model {teacher.model} can't teach this: it knows other labels than those of the "
                "training split.",
            )
        card = json.loads((self.folder / "model.json").read_text(encoding="utf-8"))
        self._data_dir, self._dataset_hash = spec.data_dir, str(card.get("dataset_hash", ""))
        self._order = [known.index(label) for label in labels]

    def read_seen(self) -> set[str]:
        """Read the hashes of the texts that the teacher has learned from; raise OSError where gone."""
        return contender.read_seen(dataset_dir(self._data_dir, self._dataset_hash))

    def ask(self, texts: Sequence[str]) -> Logits:
        """Give the teacher's logits [texts, labels], in the order of the student's labels."""
        return self._classifier.logits(texts)[:, self._order]

    def remember(self, texts: Sequence[str]) -> Logits:
        """Give the same, from the run's folder where an attempt has asked before."""
        name = hashlib.sha256("\0".join([self.teacher.path, *texts]).encode()).hexdigest()[:16]
        path = self._kept / f"{name}.npy"
        if not path.exists():
            self._kept.mkdir(parents=True, exist_ok=True)
            draft = path.with_name(f"{name}.{os.getpid()}.tmp.npy")  # ranks may ask at a time
            np.save(draft, self.ask(texts))
            draft.rename(path)
        return np.asarray(np.load(path, allow_pickle=False), np.float32)

    def pack(
        self, rows: Dataset, texts: Sequence[str], true: NDArray[np.generic], column: str
    ) -> Dataset:
        """Put the teacher's answers beside the true labels [rows] or [rows, labels]."""
        both = np.column_stack([true, self.remember(texts)]).astype(np.float32)
        features = Features({**rows.features, column: ListOf(Value("float32"))})
        return rows.remove_columns(column).add_column(
            column, both.tolist(), feature=features[column]
        )


class TaughtLoss:
    """The loss of the true labels and, on rows that the teacher has answered, its own beside it."""

    def __init__(self, teacher: Teacher, task: Task, usual: Loss, offsets: torch.Tensor) -> None:
        """Take the loss of true labels, and what the student's logits [labels] have too much."""
        self._teacher, self._task, self._usual, self._offsets = teacher, task, usual, offsets

    def __call__(
        self,
        outputs: Mapping[str, torch.Tensor],
        labels: torch.Tensor,
        **_: None,  # how many labels: `trainer.fit.Exact` counts none where they are no tokens
    ) -> torch.Tensor:
        """Take labels as `Lesson.pack` has them, or, of rows that are only measured, true ones."""
        student = outputs["logits"].float()
        wide = 1 if self._task == "classification" else student.shape[1]
        if labels.dim() == 1 or labels.shape[1] == wide:
            return self._usual(outputs, labels)
        true, taught = labels[:, :wide], labels[:, wide:]
        if self._task == "classification":
            true = true.squeeze(1).long()
        own = student - self._offsets.to(student.device)
        distance = distances[self._task](own, taught, self._teacher.temperature)
        share = self._teacher.share
        return (1 - share) * self._usual(outputs, true) + share * distance


def from_one(student: torch.Tensor, teacher: torch.Tensor, temperature: float) -> torch.Tensor:
    """Give the divergence of softened distributions over the labels, a mean over rows.

    Times the temperature squared, as its gradients shrink so (Hinton et al. 2015, section 2).
    """
    said, taught = (functional.log_softmax(x / temperature, dim=-1) for x in (student, teacher))
    divergence = functional.kl_div(said, taught, reduction="batchmean", log_target=True)
    return divergence * temperature**2


def from_each(student: torch.Tensor, teacher: torch.Tensor, temperature: float) -> torch.Tensor:
    """Give the same where each label is a question of its own, a mean over rows and labels."""
    softened = torch.sigmoid(teacher / temperature)
    crossed = functional.binary_cross_entropy_with_logits(student / temperature, softened)
    alone = functional.binary_cross_entropy_with_logits(teacher / temperature, softened)
    return (crossed - alone) * temperature**2


def cross_entropy(outputs: Mapping[str, torch.Tensor], labels: torch.Tensor) -> torch.Tensor:
    """Give a classifier's usual loss."""
    return functional.cross_entropy(outputs["logits"].float(), labels)


distances: Mapping[Task, Callable[[torch.Tensor, torch.Tensor, float], torch.Tensor]] = {
    "classification": from_one,
    "multilabel": from_each,
}
