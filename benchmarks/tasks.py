"""Each task trained for real, by the way that a job takes, beside what costs less.

`--data` is a folder of labelled data sets, one folder each (SOURCES below); `--chinese` a folder with
a multilingual encoder, `--writer` one with a small causal model. A case whose data or model is missing
is left out and named. The last line is JSON: for each case the first figure on the test split with its
interval, the best baseline, and the time.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import random
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

import pretend_clicks

from trainer import data, events
from trainer.predict import Classifier
from trainer.spec import (
    DataCard,
    Ended,
    IntakeWork,
    Method,
    RunSpec,
    Task,
    TrainSummary,
    TrainWork,
    choose_recipe,
)

Row = Mapping[str, object]
PATIENT = {"OMP_WAIT_POLICY": "passive", "GOMP_SPINCOUNT": "0", "TOKENIZERS_PARALLELISM": "false"}
QUICK_ROWS = 400
NEUTRAL = 0.8  # of ratings from -4 to 4: SST-2 leaves out what lies between 0.4 and 0.6 of 1
UNANSWERED = 11  # every so manieth intent has no answer
HEADLINES = 400


class MissingError(Exception):
    """The data or the model of a case is not here."""


@dataclass(frozen=True)
class Place:
    """Where the data sets and models are."""

    data: Path
    chinese: Path | None
    writer: Path | None


@dataclass(frozen=True)
class Case:
    """A job: its rows, what is trained on them, and the figure that it must reach."""

    name: str
    rows: Callable[[Place], Iterator[Row]]
    train: int  # rows, at most
    test: int
    method: Method
    at_least: float | None = None
    task: Task | None = None
    model: Callable[[Place], Path | str] = lambda _: "minilm"
    recipe: dict[str, Any] = field(default_factory=dict)
    published: bool = False  # others' figures are of every row of its test split
    whole: bool = False  # its rows are taken as they come: they divide themselves by time


def read_csv(place: Place, name: str, *files: str) -> Iterator[dict[str, str]]:
    """Give the rows of a data set's files; those of test.csv are marked as the test split."""
    for file in files:
        path = place.data / name / file
        if not path.is_file():
            raise MissingError(f"{name}/{file}")
        with path.open(encoding="utf-8", newline="") as lines:
            for row in csv.DictReader(lines):
                yield row | ({"split": "test"} if file == "test.csv" else {"split": "train"})


def read_reviews(place: Place) -> Iterator[Row]:
    """Leave out the middle fifth of the scale, as SST-2 does."""
    for row in read_csv(place, "vader_movie_en", "all.csv"):
        if abs(float(row["rating"])) > NEUTRAL:
            yield {"text": row["text"], "label": row["label"]}


def read_intents(place: Place) -> Iterator[Row]:
    yield from read_csv(place, "banking77_en", "train.csv", "test.csv")


def read_joined(place: Place) -> Iterator[Row]:
    """Join two questions of different intents into one text, in two of three rows."""
    draw = random.Random(0)  # noqa: S311
    by_split: dict[str, list[dict[str, str]]] = {"train": [], "test": []}
    for row in read_csv(place, "banking77_en", "train.csv", "test.csv"):
        by_split[row["split"]].append(row)
    for split, rows in by_split.items():
        draw.shuffle(rows)
        for number, (one, other) in enumerate(pairwise(rows)):
            both = [one, other] if number % 3 else [one]
            labels = sorted({row["label"] for row in both})
            text = " ".join(row["text"] for row in both)
            yield {"text": text, "labels": "|".join(labels), "split": split}


def read_deliveries(place: Place) -> Iterator[Row]:
    for row in read_csv(place, "waimai_zh", "all.csv"):
        yield {"text": row["text"], "label": row["label"]}


def read_support(place: Place) -> Iterator[Row]:
    """Answer each intent's questions by one text that names it; some intents by none."""
    rows = list(read_intents(place))
    intents = sorted({str(row["label"]) for row in rows})
    for row in rows:
        number, topic = intents.index(str(row["label"])), str(row["label"]).replace("_", " ")
        answer = f"This is what you can do about {topic}: open the app, look under Help for it."
        yield {
            "question": row["text"],
            "answer": answer if number % UNANSWERED else "",
            "split": row["split"],
        }


def read_clicks(place: Place) -> Iterator[Row]:
    """Let invented people with tastes choose among headlines."""
    texts = [row["text"] for row in read_csv(place, "agnews_en", "test.csv")]
    yield from pretend_clicks.read(texts[:HEADLINES], pretend_clicks.Readership(users=150))


def read_instructions(place: Place) -> Iterator[Row]:
    path = place.data / "alpaca_en_demo" / "all.jsonl"
    if not path.is_file():
        raise MissingError("alpaca_en_demo/all.jsonl")
    with path.open(encoding="utf-8") as lines:
        yield from map(json.loads, lines)


def small_writer(place: Place) -> Path:
    if place.writer is None or not place.writer.is_dir():
        raise MissingError("the small causal model")
    return place.writer


def chinese(place: Place) -> Path:
    if place.chinese is None or not place.chinese.is_dir():
        raise MissingError("the multilingual encoder")
    return place.chinese


