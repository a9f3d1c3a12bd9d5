"""Texts a second against `transformers.pipeline`, one at a time and in batches of 32.

    python benchmarks/inference.py [--quick] [--model DIR] [--texts N] [--threads N]

Both answer the same mixed texts of 5 to 400 tokens, by turns in one process, so that whatever
else the machine does slows both. Rates are texts per second of CPU, with as many threads each
(one unless told otherwise): on a busy machine the clock says more about its neighbours. `--model`
is a folder that a run exported; without it a model is first trained on the sample data set.
Memory, cold start and waiting times are those of asking.py, a process that imports the whole bot.
"""

from __future__ import annotations

import argparse
import csv
import json
import math
import os
import random
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

os.environ |= {"HF_HUB_OFFLINE": "1", "OMP_WAIT_POLICY": "passive"}  # before torch is imported

import torch
from tokenizers import Tokenizer
from transformers import pipeline
from transformers.utils import logging

from trainer import data, sample
from trainer.predict import Classifier
from trainer.spec import IntakeWork, RunSpec, TrainWork, choose_recipe

SAMPLE = Path(sample.__file__).parent / "work_chat.csv"
SHORTEST, LONGEST = 5, 400  # tokens
BATCH = 32
TURN = 1_000  # texts answered by one, then by the other
ASKING = Path(__file__).with_name("asking.py")


def train_model(folder: Path, *, quick: bool) -> Path:
    """Train on the sample data set as a run does, reading texts of up to LONGEST tokens."""
    upload = folder / "sample.csv"
    upload.write_bytes(SAMPLE.read_bytes())
    intake = IntakeWork(upload=upload.name, filename=SAMPLE.name, name="sample")
    read = data.make_dataset(
        RunSpec(job=1, attempt=1, data_dir=folder, work=intake, device="cpu")
    ).card
    assert read is not None
    recipe, why = choose_recipe(
        "full",
        train_rows=sum(read.splits["train"].values()),
        p95_characters=read.characters["p95"],
        overrides={"max_length": LONGEST} | ({"epochs": 2.0} if quick else {}),
    )
    work = TrainWork(
        dataset="sample",
        dataset_hash=read.hash,
        base_model="minilm",
        recipe=recipe,
        recipe_why=why,
    )
    spec = RunSpec(job=2, attempt=1, data_dir=folder, work=work, device="cpu")
    spec.attempt_dir.mkdir(parents=True)
    path = spec.attempt_dir / "spec.json"
    path.write_text(spec.model_dump_json(), encoding="utf-8")
    command = [sys.executable, "-m", "trainer.train", str(path)]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return spec.attempt_dir / "model"


