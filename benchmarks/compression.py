"""A model's forms on data of one's own: pruned, beside whole, and distilled into a smaller encoder.

    python benchmarks/compression.py --data reviews.csv --teacher FOLDER --student FOLDER [--rows 600]

The file has the columns text and label; a fifth of the rows each is for validation and test. The
teacher is trained with its vocabulary pruned; the student once alone and once taught by it. The
last line of the output is the result as JSON.
"""

from __future__ import annotations

import argparse
import csv
import json
import logging
import random
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from trainer import data, train
from trainer.events import EventWriter
from trainer.process import Cancellation
from trainer.spec import (
    Ended,
    IntakeWork,
    Method,
    RunSpec,
    Teacher,
    TrainSummary,
    TrainWork,
    choose_recipe,
)


def main() -> None:
    options = _read_options()
    with _folder(options.keep) as folder:
        name = keep_dataset(folder, Path(options.data), rows=options.rows)
        whole = make_work(
            name, options.teacher, method="body", epochs=options.epochs, rows=options.rows
        )
        small = make_work(
            name, options.student, method="full", epochs=options.epochs, rows=options.rows
        )
        ended = run(folder, 1, whole.model_copy(update={"prune_vocabulary": True}))
        teacher = Teacher(model=1, path=str(ended.model), temperature=2.0, share=0.5)
        alone = run(folder, 2, small)
        taught = run(folder, 3, small.model_copy(update={"teacher": teacher}))
    found = {"pruned": ended, "alone": alone, "distilled": taught}
    print(json.dumps({name: _tell(one.summary) for name, one in found.items()}))


def keep_dataset(folder: Path, path: Path, *, rows: int) -> str:
    """Keep so many rows, drawn, as a data set, and give its hash."""
    with path.open(encoding="utf-8", newline="") as file:
        found = list(csv.DictReader(file))
    random.Random(0).shuffle(found)  # noqa: S311
    parts = ("train", "train", "train", "validation", "test")
    upload = folder / "rows.csv"
    with upload.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(("text", "label", "split"))
        writer.writerows(
            (row["text"], row["label"], parts[number % 5])
            for number, row in enumerate(found[:rows])
        )
    work = IntakeWork(upload=upload.name, filename=upload.name, name="data")
    card = data.make_dataset(_spec(folder, 900, work)).card
    assert card is not None
    return card.hash


def make_work(name: str, base: str, *, method: Method, epochs: int, rows: int) -> TrainWork:
    recipe, why = choose_recipe(
        method, train_rows=rows, p95_characters=120, overrides={"epochs": epochs}
    )
    return TrainWork(
        dataset="data@1", dataset_hash=name, base_model=base, recipe=recipe, recipe_why=why
    )


def run(folder: Path, job: int, work: TrainWork) -> Ended:
    spec = _spec(folder, job, work)
    spec.attempt_dir.mkdir(parents=True)
    with EventWriter(spec.attempt_dir / "events") as events:
        ended = train.run(spec, events, Cancellation())
    assert ended.summary is not None, ended.failure
    return ended


def _spec(folder: Path, job: int, work: TrainWork | IntakeWork) -> RunSpec:
    return RunSpec(job=job, attempt=1, data_dir=folder, work=work, device="cpu", threads=2)


def _tell(summary: TrainSummary | None) -> dict[str, object]:
    assert summary is not None
    return {
        "forms": [form.model_dump() for form in summary.compressed],
        "baselines": {b.name: b.figures for b in summary.baselines},
        "train_seconds": round(summary.train_seconds, 1),
    }


@contextmanager
def _folder(keep: str | None) -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as folder:
        yield Path(keep or folder)


def _read_options() -> argparse.Namespace:
    logging.disable(logging.WARNING)
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", required=True)
    parser.add_argument("--teacher", required=True, help="folder or hub id of the larger encoder")
    parser.add_argument("--student", required=True, help="folder or hub id of the smaller encoder")
    parser.add_argument("--rows", type=int, default=600)
    parser.add_argument("--epochs", type=int, default=2)
    parser.add_argument("--keep", help="folder that stays, for the models")
    return parser.parse_args()


if __name__ == "__main__":
    main()
