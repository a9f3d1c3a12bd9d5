"""Checkpoints of a job: which are complete, which is the newest, which are kept."""

from __future__ import annotations

import json
import shutil
from dataclasses import asdict, dataclass
from pathlib import Path

from pydantic import ValidationError

from trainer.spec import TrainWork

MARKER = "complete.json"
KEPT = 2  # the newest ones, beside the best one


@dataclass(frozen=True)
class Record:
    """What the marker of a complete checkpoint says."""

    work: str  # what was trained, as JSON: another recipe or data set can't go on from here
    train_seconds: float  # spent so far, by all attempts
    sizes: dict[str, int]  # file -> bytes: after a power cut a file may be shorter than it was
    saves: int = 0  # checkpoints that people had asked for by then: this one serves them all


def mark_complete(
    checkpoint: Path, *, work: TrainWork, train_seconds: float, saves: int = 0
) -> None:
    """Declare a checkpoint whole: without the marker it does not count."""
    sizes = {file.name: file.stat().st_size for file in checkpoint.iterdir()}
    record = Record(work.model_dump_json(), train_seconds, sizes, saves)
    temporary = checkpoint / "complete.tmp"
    temporary.write_text(json.dumps(asdict(record)), encoding="utf-8")
    temporary.rename(checkpoint / MARKER)


def read_record(checkpoint: Path) -> Record | None:
    """Read the marker; None where the checkpoint is not complete."""
    try:
        record = Record(**json.loads((checkpoint / MARKER).read_text(encoding="utf-8")))
        whole = all((checkpoint / n).stat().st_size == size for n, size in record.sizes.items())
    except (FileNotFoundError, ValueError, TypeError):
        return None
    return record if whole else None


def find_newest(folder: Path, work: TrainWork) -> Path | None:
    """Find the newest complete checkpoint of this very work."""
    newest_first = reversed(_by_step(folder))
    return next((checkpoint for checkpoint in newest_first if _is_of(checkpoint, work)), None)


def step_of(checkpoint: Path) -> int:
    return int(checkpoint.name.rpartition("-")[2])


def remove_unusable(folder: Path, work: TrainWork) -> None:
    """Remove what a crash left behind, and checkpoints of other work."""
    for checkpoint in _by_step(folder):
        if not _is_of(checkpoint, work):
            _remove(checkpoint)


def remove_old(folder: Path, best: Path | None) -> None:
    """Keep the newest KEPT complete checkpoints, and the best."""
    for checkpoint in _by_step(folder)[:-KEPT]:
        if checkpoint != best:
            _remove(checkpoint)


def _is_of(checkpoint: Path, work: TrainWork) -> bool:
    """Say whether a checkpoint is whole and of this work, written by this version or an older one.

    Records are compared, not their text: a version that adds a field with a default costs nobody
    what was trained before it.
    """
    record = read_record(checkpoint)
    try:
        return record is not None and TrainWork.model_validate_json(record.work) == work
    except ValidationError:
        return False


def _by_step(folder: Path) -> list[Path]:
    return sorted(folder.glob("checkpoint-*"), key=step_of)


def _remove(checkpoint: Path) -> None:
    (checkpoint / MARKER).unlink(missing_ok=True)  # first: half a checkpoint must not look whole
    shutil.rmtree(checkpoint)
