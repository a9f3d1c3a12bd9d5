"""Tests of which checkpoints count, and which are kept."""

from __future__ import annotations

from pathlib import Path

import pytest

from trainer import checkpoints


def save(folder: Path, step: int, *, work: str = "this", seconds: float = 0) -> Path:
    checkpoint = folder / f"checkpoint-{step}"
    checkpoint.mkdir()
    (checkpoint / "model.safetensors").write_bytes(b"weights")
    checkpoints.mark_complete(checkpoint, work=work, train_seconds=seconds)
    return checkpoint


def steps(folder: Path) -> list[int]:
    return sorted(checkpoints.step_of(path) for path in folder.iterdir())


def test_the_newest_is_the_one_of_the_highest_step(tmp_path: Path) -> None:
    for step in (9, 10, 2):
        save(tmp_path, step)
    assert checkpoints.find_newest(tmp_path, "this") == tmp_path / "checkpoint-10"


def test_without_any_there_is_no_newest(tmp_path: Path) -> None:
    assert checkpoints.find_newest(tmp_path / "missing", "this") is None


def test_a_marker_keeps_the_seconds_spent(tmp_path: Path) -> None:
    record = checkpoints.read_record(save(tmp_path, 1, seconds=12.5))
    assert record is not None
    assert record.train_seconds == 12.5


@pytest.mark.parametrize("harm", ["no marker", "half a marker", "a short file", "a lost file"])
def test_a_checkpoint_that_is_not_whole_does_not_count(tmp_path: Path, harm: str) -> None:
    save(tmp_path, 1)
    torn = save(tmp_path, 2)
    if harm == "no marker":
        (torn / checkpoints.MARKER).unlink()
    elif harm == "half a marker":
        (torn / checkpoints.MARKER).write_text('{"work": "th')
    elif harm == "a short file":
        (torn / "model.safetensors").write_bytes(b"wei")
    else:
        (torn / "model.safetensors").unlink()
    assert checkpoints.find_newest(tmp_path, "this") == tmp_path / "checkpoint-1"
    checkpoints.remove_unusable(tmp_path, "this")
    assert steps(tmp_path) == [1]


def test_another_recipe_starts_afresh(tmp_path: Path) -> None:
    save(tmp_path, 1, work="batch 32")
    assert checkpoints.find_newest(tmp_path, "batch 16") is None
    checkpoints.remove_unusable(tmp_path, "batch 16")
    assert steps(tmp_path) == []


def test_two_and_the_best_are_kept(tmp_path: Path) -> None:
    best, *_ = (save(tmp_path, step) for step in range(1, 7))
    checkpoints.remove_old(tmp_path, best)
    assert steps(tmp_path) == [1, 5, 6]
