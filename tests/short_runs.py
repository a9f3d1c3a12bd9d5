"""Real training runs on a few rows of the sample data set."""

from __future__ import annotations

import csv
import os
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

from trainer import data, events, sample
from trainer.spec import (
    Checkpoint,
    Ended,
    Event,
    IntakeWork,
    Method,
    Recipe,
    Rival,
    RunSpec,
    TrainWork,
)

SAMPLE = Path(sample.__file__).parent / "work_chat.csv"
QUICK = {"OMP_WAIT_POLICY": "passive", "GOMP_SPINCOUNT": "0", "TOKENIZERS_PARALLELISM": "false"}

Rows = Sequence[tuple[str, str, str]]  # text, label, split


def sample_rows(**per_label: int) -> Rows:
    """Take so many rows of each label from each split, e.g. train=20, validation=5, test=10."""
    taken: Counter[tuple[str, str]] = Counter()
    rows = []
    with SAMPLE.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            key = row["label"], row["split"]
            if taken[key] < per_label[row["split"]]:
                taken[key] += 1
                rows.append((row["text"], *key))
    return rows


def keep_dataset(data_dir: Path, rows: Rows) -> str:
    """Make a data set as an upload does, and give its hash."""
    upload = data_dir / "uploads" / "chat.csv"
    upload.parent.mkdir(parents=True, exist_ok=True)
    with upload.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([("text", "label", "split"), *rows])
    work = IntakeWork(upload="uploads/chat.csv", filename="chat.csv", name="chat")
    spec = RunSpec(job=900, attempt=1, data_dir=data_dir, work=work, device="cpu")
    card = data.make_dataset(spec).card
    assert card is not None
    return card.hash


def make_spec(
    data_dir: Path,
    dataset_hash: str,
    *,
    job: int = 1,
    attempt: int = 1,
    base_model: str = "minilm",
    method: Method = "full",
    save_every_s: float = 60,
    rival: Rival | None = None,
    **recipe: float,
) -> RunSpec:
    """Describe a short run: 1 epoch in steps of 8 rows unless told otherwise."""
    chosen = {"epochs": 1, "lr": 1e-4, "batch": 8, "max_length": 32} | recipe
    work = TrainWork(
        dataset="chat@1",
        dataset_hash=dataset_hash,
        base_model=base_model,
        recipe=Recipe.model_validate({"method": method, **chosen}),
        recipe_why="a test",
    )
    return RunSpec(
        job=job,
        attempt=attempt,
        data_dir=data_dir,
        work=work,
        device="cpu",
        threads=2,
        rival=rival,
        save_every_s=save_every_s,
    )


def start(spec: RunSpec) -> subprocess.Popen[bytes]:
    """Start the run as its runner does: a process of its own, its output in log.txt."""
    spec.attempt_dir.mkdir(parents=True)
    path = spec.attempt_dir / "spec.json"
    path.write_text(spec.model_dump_json(), encoding="utf-8")
    with (spec.attempt_dir / "log.txt").open("wb") as log:
        return subprocess.Popen(
            [sys.executable, "-m", "trainer.train", str(path)],
            stdout=log,
            stderr=log,
            env=os.environ | QUICK,
        )


def read_events(spec: RunSpec) -> list[Event]:
    found: list[Event] = []
    number = 0
    while segment := events.read_segment(spec.attempt_dir / "events", number):
        found += segment
        number += 1
    return found


def read_ended(spec: RunSpec) -> Ended:
    """Read the one last event; fail with the log where there is none."""
    last = read_events(spec)[-1].body
    assert isinstance(last, Ended), (spec.attempt_dir / "log.txt").read_text(encoding="utf-8")
    return last


def wait_for(spec: RunSpec, happened: Callable[[Event], bool]) -> Event:
    """Wait for an event; fail where the run ends without it, or says nothing for long."""
    while not (found := [event for event in read_events(spec) if happened(event)]):
        seen = read_events(spec)
        ended = bool(seen) and isinstance(seen[-1].body, Ended)
        silent = bool(seen) and datetime.now(UTC) - seen[-1].at > timedelta(minutes=1)
        assert not ended, seen[-1].body
        assert not silent, seen[-1].body
        time.sleep(0.02)
    return found[0]


def saved_at(event: Event, step: int) -> bool:
    return isinstance(event.body, Checkpoint) and event.body.step >= step
