"""Train the winner with other seeds: how much of its gain is luck."""

from __future__ import annotations

import time

from optuna import Study

from trainer.process import Cancelled
from trainer.spec import Evaluated, TrainWork
from trainer.sweeping.trials import attempt
from trainer.sweeping.underway import Search


def run_seeds(now: Search, winner: TrainWork) -> list[float]:
    """Train the winner with seeds it wasn't chosen by; a run that fails counts as none."""
    for number in range(1, now.sweep.seeds + 1):
        part = f"seed-{number}"
        if part not in now.study.user_attrs:
            if now.cancellation.requested:
                raise Cancelled
            now.study.set_user_attr(part, _run_seed(now, winner, number, part))
            now.bench.forget(part)
    kept = seed_runs(now.study)
    return [run["value"] for run in kept if run["value"] is not None]


def _run_seed(now: Search, winner: TrainWork, number: int, part: str) -> dict[str, float | None]:
    seed = (winner.recipe.seed + number) % 2**31
    work = winner.model_copy(update={"recipe": winner.recipe.model_copy(update={"seed": seed})})
    began = time.monotonic()
    found: list[Evaluated] = []
    attempt(lambda: found.extend(now.bench.fit(work, part=part)), work)
    value = now.best(now.figure(one) for one in found)
    return {"value": value, "seconds": time.monotonic() - began}


def seed_runs(study: Study) -> list[dict[str, float | None]]:
    return [run for name, run in sorted(study.user_attrs.items()) if name.startswith("seed-")]
