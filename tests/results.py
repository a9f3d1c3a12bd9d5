"""Whole results of runs and intakes, and what holds of every message that shows one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from records import NOON
from slack_sdk.models.blocks import Block as SdkBlock
from slackblocks import Block as SlackBlock

from storage.records import Dataset, Json
from trainer import evaluate
from trainer.spec import Baseline, Difference, Export, Recipe, TrainSummary

THREE = ("negative", "neutral", "positive")
NONE = Difference(points=0.4, margin=2.1, n=300, verdict="none")
BETTER = Difference(points=6.2, margin=1.9, n=300, verdict="better")
WORSE = Difference(points=-3.1, margin=1.2, n=300, verdict="worse")


def make_result(labels: Sequence[str] = THREE, *, n: int = 300, **changes: Any) -> TrainSummary:
    """Give a run's result in which each tenth answer is the next label."""
    true = [i % len(labels) for i in range(n)]
    said = [(label + (i % 10 == 9)) % len(labels) for i, label in enumerate(true)]
    values: Json = {
        "dataset_hash": "d" * 64,
        "base_model": "minilm",
        "recipe": Recipe(method="full", epochs=3, lr=5e-5, batch=32, max_length=64),
        "device": "cpu",
        "scores": evaluate.score(true, said, labels),
        "baselines": [
            Baseline(
                name="majority", figures={"accuracy": 0.34, "macro_f1": 0.2}, difference=BETTER
            ),
            Baseline(
                name="TF-IDF + logistic regression",
                figures={"accuracy": 0.8, "macro_f1": 0.8},
                difference=BETTER,
            ),
        ],
        "comparison": None,
        "export": Export(
            format="int8",
            why="int8 serves: int8 answers 99.0% of the test rows as fp32 does.",
            bytes_fp32=90_000_000,
            bytes_int8=23_000_000,
            agreement=0.99,
            accuracy_change=NONE,
            latency_ms_fp32=6,
            latency_ms_int8=3,
        ),
        "temperature": 1.3,
        "threshold": 0.6,
        "rows": {"train": 1_000, "validation": 100, "test": n},
        "epochs_done": 3,
        "steps": 90,
        "best_epoch": 2,
        "train_seconds": 60,
        "total_seconds": 80,
        "rows_per_second": 50,
        "parameters": 22_700_000,
        "trainable_parameters": 22_700_000,
        "peak_memory_bytes": 1_200_000_000,
        "losses": [(10, 0.6), (90, 0.2)],
        "evaluations": [],
    }
    return TrainSummary.model_validate(values | changes)


def make_dataset(labels: Sequence[str] = THREE, *, version: int = 1, **changes: Any) -> Dataset:
    """Give a data set of 100 training, 10 validation and 20 test rows a label."""
    counts = dict.fromkeys(labels, 130)
    card: Json = {
        "hash": "d" * 64,
        "name": "reviews",
        "filename": "reviews.csv",
        "bytes": 120_000,
        "rows": 130 * len(labels),
        "text_column": "text",
        "label_column": "label",
        "labels": counts,
        "splits": {
            "train": dict.fromkeys(labels, 100),
            "validation": dict.fromkeys(labels, 10),
            "test": dict.fromkeys(labels, 20),
        },
        "splits_from": "made",
        "empty_rows": 0,
        "exact_duplicates": 0,
        "near_duplicates": 0,
        "conflicts": 0,
        "leaks": 0,
        "characters": {"p50": 60, "p95": 160, "p99": 200, "max": 300},
        "languages": {"en": 0.98},
        "personal_data": {},
        "warnings": [],
    } | changes
    return Dataset(
        hash=card["hash"],
        name=card["name"],
        version=version,
        rows=card["rows"],
        card=card,
        added_by="U1",
        added_at=NOON,
    )


def assert_postable(text: str, blocks: Sequence[Json] | None) -> None:
    """Hold a message to Slack's limits, and to what a screen reader and the others need."""
    assert 0 < len(text) <= 4_000
    assert blocks is not None
    assert 0 < len(blocks) <= 50
    assert sum(map(len, strings(blocks))) <= 13_000
    for block in blocks:
        assert_valid(block)
    assert not any("<!" in said.replace("<!date", "") for said in [text, *strings(blocks)])


def assert_valid(block: Json) -> None:
    """Let slackblocks refuse a block; it can't read those with elements, which slack_sdk can."""
    if block["type"] in {"actions", "input"}:
        parsed = SdkBlock.parse(block)
        assert parsed is not None
        parsed.to_dict()
        assert all(len(element["action_id"]) <= 255 for element in block.get("elements", []))
    else:
        SlackBlock.from_dict(block)


def strings(value: object) -> list[str]:
    """List every text in a payload."""
    if isinstance(value, str):
        return [value]
    if isinstance(value, dict):
        return strings(list(value.values()))
    return [said for part in value for said in strings(part)] if isinstance(value, list) else []


def button_values(blocks: Sequence[Json]) -> dict[str, str]:
    """Map the action_id of each button to what it carries."""
    elements = [element for block in blocks for element in block.get("elements", [])]
    return {e["action_id"]: e["value"] for e in elements if e["type"] == "button"}
