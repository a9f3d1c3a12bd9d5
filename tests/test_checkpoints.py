"""Tests of which checkpoints count, and which are kept."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from records import TRAIN_WORK

from trainer import checkpoints
from trainer.spec import TrainWork

THIS = TrainWork.model_validate(TRAIN_WORK)
OTHER = THIS.model_copy(update={"recipe": THIS.recipe.model_copy(update={"batch": 16})})


def save(folder: Path, step: int, *, work: TrainWork = THIS, seconds: float = 0) -> Path:
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
    assert checkpoints.find_newest(tmp_path, THIS) == tmp_path / "checkpoint-10"


def test_without_any_there_is_no_newest(tmp_path: Path) -> None:
    assert checkpoints.find_newest(tmp_path / "missing", THIS) is None


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
    assert checkpoints.find_newest(tmp_path, THIS) == tmp_path / "checkpoint-1"
    checkpoints.remove_unusable(tmp_path, THIS)
    assert steps(tmp_path) == [1]


def test_another_recipe_starts_afresh(tmp_path: Path) -> None:
    save(tmp_path, 1, work=THIS)
    assert checkpoints.find_newest(tmp_path, OTHER) is None
    checkpoints.remove_unusable(tmp_path, OTHER)
    assert steps(tmp_path) == []


def test_two_and_the_best_are_kept(tmp_path: Path) -> None:
    best, *_ = (save(tmp_path, step) for step in range(1, 7))
    checkpoints.remove_old(tmp_path, best)
    assert steps(tmp_path) == [1, 5, 6]


def test_a_version_with_new_fields_goes_on_from_an_older_checkpoint(tmp_path: Path) -> None:
    """What an older version wrote lacks them: their defaults are what it trained by."""
    marker = save(tmp_path, 1) / checkpoints.MARKER
    record = json.loads(marker.read_text())
    work = json.loads(record["work"])
    del work["devices"], work["trackers"], work["recipe"]["patience"], record["saves"]
    marker.write_text(json.dumps(record | {"work": json.dumps(work)}))
    assert checkpoints.find_newest(tmp_path, THIS) == tmp_path / "checkpoint-1"
