"""Smaller batches after memory ran out: the same rows a step, fewer of them at once."""

from __future__ import annotations

from pathlib import Path

from pydantic import ValidationError

from trainer.spec import Adjustment, Recipe

NAME = "adjustment.json"  # in the run's folder: a later attempt need not run out of memory again


def shrink(recipe: Recipe, *, at_step: int, ranks: int = 1) -> Adjustment | None:
    """Halve the batch of each rank and double the accumulation; None where that can't be done.

    A batch that has no half is divided by its smallest factor, so that a step keeps its rows.
    """
    batch = recipe.batch // ranks
    factor = next((n for n in range(2, batch + 1) if batch % n == 0), None)
    if factor is None:
        return None
    return Adjustment(
        batch=batch // factor * ranks, accumulation=recipe.accumulation * factor, at_step=at_step
    )


def write(run_dir: Path, adjustment: Adjustment) -> None:
    temporary = (run_dir / NAME).with_suffix(".tmp")
    temporary.write_text(adjustment.model_dump_json(), encoding="utf-8")
    temporary.rename(run_dir / NAME)


def read(run_dir: Path, recipe: Recipe) -> Adjustment | None:
    """Read what was adjusted; None where nothing was, or for a recipe of other steps."""
    try:
        text = (run_dir / NAME).read_text(encoding="utf-8")
        found = Adjustment.model_validate_json(text)
    except (FileNotFoundError, ValidationError):
        return None
    same_steps = found.batch * found.accumulation == recipe.batch * recipe.accumulation
    return found if same_steps else None
