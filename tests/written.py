"""A result of training a model that writes, for what shows and promotes it."""

from __future__ import annotations

from typing import Any

from results import make_result

from trainer.spec import (
    Baseline,
    Difference,
    GenerationScores,
    Interval,
    Recipe,
    Sample,
    TrainSummary,
)

LOWER = Difference(points=-0.31, margin=0.05, n=100, verdict="better", metric="loss", unit="nats")
SCORES = GenerationScores(
    n=100,
    tokens=9_000,
    loss=Interval(value=1.51, low=1.42, high=1.6),
    perplexity=Interval(value=4.53, low=4.14, high=4.95),
    samples=[
        Sample(prompt="Who <b>?", expected="Bo & co", before="no idea", after="Bo\n\nand co"),
        Sample(prompt="p" * 300, expected="e" * 300, before="b" * 300, after="&" * 300),
    ],
    unanswered=2,
    too_long=1,
)


def make_written(**changes: Any) -> TrainSummary:
    values: dict[str, Any] = {
        "task": "generation",
        "scores": SCORES,
        "recipe": Recipe(method="lora", epochs=2, lr=2e-4, batch=8, max_length=384),
        "baselines": [
            Baseline(
                name="before training",
                figures={"loss": 1.82, "perplexity": 6.17},
                difference=LOWER,
            )
        ],
        "export": None,
        "temperature": None,
        "threshold": None,
        "kept_by": "loss",
    }
    return make_result(**values | changes)
