"""One side of a comparison: a model with the data set that it was trained on."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from trainer.spec import Rival, RunSpec, dataset_dir


@dataclass(frozen=True)
class Contender:
    """A model's folder and its data set's."""

    number: int
    folder: Path
    dataset: Path


def contenders(spec: RunSpec, rival: Rival) -> tuple[Contender, Contender]:
    """Name the run's own model and its rival."""
    theirs = dataset_dir(spec.data_dir, rival.dataset_hash)
    return (
        Contender(spec.job, spec.attempt_dir / "model", spec.dataset_dir),
        Contender(rival.model, spec.data_dir / rival.path, theirs),
    )


def read_rows(path: Path) -> list[dict[str, Any]]:
    """Read a data set's test.jsonl or corrections.jsonl."""
    with path.open(encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


def read_seen(dataset: Path) -> set[str]:
    """Read the hashes of the texts that a model trained on the data set has learned from."""
    return set((dataset / "seen.txt").read_text(encoding="ascii").split())
