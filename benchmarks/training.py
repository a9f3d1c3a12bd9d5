"""Rows a second against the common recipe: texts padded to 128, batch 16, fp32, a plain loop.

Both train on the same rows for as many epochs, by turns in one process, so that whatever else
the machine does slows both. `--data` takes a CSV with text, label and maybe split; without it
the sample data set is trained on.
"""

from __future__ import annotations

import argparse
import csv
import json
import random
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from statistics import fmean

import torch
from datasets import Dataset, disable_progress_bars
from torch import nn
from torch.utils.data import DataLoader
from transformers import (
    DataCollatorWithPadding,
    TrainerCallback,
    TrainerControl,
    TrainerState,
    TrainingArguments,
    set_seed,
)
from transformers.utils import logging

from trainer import data, fit, methods, sample
from trainer.evaluate import difference
from trainer.spec import DataCard, IntakeWork, RunSpec, TrainWork, choose_recipe
from trainer.tasks.classification import Classification, Loaded, load_model

PADDED_TO, BATCH, RATE = 128, 16, 2e-5  # the article's
STEPS_A_TURN = 4
PROFILED_STEPS = 10
SAMPLE = Path(sample.__file__).parent / "work_chat.csv"


class Stopwatch:
    """Adds up seconds by what they were spent on."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = defaultdict(float)
        self.restart()

    def restart(self) -> None:
        self._since = time.perf_counter()

    def lap(self, name: str) -> None:
        now = time.perf_counter()
        self.seconds[name] += now - self._since
        self._since = now


def train_as_the_article(
    model: nn.Module, rows: Dataset, loaded: Loaded, epochs: int, watch: Stopwatch
) -> Iterator[int]:
    """Train step by step, giving the rows of each."""
    collate = DataCollatorWithPadding(loaded.tokenizer, padding="max_length", max_length=PADDED_TO)
    batches = DataLoader(
        rows.remove_columns("length"),
        BATCH,
        shuffle=True,
        collate_fn=collate,
    )
    optimizer = torch.optim.AdamW(model.parameters(), lr=RATE)
    model.train()
    watch.restart()
    for _ in range(epochs):
        for batch in batches:
            watch.lap("data")
            loss = model(**batch).loss
            watch.lap("forward")
            loss.backward()
            watch.lap("backward")
            optimizer.step()
            optimizer.zero_grad()
            watch.lap("optimizer")
            yield len(batch["labels"])
            watch.restart()


class TakeTurns(TrainerCallback):
    """Times our training, and lets the article's train as many rows after every few steps."""

    def __init__(self, model: nn.Module, article: Iterator[int], batch: int) -> None:
        self.watch = Stopwatch()
        self._article = article
        self._ahead = 0  # rows that we have trained and the article has not
        self._batch = batch
        model.register_forward_pre_hook(lambda *_: self._lap(model, "data"))
        model.register_forward_hook(lambda *_: self._lap(model, "forward"))

    def _lap(self, model: nn.Module, name: str) -> None:
        if model.training:
            self.watch.lap(name)

    def on_train_begin(self, *_args: object, **_kwargs: object) -> None:
        self.watch.restart()

    def on_pre_optimizer_step(self, *_args: object, **_kwargs: object) -> None:
        self.watch.lap("backward")

    def on_optimizer_step(self, *_args: object, **_kwargs: object) -> None:
        self.watch.lap("optimizer")

    def on_step_end(  # the other arguments are the superclass's
        self,
        args: TrainingArguments,  # noqa: ARG002
        state: TrainerState,
        control: TrainerControl,  # noqa: ARG002
        **kwargs: object,  # noqa: ARG002
    ) -> None:
        self.watch.lap("optimizer")
        self._ahead += self._batch
        if state.global_step % STEPS_A_TURN == 0:
            self.catch_up()

    def on_evaluate(self, *_args: object, **_kwargs: object) -> None:
        self.watch.lap("evaluation")

    def on_save(self, *_args: object, **_kwargs: object) -> None:
        self.watch.lap("checkpoints")

    def catch_up(self) -> None:
        while self._ahead > 0 and (rows := next(self._article, 0)):
            self._ahead -= rows
        self.watch.restart()


def mark_right(model: nn.Module, loaded: Loaded) -> list[bool]:
    """Answer the test split in fp32, the same way for both, and say which rows are right."""
    rows = loaded.encoded["test"].remove_columns("length")
    collate = DataCollatorWithPadding(loaded.tokenizer)
    right: list[bool] = []
    model.eval()
    with torch.inference_mode():
        for batch in DataLoader(rows, 64, collate_fn=collate):
            right += (model(**batch).logits.argmax(dim=1) == batch["labels"]).tolist()
    return right


