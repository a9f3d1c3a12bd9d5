"""Tests of causes: real exceptions of the libraries, and what people are told of them."""

from __future__ import annotations

import errno
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from safetensors import SafetensorError
from safetensors.torch import save_file

from trainer.failures import RunFailed, explain
from trainer.spec import Failure, Recipe

RECIPE = Recipe(method="full", epochs=1, lr=1e-4, batch=16, max_length=64)


def test_an_allocation_that_fails_asks_for_half_the_batch() -> None:
    with pytest.raises(RuntimeError) as raised:
        torch.empty(10**15)
    failure = explain(raised.value, RECIPE)
    assert failure.cause == "out_of_memory"
    assert failure.fix == {"batch": "8"}
    assert "can't allocate memory" in failure.evidence


@pytest.mark.parametrize("error", [MemoryError(), torch.OutOfMemoryError("CUDA out of memory.")])
def test_memory_errors_of_python_and_of_a_gpu_are_one_cause(error: Exception) -> None:
    assert explain(error, RECIPE).cause == "out_of_memory"


def test_with_one_row_a_step_the_texts_are_cut() -> None:
    failure = explain(MemoryError(), RECIPE.model_copy(update={"batch": 1, "max_length": 128}))
    assert failure.fix == {"max_length": "64"}


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EDQUOT])
def test_no_room_is_a_full_disk(code: int) -> None:
    assert explain(OSError(code, "it is full")).cause == "disk_full"


@pytest.fixture
def full_disk(tmp_path: Path) -> Iterator[Path]:
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(tmp_path)],
        capture_output=True,
        check=False,
    )
    if mounted.returncode:
        pytest.skip("a file system can be mounted by root only")
    yield tmp_path
    # Lazily: the error that is looked at holds the file that it could not write.
    subprocess.run(["umount", "--lazy", str(tmp_path)], check=True)


def test_libraries_in_native_code_tell_a_full_disk_by_their_message(full_disk: Path) -> None:
    weights = {"weight": torch.ones(1_000_000)}
    with pytest.raises(SafetensorError) as of_safetensors:
        save_file(weights, full_disk / "model.safetensors")
    with pytest.raises(RuntimeError) as of_torch:
        torch.save(weights, full_disk / "optimizer.pt")
    for raised in (of_safetensors, of_torch):
        assert explain(raised.value).cause == "disk_full", raised.value


def test_the_cause_is_found_behind_what_a_library_wraps_around_it() -> None:
    wrapped = RuntimeError("training failed")
    wrapped.__cause__ = RunFailed("nan_loss", "The loss was nan at step 3.", lr="2e-06")
    assert explain(wrapped) == Failure(
        cause="nan_loss", evidence="The loss was nan at step 3.", fix={"lr": "2e-06"}
    )


def test_an_unforeseen_error_tells_its_place_and_no_word_of_its_message() -> None:
    with pytest.raises(ValueError, match="secret") as raised:
        raise ValueError("could not read 'a secret row'")
    failure = explain(raised.value)
    assert failure.cause == "unknown"
    assert failure.evidence.startswith("ValueError at test_failures.py:")
    assert "secret" not in failure.evidence
    assert "(reference " in failure.evidence