CASES = (
    Case("sentiment, full", read_reviews, 3_000, 1_800, "full", 0.87),
    Case("sentiment, lora", read_reviews, 3_000, 1_800, "lora", 0.84),
    Case("intents, auto", read_intents, 10_000, 3_100, "auto", 0.93, published=True),
    Case("two intents, full", read_joined, 9_000, 3_000, "full", task="multilabel"),
    Case("deliveries, body", read_deliveries, 3_000, 2_400, "body", 0.90, model=chinese),
    Case("answers, full", read_support, 2_200, 1_000, "full", task="retrieval"),
    Case(
        *("clicks, full", read_clicks, 0, 0, "full"),
        task="recommendation",
        recipe={"lr": 1e-4, "epochs": 2},
        whole=True,
    ),
    Case(
        *("writing, lora", read_instructions, 270, 100, "lora"),
        task="generation",
        model=small_writer,
        recipe={"epochs": 2, "max_length": 384},
    ),
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("cases", nargs="*", help="words of the names of those to run; else all")
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--chinese", type=Path)
    parser.add_argument("--writer", type=Path)
    parser.add_argument("--quick", action="store_true", help=f"{QUICK_ROWS} rows, no promise")
    given = parser.parse_args()
    place = Place(given.data, given.chinese, given.writer)
    wanted = [case for case in CASES if all(word in case.name for word in given.cases)]
    found: dict[str, dict[str, object]] = {}
    for case in wanted:
        try:
            found[case.name] = run(case, place, quick=given.quick)
        except MissingError as missing:
            found[case.name] = {"left_out": f"{missing} is not here"}
        print(f"{case.name}: {json.dumps(found[case.name], ensure_ascii=False)}", flush=True)
    print(json.dumps(found, ensure_ascii=False))


def run(case: Case, place: Place, *, quick: bool) -> dict[str, object]:
    """Do one case in a folder of its own: file, data set, run, result."""
    rows = list(case.rows(place))
    if not case.whole:
        rows = _choose(rows, case, quick=quick)
    model = str(case.model(place))
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        spec = _specify(case, model, _read_in(rows, folder), folder)
        told = _tell(case, _train(spec))
        if case.published:
            told["on_every_test_row"] = _mark_all(spec, rows)
        return told


def _mark_all(spec: RunSpec, rows: Sequence[Row]) -> float:
    """Answer every row of the file's own test split, as published figures do.

    Coach leaves out those that nearly repeat a training row: they are easy, and no proof.
    """
    test = [row for row in rows if row["split"] == "test"]
    answers = Classifier.load(spec.attempt_dir / "model").classify([str(r["text"]) for r in test])
    right = [one.label == row["label"] for one, row in zip(answers, test, strict=True)]
    return round(sum(right) / len(right), 4)


def _choose(rows: Sequence[Row], case: Case, *, quick: bool) -> list[Row]:
    """Draw so many rows; the test split is the file's own, or made of rows kept apart."""
    shuffled = list(rows)
    random.Random(0).shuffle(shuffled)  # noqa: S311 - a file may be sorted by label
    if "split" not in rows[0]:
        wanted = case.test + case.train * 10 // 9  # a tenth of the rest is for validation
        shuffled = [
            {**row, "split": "test" if i < case.test else "train"}
            for i, row in enumerate(shuffled[:wanted])
        ]
    train = [row for row in shuffled if row["split"] == "train"][: case.train * 10 // 9]
    test = [row for row in shuffled if row["split"] == "test"][: case.test]
    return [*train[:QUICK_ROWS], *test[:QUICK_ROWS]] if quick else [*train, *test]


def _read_in(rows: Sequence[Row], folder: Path) -> DataCard:
    """Make the data set as an upload does."""
    with (folder / "upload.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    work = IntakeWork(upload="upload.csv", filename="upload.csv", name="benchmark")
    card = data.make_dataset(
        RunSpec(job=1, attempt=1, data_dir=folder, work=work, device="cpu")
    ).card
    assert card is not None
    return card


def _specify(case: Case, model: str, card: DataCard, folder: Path) -> RunSpec:
    task: Task = case.task or "classification"
    recipe, why = choose_recipe(
        case.method,
        train_rows=sum(card.splits["train"].values()),
        p95_characters=card.characters["p95"],
        overrides=case.recipe,
        task=task,
    )
    work = TrainWork(
        task=task,
        dataset="benchmark",
        dataset_hash=card.hash,
        base_model=model,
        recipe=recipe,
        recipe_why=why,
    )
    return RunSpec(job=2, attempt=1, data_dir=folder, work=work, device="cpu")


def _train(spec: RunSpec) -> TrainSummary:
    """Run it as its runner does; raise RuntimeError with its log where it fails."""
    spec.attempt_dir.mkdir(parents=True)
    path = spec.attempt_dir / "spec.json"
    path.write_text(spec.model_dump_json(), encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "trainer.train", str(path)],
        env=os.environ | PATIENT,
        capture_output=True,
        text=True,
        check=False,
    )
    ended = events.read_end(spec.attempt_dir / "events") or Ended(state="failed")
    if ended.summary is None:
        raise RuntimeError(f"{ended.failure}\n{done.stderr}")
    return ended.summary


def _tell(case: Case, summary: TrainSummary) -> dict[str, object]:
    name, figure = next(iter(summary.scores.figures().items()))
    best = min(summary.baselines, key=lambda one: one.difference.points)
    told: dict[str, object] = {
        name: round(figure.value, 4),
        "interval": [round(figure.low, 4), round(figure.high, 4)],
        "n": summary.scores.n,
        "baseline": {best.name: {k: round(v, 4) for k, v in best.figures.items()}},
        "difference": [best.difference.points, best.difference.margin, best.difference.verdict],
        "method": summary.chosen.method if summary.chosen else summary.recipe.method,
        "seconds": round(summary.total_seconds),
        "rows_per_second": round(summary.rows_per_second, 1),
        "trainable_parameters": summary.trainable_parameters,
    }
    if case.at_least is not None:
        told |= {"at_least": case.at_least, "reached": figure.value >= case.at_least}
    return told


if __name__ == "__main__":
    main()
