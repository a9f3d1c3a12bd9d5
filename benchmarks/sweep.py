"""A search's winner against the default recipe: on the test split, beside the noise of seeds.

`--data` takes a CSV with text, label and maybe split; without it the sample data set is searched.
`--rows` keeps so many training rows. The last line is JSON.
"""

from __future__ import annotations

import argparse
import csv
import json
import random
import tempfile
import time
from pathlib import Path

from trainer import data, sample, train
from trainer.events import EventWriter
from trainer.process import Cancellation
from trainer.spec import (
    DataCard,
    IntakeWork,
    OneOf,
    Range,
    RunSpec,
    Scores,
    Sweep,
    TrainSummary,
    TrainWork,
    choose_recipe,
)

SAMPLE = Path(sample.__file__).parent / "work_chat.csv"


def keep(data_dir: Path, source: Path, rows: int) -> DataCard:
    """Make a data set of a file, with no more than so many training rows."""
    with source.open(encoding="utf-8", newline="") as file:
        found = list(csv.DictReader(file))
    training = [row for row in found if row.get("split", "train") == "train"]
    others = [row for row in found if row.get("split", "train") != "train"]
    chosen = random.Random(0).sample(training, min(rows, len(training))) + others  # noqa: S311
    upload = data_dir / "rows.csv"
    with upload.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, fieldnames=list(found[0]))
        writer.writeheader()
        writer.writerows(chosen)
    work = IntakeWork(upload="rows.csv", filename="rows.csv", name="rows")
    card = data.make_dataset(spec_of(data_dir, work, job=1)).card
    assert card is not None
    return card


def spec_of(data_dir: Path, work: TrainWork | IntakeWork, *, job: int) -> RunSpec:
    return RunSpec(job=job, attempt=1, data_dir=data_dir, work=work, device="cpu", threads=2)


def run(spec: RunSpec) -> TrainSummary:
    with EventWriter(spec.attempt_dir / "events") as events:
        ended = train.run(spec, events, Cancellation())
    assert ended.summary is not None, ended.failure
    return ended.summary


def draft(card: DataCard, base_model: str) -> TrainWork:
    recipe, why = choose_recipe(
        "full",
        train_rows=sum(card.splits["train"].values()),
        p95_characters=card.characters["p95"],
        overrides={},
    )
    return TrainWork(
        dataset="rows@1",
        dataset_hash=card.hash,
        base_model=base_model,
        recipe=recipe,
        recipe_why=why,
    )


def tell(summary: TrainSummary) -> dict[str, object]:
    scores = summary.scores
    assert isinstance(scores, Scores)
    recipe = summary.recipe.model_dump(include={"method", "lr", "epochs", "batch"})
    return {"accuracy": scores.accuracy.model_dump(), "macro_f1": scores.macro_f1.value, **recipe}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=SAMPLE)
    parser.add_argument("--model", default="minilm")
    parser.add_argument("--rows", type=int, default=3_000)
    parser.add_argument("--trials", type=int, default=12)
    parser.add_argument("--budget", type=int, default=3_600, help="seconds")
    parser.add_argument("--quick", action="store_true", help="few rows and trials")
    options = parser.parse_args()
    rows, trials = (120, 4) if options.quick else (options.rows, options.trials)
    with tempfile.TemporaryDirectory() as folder:
        data_dir = Path(folder)
        card = keep(data_dir, options.data, rows)
        work = draft(card, options.model)
        sweep = Sweep(
            space={
                "lr": Range(low=1e-5, high=1e-3, log=True),
                "method": OneOf(values=("full", "lora")),
            },
            trials=trials,
            budget_s=options.budget,
        )
        began = time.monotonic()
        default = run(spec_of(data_dir, work, job=2))
        searched = time.monotonic()
        winner = run(spec_of(data_dir, work.model_copy(update={"sweep": sweep}), job=3))
        found = winner.sweep
        assert found is not None
        told = {
            "rows": sum(card.splits["train"].values()),
            "default": tell(default),
            "winner": tell(winner),
            "sweep": found.model_dump(
                include={"best", "default", "gain", "noise", "margin", "seeds", "stopped"}
            ),
            "importance": found.importance,
            "states": [trial.state for trial in found.trials],
            "seconds": {
                "default": round(searched - began, 1),
                "sweep": round(time.monotonic() - searched, 1),
                "trials": [round(trial.seconds, 1) for trial in found.trials],
            },
        }
    print(json.dumps(told))


if __name__ == "__main__":
    main()
