"""Real runs of a tiny model on texts of any number of labels, each told by words of its own."""

from __future__ import annotations

import json
import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from transformers import AutoTokenizer, BertConfig, BertForSequenceClassification

from trainer.spec import Recipe, RunSpec, TrainWork, dataset_dir, resolve_base_model, text_hash

PHRASES = {
    "billing": ("the invoice is wrong", "I was charged twice", "refund my money"),
    "delivery": ("the parcel never came", "shipping took weeks", "the courier lost it"),
    "quality": ("the screen is broken", "it stopped working", "the fabric is torn"),
}
FILLER = ("hello there", "good morning", "what is new today")

Tagged = tuple[str, tuple[str, ...], str]  # text, labels, split


def make_rows(
    train: int = 160, validation: int = 60, test: int = 60, seed: int = 0
) -> list[Tagged]:
    """Make texts that have none to three labels; some have none."""
    draw = random.Random(seed)  # noqa: S311
    rows: list[Tagged] = []
    for split, count in (("train", train), ("validation", validation), ("test", test)):
        for number in range(count):
            labels = sorted(label for label in PHRASES if draw.random() < 0.4)
            parts = [draw.choice(PHRASES[label]) for label in labels] + [draw.choice(FILLER)]
            draw.shuffle(parts)
            rows.append((f"{', '.join(parts)}, case {split} {number}", tuple(labels), split))
    return rows


def keep_tags(data_dir: Path, rows: Sequence[Tagged], name: str = "a" * 64) -> str:
    """Write a data set as intake does, and give its hash."""
    folder = dataset_dir(data_dir, name)
    folder.mkdir(parents=True)
    texts, labels, splits = map(list, zip(*rows, strict=True))
    kind = pa.list_(pa.string())
    table = pa.table({"text": texts, "labels": pa.array(labels, kind), "split": splits})
    pq.write_table(table, folder / "rows.parquet")
    test = [
        {"row": number, "text": text, "labels": labels}
        for number, (text, labels, split) in enumerate(rows)
        if split == "test"
    ]
    (folder / "test.jsonl").write_text("".join(f"{json.dumps(row)}\n" for row in test))
    seen = sorted(text_hash(text) for text, _, split in rows if split != "test")
    (folder / "seen.txt").write_text("\n".join(seen))
    return name


def make_tiny_model(folder: Path) -> Path:
    """Write a base model of two random layers with the packaged encoder's tokenizer."""
    tokenizer = AutoTokenizer.from_pretrained(resolve_base_model("minilm"))
    config = BertConfig(
        vocab_size=len(tokenizer),
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=64,
        max_position_embeddings=64,
    )
    BertForSequenceClassification(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def make_spec(
    data_dir: Path,
    dataset: str,
    base_model: Path,
    *,
    job: int = 1,
    attempt: int = 1,
    save_every_s: float = 60,
    **recipe: Any,
) -> RunSpec:
    """Describe a run in steps of 16 rows."""
    chosen = {"method": "full", "epochs": 6, "lr": 5e-3, "batch": 16, "max_length": 32} | recipe
    work = TrainWork(
        task="multilabel",
        dataset="tickets@1",
        dataset_hash=dataset,
        base_model=str(base_model),
        recipe=Recipe.model_validate(chosen),
        recipe_why="a test",
    )
    return RunSpec(
        job=job,
        attempt=attempt,
        data_dir=data_dir,
        work=work,
        device="cpu",
        threads=2,
        save_every_s=save_every_s,
    )
