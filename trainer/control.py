"""What people ask of a run while it runs: written by the worker, read by the run between steps."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field, ValidationError

from trainer.spec import Frozen, RunSpec, run_dir

NAME = "control.json"  # in the run's folder: it outlives an attempt


class Control(Frozen):
    """Standing wishes, so that reading one twice, or after a crash, does nothing twice."""

    saves: int = Field(default=0, ge=0, description="checkpoints asked for since the job began")
    extra_epochs: int = Field(default=0, ge=0, description="on top of the recipe's, all together")
    pause: bool = Field(default=False, description="save, end, and wait")


def write(folder: Path, control: Control) -> None:
    """Put the wishes where the run looks, whole or not at all; nothing is written twice."""
    path = folder / NAME
    if read(folder) == control and path.exists():
        return
    folder.mkdir(parents=True, exist_ok=True)
    temporary = path.with_suffix(".tmp")
    temporary.write_text(control.model_dump_json(), encoding="utf-8")
    temporary.rename(path)


def read(folder: Path) -> Control:
    """Read the wishes; none where nobody has written any, or another version did."""
    try:
        return Control.model_validate_json((folder / NAME).read_text(encoding="utf-8"))
    except (FileNotFoundError, ValidationError):
        return Control()


def of(spec: RunSpec) -> Control:
    """Read what is asked of a run; a part of a sweep can be paused, not extended."""
    found = read(run_dir(spec.data_dir, spec.job))
    return Control(pause=found.pause) if spec.part else found
