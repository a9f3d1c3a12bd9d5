"""Checkpoints of a job: which are complete, which is the newest, which are kept."""

from __future__ import annotations

import json
import shutil
from dataclasses import asdict, dataclass
from pathlib import Path

MARKER = "complete.json"
KEPT = 2  # the newest ones, beside the best one


@dataclass(frozen=True)
class Record:
    """What the marker of a complete checkpoint says."""

    work: str  # what was trained, as JSON: another recipe or data set can't go on from here
    train_seconds: float  # spent so far, by all attempts
    sizes: dict[str, int]  # file -> bytes: after a power cut a file may be shorter than it was


def mark_complete(checkpoint: Path, *, work: str, train_seconds: float) -> None:
    """Declare a checkpoint whole: without the marker it does not count."""
    sizes = {file.name: file.stat().st_size for file in checkpoint.iterdir()}
    record = Record(work=work, train_seconds=train_seconds, sizes=sizes)
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


def find_newest(folder: Path, work: str) -> Path | None:
    """Find the newest complete checkpoint of this very work."""
    for checkpoint in reversed(_by_step(folder)):
        record = read_record(checkpoint)
        if record is not None and record.work == work:
            return checkpoint
    return None


def step_of(checkpoint: Path) -> int:
    return int(checkpoint.name.rpartition("-")[2])


def remove_unusable(folder: Path, work: str) -> None:
    """Remove what a crash left behind, and checkpoints of other work."""
    for checkpoint in _by_step(folder):
        record = read_record(checkpoint)
        if record is None or record.work != work:
            _remove(checkpoint)


def remove_old(folder: Path, best: Path | None) -> None:
    """Keep the newest KEPT complete checkpoints, and the best."""
    for checkpoint in _by_step(folder)[:-KEPT]:
        if checkpoint != best:
            _remove(checkpoint)


def _by_step(folder: Path) -> list[Path]:
    return sorted(folder.glob("checkpoint-*"), key=step_of)


def _remove(checkpoint: Path) -> None:
    (checkpoint / MARKER).unlink(missing_ok=True)  # first: half a checkpoint must not look whole
    shutil.rmtree(checkpoint)
