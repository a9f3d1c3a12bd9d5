"""One table of a model's forms: what each costs, and how it answers the test split."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors import safe_open
from torch import nn
from transformers import PreTrainedModel

from trainer import export, methods
from trainer.distillation import Lesson
from trainer.export import Answers
from trainer.pruning import Pruned
from trainer.spec import Compressed, Difference, Export, Interval, text_hash

Given = NDArray[Any]  # [test rows] or [test rows, labels]: what is said of each
Measured = NDArray[np.bool_]  # [test rows]: those that a form is measured on
Decide = Callable[[Answers], Given]
Measure = Callable[[Given, Measured], Interval]


@dataclass(frozen=True)
class Form:
    """One form of a model, measured as it would serve."""

    name: str
    bytes: int
    parameters: int
    latency_ms: float
    answers: Answers
    rows: Measured | None = None  # None: all


@dataclass
class Witness:
    """Judges two formats as `judge` does, and remembers what they answered."""

    judge: Callable[[Answers, Answers], tuple[float, Difference]]
    answers: dict[str, Answers] = field(default_factory=dict)

    def __call__(self, int8: Answers, fp32: Answers) -> tuple[float, Difference]:
        self.answers = {"fp32": fp32, "int8": int8}
        return self.judge(int8, fp32)

    def forms(self, exported: Export, model: nn.Module, *, of: str = "") -> list[Form]:
        """Give both formats, named after what they are formats `of`."""
        parameters = methods.count_parameters(model)[0]
        costs = {
            "fp32": (exported.bytes_fp32, exported.latency_ms_fp32),
            "int8": (exported.bytes_int8, exported.latency_ms_int8),
        }
        return [
            Form(f"{of} {name}".strip(), size, parameters, latency, self.answers[name])
            for name, (size, latency) in costs.items()
        ]


def tabulate(
    forms: Iterable[Form],
    decide: Decide,
    measure: Measure,
) -> list[Compressed]:
    """Compare forms with the first: `decide` reads answers, `measure` judges some rows of them."""
    rows, table = list(forms), []
    first = decide(rows[0].answers)
    for form in rows:
        given = decide(form.answers)
        measured = np.ones(len(given), bool) if form.rows is None else form.rows
        same = (given == first).reshape(len(given), -1).all(axis=1)
        table.append(
            Compressed(
                form=form.name,
                bytes=form.bytes,
                parameters=form.parameters,
                latency_ms=form.latency_ms,
                figure=measure(given, measured),
                agreement=float(same[measured].mean()),
                left_out=int((~measured).sum()),
            )
        )
    return table


def measure_unpruned(
    whole: PreTrainedModel,
    graph: nn.Module,
    pruned: Pruned,
    *,
    card: Mapping[str, Any],
    write: Callable[..., tuple[Export, Answers]],
    witness: Witness,
) -> list[Form]:
    """Measure a pruned model with its whole vocabulary, `write` being `export_graph` as it was used."""
    card = {**card, "pad_token_id": pruned.whole.pad_token_id}
    with TemporaryDirectory() as folder:
        exported, _ = write(graph, Path(folder), tokenizer=pruned.whole, card=card)
    return witness.forms(exported, whole, of="unpruned")


def measure_teacher(lesson: Lesson, texts: Sequence[str], test: Sequence[str]) -> list[Form]:
    """Measure a teacher's answers to `texts`, on the rows of the `test` that it has not seen.

    None where its data set is gone, or all of the test was in it.
    """
    try:
        seen = lesson.read_seen()
    except OSError:
        return []
    unseen = np.array([text_hash(text) not in seen for text in test])
    if not unseen.any():
        return []
    found = export.measure(lesson.folder, "int8", texts, lambda _: lesson.ask)
    size = count_stored(lesson.folder / "torch")
    return [Form("teacher", found.bytes, size, found.latency_ms, found.answers, unseen)]


def count_stored(folder: Path) -> int:
    """Count the parameters in a folder's safetensors, without loading them."""
    total = 0
    for path in folder.glob("*.safetensors"):
        with safe_open(path, framework="np") as file:
            total += sum(int(np.prod(file.get_slice(name).get_shape())) for name in file.keys())  # noqa: SIM118
    return total
