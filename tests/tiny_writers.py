"""A causal language model small enough to train in a second, and pairs for it to learn."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import torch
from short_runs import make_spec
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

from trainer.spec import RunSpec, text_hash

TEMPLATE = (
    "{% for message in messages %}<|{{ message['role'] }}|>{{ message['content'] }}<|end|>"
    "{% endfor %}{% if add_generation_prompt %}<|assistant|>{% endif %}"
)
COLOURS = ("red", "green", "blue", "white", "black", "grey")
THINGS = ("door", "car", "house", "lamp", "chair", "book", "shoe", "cup")


def make_pairs() -> Iterator[dict[str, str]]:
    """Give questions whose answers can be learnt, a fifth of them each for validation and test."""
    splits = ("train", "train", "train", "validation", "test")
    for i, colour in enumerate(COLOURS):
        for j, thing in enumerate(THINGS):
            yield {
                "question": f"What colour is the {thing} that is {colour}?",
                "answer": f"The {thing} is {colour}.",
                "split": splits[(i + j) % len(splits)],
            }


def write_tiny(folder: Path, *, template: str | None = TEMPLATE) -> Path:
    """Write a Llama of two layers whose tokenizer knows the words of the pairs."""
    words = Tokenizer(models.BPE())
    words.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    words.decoder = decoders.ByteLevel()
    special = ["<|pad|>", "<|end|>", "<|user|>", "<|assistant|>"]
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    teach = trainers.BpeTrainer(
        vocab_size=400, special_tokens=special, initial_alphabet=alphabet, show_progress=False
    )
    words.train_from_iterator([f"{p['question']} {p['answer']}" for p in make_pairs()], teach)
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=words,
        eos_token=special[1],
        pad_token=special[0],
        additional_special_tokens=special[2:],
    )
    tokenizer.chat_template = template
    torch.manual_seed(0)
    model = LlamaForCausalLM(
        LlamaConfig(
            vocab_size=len(tokenizer),
            hidden_size=64,
            intermediate_size=128,
            num_hidden_layers=2,
            num_attention_heads=4,
            num_key_value_heads=2,
            max_position_embeddings=128,
            bos_token_id=None,
            eos_token_id=tokenizer.eos_token_id,
            pad_token_id=tokenizer.pad_token_id,
        )
    )
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def keep_pairs(data_dir: Path, rows: list[dict[str, str]]) -> str:
    """Keep pairs as intake does, and give the data set's hash."""
    name = hashlib.sha256(json.dumps(rows).encode()).hexdigest()
    folder = data_dir / "datasets" / name
    folder.mkdir(parents=True)
    numbered = [row | {"source": number} for number, row in enumerate(rows, 2)]
    pq.write_table(pa.Table.from_pylist(numbered), folder / "rows.parquet")
    seen = sorted(text_hash(row["question"]) for row in rows if row["split"] != "test")
    (folder / "seen.txt").write_text("\n".join(seen), encoding="ascii")
    return name


def write_spec(data_dir: Path, dataset: str, base_model: Path, **changes: Any) -> RunSpec:
    """Describe a short run that learns to write."""
    about: dict[str, Any] = {"method": "lora", "max_length": 96, "lr": 1e-2} | changes
    spec = make_spec(data_dir, dataset, base_model=str(base_model), **about)
    return spec.model_copy(update={"work": spec.work.model_copy(update={"task": "generation"})})


def write_folder(folder: Path, tiny: Path, *, max_tokens: int = 12) -> Path:
    """Write a model's folder as training does, its weights untrained."""
    shutil.copytree(tiny, folder / "torch")
    card = {"format": "merged", "base_model": str(tiny), "context_length": 128}
    (folder / "model.json").write_text(json.dumps(card | {"max_tokens": max_tokens}))
    return folder