def prepare(
    table: Path, folder: Path, *, drop: list[str], rows: int | None, epochs: int | None
) -> tuple[RunSpec, TrainWork]:
    """Make the data set as an upload does, and choose the default recipe for it."""
    with table.open(encoding="utf-8", newline="") as file:
        kept = [row for row in csv.DictReader(file) if row["label"] not in drop]
    random.Random(0).shuffle(kept)  # noqa: S311 - a file may be sorted by label
    kept = kept[:rows]
    upload = folder / "upload.csv"
    with upload.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(kept[0]))
        writer.writeheader()
        writer.writerows(kept)
    intake = IntakeWork(
        upload=upload.name,
        filename=table.name,
        name="benchmark",
        text_column="text",
        label_column="label",
    )
    card = data.make_dataset(RunSpec(job=1, attempt=1, data_dir=folder, work=intake, device="cpu"))
    assert isinstance(card.card, DataCard)
    recipe, why = choose_recipe(
        "full",
        train_rows=sum(card.card.splits["train"].values()),
        p95_characters=card.card.characters["p95"],
        overrides={"epochs": epochs} if epochs else {},
    )
    work = TrainWork(
        dataset="benchmark",
        dataset_hash=card.card.hash,
        base_model="minilm",
        recipe=recipe,
        recipe_why=why,
    )
    return RunSpec(job=2, attempt=1, data_dir=folder, work=work, device="cpu"), work


def run(spec: RunSpec, work: TrainWork) -> dict[str, float]:
    set_seed(work.recipe.seed)
    task = Classification(spec, work)
    loaded = task.loaded
    rows, epochs = loaded.encoded["train"], work.recipe.epochs
    theirs = load_model(work.base_model, loaded.labels)
    their_watch = Stopwatch()
    article = train_as_the_article(theirs, rows, loaded, epochs, their_watch)

    ours = methods.prepare(loaded.model, work.recipe, work.task)
    turns = TakeTurns(ours, article, work.recipe.batch)
    trainer = task.make_trainer(ours, fit.arguments(task, spec, work.recipe), [turns])
    trainer.train()
    trainer.accelerator.unwrap_model(ours, keep_fp32_wrapper=False)
    for _ in article:  # what is left of its last epoch
        pass
    show(their_watch.seconds, turns.watch.seconds, visits=len(rows) * epochs)
    beside = {"evaluation", "checkpoints"}  # which the article's loop does not do
    steps = sum(s for name, s in turns.watch.seconds.items() if name not in beside)
    total = sum(their_watch.seconds.values())
    right, wanted = mark_right(ours, loaded), mark_right(theirs, loaded)
    gap = difference(right, wanted)
    print(f"accuracy, ours minus article: {gap.points} ± {gap.margin} points, n = {gap.n}")
    return {
        "speedup": round(total / steps, 2),
        "speedup_with_evaluation": round(total / sum(turns.watch.seconds.values()), 2),
        "accuracy_article": round(fmean(wanted), 4),
        "accuracy_ours": round(fmean(right), 4),
    }


def show(theirs: dict[str, float], ours: dict[str, float], *, visits: int) -> None:
    print(f"{'ms a row':<12} {'article':>9} {'ours':>9}")
    for name in ("data", "forward", "backward", "optimizer", "evaluation", "checkpoints"):
        print(f"{name:<12} {1e3 * theirs[name] / visits:9.2f} {1e3 * ours[name] / visits:9.2f}")
    print(f"{visits:,} row visits each")


def profile(spec: RunSpec, work: TrainWork) -> None:
    """Print on which operators our steps spend their time, by torch.profiler."""
    set_seed(work.recipe.seed)
    task = Classification(spec, work)
    model = methods.prepare(task.model, work.recipe, work.task)
    trainer = task.make_trainer(
        model,
        fit.arguments(task, spec, work.recipe)
        | {"max_steps": PROFILED_STEPS, "eval_strategy": "no", "save_strategy": "no"}
        | {"load_best_model_at_end": False},
        [],
    )
    with torch.profiler.profile() as profiler:
        trainer.train()
    print(profiler.key_averages().table(sort_by="self_cpu_time_total", row_limit=15))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=SAMPLE, help="a CSV: text, label[, split]")
    parser.add_argument("--drop", action="append", default=[], help="a label to leave out")
    parser.add_argument("--rows", type=int, help="only so many rows, drawn at random")
    parser.add_argument("--epochs", type=int, help="instead of the recipe's")
    parser.add_argument("--quick", action="store_true", help="one epoch")
    parser.add_argument("--profile", action="store_true", help="the operators of our steps alone")
    options = parser.parse_args()
    disable_progress_bars()
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    with tempfile.TemporaryDirectory() as folder:
        spec, work = prepare(
            options.data,
            Path(folder),
            drop=options.drop,
            rows=options.rows,
            epochs=1 if options.quick else options.epochs,
        )
        print(work.recipe_why)
        if options.profile:
            profile(spec, work)
        else:
            print(json.dumps(run(spec, work)))


if __name__ == "__main__":
    main()
