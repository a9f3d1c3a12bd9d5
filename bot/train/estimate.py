"""How long a job will wait and take and what memory it needs, from this machine's own past runs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from trainer.spec import Sweep, TrainSummary, TrainWork

FASTER, SLOWER = 0.85, 1.25  # what the next run may differ by from those seen
PRUNED = 0.5  # of their full time is what the trials of a search take at least
RUNTIME_BYTES = 700_000_000  # the interpreter and torch, before there is a model
WEIGHT_BYTES = 4  # of one fp32 parameter
TRAINED_BYTES = 16  # of one trained with AdamW: weight, gradient and two moments
ACTIVATION_BYTES = 68  # a token, hidden unit and layer: 34 in 16 bits (Korthikanti et al. 2022)


@dataclass(frozen=True)
class Span:
    """A range of seconds, and the number of runs that it comes from."""

    low: float
    high: float
    runs: int = 0


@dataclass(frozen=True)
class Memory:
    need_bytes: float
    measured: bool  # in an earlier run; else by the size of the model


def estimate_duration(
    work: TrainWork, train_rows: int, past: Sequence[TrainSummary]
) -> Span | None:
    """Give the time a job takes, by the pace of runs of the same model and method; None if none."""
    alike = [s for s in past if _is_alike(s, work)]
    if not alike:
        return None
    rows = train_rows * work.recipe.epochs
    seconds = [rows / s.rows_per_second + _seconds_beside(s) for s in alike]
    once = Span(FASTER * min(seconds), SLOWER * max(seconds), len(alike))
    return _of_search(once, work.sweep) if work.sweep else once


def _seconds_beside(summary: TrainSummary) -> float:
    """Give what a run took beside its steps; a search is no part of it."""
    searched = summary.sweep.seconds if summary.sweep else 0.0
    return max(0.0, summary.total_seconds - summary.train_seconds - searched)


def _of_search(once: Span, sweep: Sweep) -> Span:
    """Give the time of trials, of which many are pruned, of the seeds and of the last run."""
    after = sweep.seeds + 1
    low = min(sweep.budget_s, PRUNED * sweep.trials * once.low) + after * once.low
    high = min(sweep.budget_s, sweep.trials * once.high) + after * once.high
    return Span(low, high, once.runs)


def estimate_wait(ahead: Sequence[Span | None], slots: int) -> Span | None:
    """Give the wait behind running and queued jobs; None where one of them has no estimate."""
    if len(ahead) < slots:
        return Span(0, 0)
    known = [span for span in ahead if span is not None]
    if len(known) < len(ahead) or not slots:
        return None
    return Span(sum(s.low for s in known) / slots, sum(s.high for s in known) / slots)


def estimate_memory(
    work: TrainWork, past: Sequence[TrainSummary], config: Mapping[str, Any] | None
) -> Memory | None:
    """Give what a run needs: measured at this batch or above, else by the model's `config.json`."""
    how = work.recipe
    peaks = [
        s.peak_memory_bytes
        for s in past
        if _is_alike(s, work)
        and s.recipe.batch >= how.batch
        and s.recipe.max_length >= how.max_length
    ]
    if peaks:
        return Memory(min(peaks), measured=True)
    return Memory(_by_size(work, config), measured=False) if config else None


def _is_alike(summary: TrainSummary, work: TrainWork) -> bool:
    return (
        summary.base_model == work.base_model
        and summary.recipe.method == work.recipe.method
        and summary.rows_per_second > 0
    )


def _by_size(work: TrainWork, config: Mapping[str, Any]) -> float:
    """Add up weights, what the optimizer keeps, and activations; rough, in bytes."""
    hidden = int(config.get("hidden_size") or config.get("dim") or 768)
    layers = int(config.get("num_hidden_layers") or config.get("n_layers") or 12)
    inner = int(config.get("intermediate_size") or config.get("hidden_dim") or 4 * hidden)
    vocabulary = int(config.get("vocab_size") or 30_000)
    parameters = vocabulary * hidden + layers * (4 * hidden**2 + 2 * hidden * inner)
    how = work.recipe
    weights = parameters * (TRAINED_BYTES if how.method == "full" else WEIGHT_BYTES)
    tokens = how.batch * how.max_length
    activations = 0 if how.method == "head" else tokens * hidden * layers * ACTIVATION_BYTES
    return RUNTIME_BYTES + weights + activations