def mix_texts(tokenizer: Tokenizer, number: int) -> list[str]:
    """Join messages of one label to lengths spread evenly over the orders of magnitude."""
    sentences = defaultdict(list)
    with SAMPLE.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            sentences[row["label"]].append(row["text"])
    chance = random.Random(0)  # noqa: S311
    texts = []
    for turn in range(number):
        alike = list(sentences.values())[turn % len(sentences)]
        tokens = round(math.exp(chance.uniform(math.log(SHORTEST), math.log(LONGEST))))
        words = " ".join(chance.choices(alike, k=1 + tokens // 3))
        places = tokenizer.encode(words, add_special_tokens=False).offsets
        texts.append(words[: places[min(tokens - 2, len(places)) - 1][1]])  # two marks come on top
    return texts


@dataclass
class Tally:
    """Answers and seconds of one way to answer."""

    labels: list[str] = field(default_factory=list)
    cpu_s: float = 0
    wall_s: float = 0

    def answer(self, way: Callable[[Sequence[str]], list[str]], texts: Sequence[str]) -> None:
        cpu, wall = time.process_time(), time.perf_counter()
        self.labels += way(texts)
        self.cpu_s += time.process_time() - cpu
        self.wall_s += time.perf_counter() - wall

    @property
    def rate(self) -> float:
        return len(self.labels) / self.cpu_s


def answer_by_turns(model: Path, texts: Sequence[str], threads: int) -> dict[str, Tally]:
    """Answer every text by each way, TURN texts at a time."""
    torch.set_num_threads(threads)
    classifier = Classifier.load(model, threads=threads)
    cut = {"truncation": True, "max_length": classifier.card.max_length}
    pipe = pipeline("text-classification", model=str(model / "torch"), device="cpu")
    ways: dict[str, Callable[[Sequence[str]], list[str]]] = {
        "pipeline, single": lambda turn: [pipe(text, **cut)[0]["label"] for text in turn],
        "ours, single": lambda turn: [classifier.classify([text])[0].label for text in turn],
        "pipeline, bulk": lambda turn: [
            found["label"] for found in pipe(list(turn), batch_size=BATCH, **cut)
        ],
        "ours, bulk": lambda turn: [found.label for found in classifier.classify(turn)],
    }
    tallies: dict[str, Tally] = defaultdict(Tally)
    for way in ways.values():
        way(texts[:2])  # the first answer allocates
    for start in range(0, len(texts), TURN):
        for name, way in ways.items():
            tallies[name].answer(way, texts[start : start + TURN])
    return tallies


def measure_bot(model: Path, texts: Sequence[str], *, seconds: float) -> dict[str, float]:
    """Give what asking.py measures, and the seconds from its start to its first answer."""
    began = time.perf_counter()
    command = [sys.executable, str(ASKING), str(model), str(seconds)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdin
        assert process.stdout
        json.dump(texts, process.stdin)
        process.stdin.close()
        assert process.stdout.readline() == "answered\n"
        cold_start_s = time.perf_counter() - began
        *shown, found = process.stdout
    print(*shown, sep="", end="")
    measured: dict[str, float] = json.loads(found)
    return measured | {"cold_start_s": cold_start_s}


def run(model: Path, *, texts: int, threads: int, seconds: float) -> dict[str, float]:
    mixed = mix_texts(Tokenizer.from_file(str(model / "tokenizer.json")), texts)
    tallies = answer_by_turns(model, mixed, threads)
    for name, tally in tallies.items():
        wall = len(tally.labels) / tally.wall_s
        print(f"{name:<17} {tally.rate:6.1f} texts per CPU second, {wall:6.1f} by the clock")
    expected = tallies["pipeline, single"].labels
    agreed = [a == b for a, b in zip(expected, tallies["ours, single"].labels, strict=True)]
    asked = measure_bot(model, mixed[:200], seconds=seconds)
    return {
        "single_speedup": round(_ratio(tallies, "single"), 2),
        "bulk_speedup": round(_ratio(tallies, "bulk"), 2),
        "agreement": round(sum(agreed) / len(agreed), 4),
        "bot_rss_mb": round(asked["bot_rss_mb"]),
        "cold_start_s": round(asked["cold_start_s"], 2),
        "p99_ms": round(asked["p99_ms"], 1),
        "concurrent_lost": round(asked["concurrent_lost"]),
    }


def _ratio(tallies: dict[str, Tally], how: str) -> float:
    return tallies[f"ours, {how}"].rate / tallies[f"pipeline, {how}"].rate


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", type=Path, help="a model folder that a run exported")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--texts", type=int, help="5,000 unless told otherwise")
    parser.add_argument("--quick", action="store_true", help="100 texts, a model of two epochs")
    options = parser.parse_args()
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    with tempfile.TemporaryDirectory() as folder:
        model = options.model or train_model(Path(folder), quick=options.quick)
        texts = options.texts or (100 if options.quick else 5_000)
        seconds = 5 if options.quick else 60
        found = run(model, texts=texts, threads=options.threads, seconds=seconds)
        print(json.dumps(found))


if __name__ == "__main__":
    main()
