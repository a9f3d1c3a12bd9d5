"""Tests of an intake as a whole: from an uploaded file to a kept data set, in real processes."""

from __future__ import annotations

import csv
import json
import subprocess
import sys
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psutil
import pyarrow.parquet as pq
import pytest

from trainer import limits
from trainer.events import read_segment
from trainer.spec import DataCard, Ended, IntakeWork, RunSpec, dataset_dir, text_hash

SAMPLE = Path(limits.__file__).parent / "sample" / "work_chat.csv"


def spec_for(
    folder: Path, content: bytes, *, filename: str = "a.csv", job: int = 1, **given: str
) -> RunSpec:
    """Put an upload into a data directory, and ask for its intake."""
    upload = folder / "uploads" / f"{job}"
    upload.parent.mkdir(exist_ok=True)
    upload.write_bytes(content)
    work = IntakeWork(upload=f"uploads/{job}", filename=filename, name="chat", **given)
    return RunSpec(job=job, attempt=1, data_dir=folder, work=work, device="cpu")


def start(spec: RunSpec, *, changed: str = "") -> subprocess.Popen[bytes]:
    """Start an intake as the engine does; `changed` is code that is run before it."""
    path = spec.data_dir / f"spec-{spec.job}.json"
    path.write_text(spec.model_dump_json(), encoding="utf-8")
    code = f"import os, sys; from trainer import data, limits; {changed}\nsys.exit(data.main())"
    how = ["-c", code] if changed else ["-m", "trainer.data"]
    return subprocess.Popen([sys.executable, *how, str(path)])


def run(spec: RunSpec, *, changed: str = "") -> Ended:
    """Run an intake, and return its one end."""
    status = start(spec, changed=changed).wait()
    bodies, number = [], 0
    while (segment := read_segment(spec.attempt_dir / "events", number)) is not None:
        bodies += [event.body for event in segment if event.body.type != "heartbeat"]
        number += 1
    ended = bodies[-1]
    assert [body.type for body in bodies] == ["started", "phase", "ended"]
    assert isinstance(ended, Ended)
    assert status == (1 if ended.state == "failed" else 0)
    return ended


def card_of(ended: Ended) -> DataCard:
    assert ended.intake is not None
    assert ended.intake.card is not None
    return ended.intake.card


def uploads(spec: RunSpec) -> list[Path]:
    return list((spec.data_dir / "uploads").iterdir())


def test_a_file_becomes_a_kept_data_set(tmp_path: Path) -> None:
    spec = spec_for(tmp_path, SAMPLE.read_bytes(), filename="work_chat.csv")
    card = card_of(run(spec))
    folder = dataset_dir(tmp_path, card.hash)

    rows = pq.read_table(folder / "rows.parquet").to_pylist()
    assert Counter(row["label"] for row in rows) == card.labels
    assert {s: sum(n.values()) for s, n in card.splits.items()} == Counter(
        row["split"] for row in rows
    )
    with SAMPLE.open(encoding="utf-8", newline="") as file:
        sample = [(row["text"], row["label"]) for row in csv.DictReader(file)]
    assert sorted(sample) == sorted((row["text"], row["label"]) for row in rows)

    with (folder / "test.jsonl").open(encoding="utf-8") as lines:
        test = [json.loads(line) for line in lines]
    assert all(
        rows[t["row"]] == {"text": t["text"], "label": t["label"], "split": "test"} for t in test
    )
    assert len(test) == sum(card.splits["test"].values())
    seen = (folder / "seen.txt").read_text().split()
    assert seen == sorted({text_hash(r["text"]) for r in rows if r["split"] != "test"})
    assert not set(seen) & {text_hash(t["text"]) for t in test}
    assert DataCard.model_validate_json((folder / "card.json").read_bytes()) == card

    assert uploads(spec) == []
    assert [path.name for path in spec.attempt_dir.iterdir()] == ["events"]


