"""An invented readership whose taste is textual, and a tiny encoder to learn it."""

from __future__ import annotations

import csv
import random
from pathlib import Path
from typing import Any

import torch
from transformers import BertConfig, BertModel

from trainer import data
from trainer.pretrained import load_tokenizer
from trainer.spec import IntakeWork, Recipe, RunSpec, TrainWork

WORDS = {
    "cooking": ("soup", "bread", "oven", "sauce", "butter", "pepper"),
    "stars": ("planet", "comet", "orbit", "galaxy", "moon", "telescope"),
    "boats": ("sail", "harbour", "anchor", "rudder", "mast", "canoe"),
    "plants": ("garden", "seed", "flower", "leaf", "root", "soil"),
}
VISITS = 14  # of each reader, once an hour


def list_items(count: int = 12) -> list[tuple[str, str]]:
    """Give (subject, text), so many of each subject."""
    draw = random.Random(1)  # noqa: S311
    return [
        (subject, f"{' and '.join(draw.sample(words, 3))} {number}")
        for subject, words in WORDS.items()
        for number in range(count)
    ]


def write_clicks(path: Path, *, readers: int = 24) -> None:
    """Let each reader, who likes one subject, be shown one item of each on every visit."""
    draw, items = random.Random(0), list_items()  # noqa: S311
    with path.open("w", encoding="utf-8", newline="") as file:
        out = csv.writer(file)
        out.writerow(("user", "item", "clicked", "at"))
        for reader in range(readers):
            liked = list(WORDS)[reader % len(WORDS)]
            for visit in range(VISITS):
                at = f"2026-11-0{1 + visit // 10} {8 + visit % 10:02}:00"
                for subject in WORDS:
                    text = draw.choice([text for of, text in items if of == subject])
                    out.writerow((f"reader {reader}", text, int(subject == liked), at))


def keep_clicks(data_dir: Path) -> str:
    """Make a data set as an upload does, and give its hash."""
    write_clicks(data_dir / "clicks.csv")
    work = IntakeWork(upload="clicks.csv", filename="clicks.csv", name="clicks", shape="clicks")
    spec = RunSpec(job=900, attempt=1, data_dir=data_dir, work=work, device="cpu")
    card = data.make_dataset(spec).card
    assert card is not None
    return card.hash


def write_tiny(folder: Path) -> str:
    """Write a random encoder of 2 layers × 32 with the packaged encoder's tokenizer."""
    tokenizer = load_tokenizer("minilm")
    torch.manual_seed(0)
    config = BertConfig(
        vocab_size=len(tokenizer),
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=64,
    )
    BertModel(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return str(folder)


def make_spec(
    data_dir: Path, dataset: str, base_model: str, *, job: int, attempt: int = 1, **spec: Any
) -> RunSpec:
    recipe = Recipe(method="full", epochs=3, lr=3e-3, batch=16, max_length=32)
    work = TrainWork(
        task="recommendation",
        dataset="clicks@1",
        dataset_hash=dataset,
        base_model=base_model,
        recipe=recipe,
        recipe_why="a test",
    )
    return RunSpec(
        job=job, attempt=attempt, data_dir=data_dir, work=work, device="cpu", threads=2, **spec
    )