def test_the_same_table_in_another_format_is_the_same_data_set(tmp_path: Path) -> None:
    with SAMPLE.open(encoding="utf-8", newline="") as file:
        lines = [json.dumps(row) for row in csv.DictReader(file)]
    reversed_lines = "\n".join(reversed(lines)).encode()
    first = card_of(run(spec_for(tmp_path, SAMPLE.read_bytes())))
    again = card_of(run(spec_for(tmp_path, reversed_lines, filename="a.jsonl", job=2)))
    assert first.hash == again.hash
    assert [path.name for path in (tmp_path / "datasets").iterdir()] == [first.hash]


def test_two_intakes_of_one_file_at_once_keep_it_once(tmp_path: Path) -> None:
    specs = [spec_for(tmp_path, SAMPLE.read_bytes(), job=job) for job in (1, 2, 3)]
    with ThreadPoolExecutor() as pool:
        hashes = {card_of(ended).hash for ended in pool.map(run, specs)}
    assert {path.name for path in (tmp_path / "datasets").iterdir()} == hashes
    assert len(hashes) == 1


def test_nothing_stays_of_a_refused_file(tmp_path: Path) -> None:
    spec = spec_for(tmp_path, b'text,label\na,b\n"c,d\n')
    ended = run(spec)
    assert ended.failure is not None
    assert ended.failure.cause == "bad_file"
    assert ended.failure.evidence.startswith("Line 3 has a broken double quote")
    assert uploads(spec) == []
    assert not (tmp_path / "datasets").exists()


def test_an_upload_stays_while_its_owner_is_asked(tmp_path: Path) -> None:
    table = SAMPLE.read_text(encoding="utf-8").replace("text,label,split", "a,topic,sentiment", 1)
    spec = spec_for(tmp_path, table.encode())
    ended = run(spec)
    assert ended.intake is not None
    assert ended.intake.question is not None
    assert ended.intake.question.text_guess == "a"
    assert len(uploads(spec)) == 1

    answered = spec_for(tmp_path, table.encode(), job=2, text_column="a", label_column="topic")
    assert card_of(run(answered)).label_column == "topic"


@pytest.mark.parametrize(
    "changed",
    [
        "data.make_dataset = lambda _: os.kill(os.getpid(), 9)",
        "data.make_dataset = lambda _: bytes(5_000_000_000)",
        "limits.MEMORY_BYTES = 20_000_000",
        "limits.CPU_SECONDS = 1",
    ],
)
def test_a_file_that_takes_too_much_is_refused_in_words(tmp_path: Path, changed: str) -> None:
    """The limits are lowered, or their breaking staged: no known file gets as far as them."""
    lines = "".join(f"text number {i} of {i * 7919},{i % 2}\n" for i in range(200_000))
    spec = spec_for(tmp_path, b"text,label\n" + lines.encode())
    assert run(spec, changed=changed).failure == limits.TOO_LARGE
    assert uploads(spec) == []


def test_a_hundred_thousand_rows_are_read_within_the_limits(tmp_path: Path) -> None:
    lines = "".join(f"{i:x} {i * 7919:x} {i * 104729:o},{i % 2}\n" for i in range(100_000))
    card = card_of(run(spec_for(tmp_path, b"text,label\n" + lines.encode())))
    assert {name: sum(n.values()) for name, n in card.splits.items()} == {
        "train": 80_000,
        "validation": 10_000,
        "test": 10_000,
    }


def test_a_stopped_intake_ends_cancelled_and_leaves_no_process(tmp_path: Path) -> None:
    lines = "".join(f"text number {i} of {i * 7919},{i % 2}\n" for i in range(300_000))
    spec = spec_for(tmp_path, b"text,label\n" + lines.encode())
    process = start(spec)
    while read_segment(spec.attempt_dir / "events", 0) is None:
        time.sleep(0.05)
    children = psutil.Process(process.pid).children()
    process.terminate()
    assert process.wait() == 0
    assert len(children) == 1
    assert not children[0].is_running()
    assert len(uploads(spec)) == 1  # for another attempt
