"""Files are classified row by row: every row comes back, in its order and format, with an answer."""

from __future__ import annotations

import csv
import json
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st
from keyword_models import write_keyword_model
from records import enqueue
from sqlite_utils import Database
from working import (
    assert_told_once,
    get,
    has_ended,
    kill,
    make_worker,
    processes,
    read_events,
    work_until,
)

from storage import answers, bulk, deliveries, jobs
from storage.records import Json
from trainer import purge
from trainer.bulk import __main__ as run
from trainer.bulk import chunks, result_file, summary
from trainer.bulk.chunks import CHUNK_CHARACTERS, CHUNK_ROWS, cut_chunks
from trainer.intake.formulas import guard
from trainer.predict import Classifier
from trainer.spec import EXAMPLES, BulkSummary, BulkWork, Ended, RunSpec

WORDS = {"good": "positive", "bad": "negative"}


def make_spec(data_dir: Path, content: bytes, filename: str = "a.csv", **work: Any) -> RunSpec:
    upload = data_dir / "uploads" / "F1" / f"upload{Path(filename).suffix}"
    upload.parent.mkdir(parents=True, exist_ok=True)
    upload.write_bytes(content)
    if not (data_dir / "model").exists():
        write_keyword_model(data_dir / "model", WORDS)
    usual = {"alias": "sentiment", "version": 2, "model": 14, "path": "model"}
    made = BulkWork(upload=str(upload.relative_to(data_dir)), filename=filename, **(usual | work))
    return RunSpec(job=1, attempt=1, data_dir=data_dir, work=made, device="cpu", threads=1)


def classify(data_dir: Path, content: bytes, filename: str = "a.csv", **work: Any) -> Ended:
    return run.run(make_spec(data_dir, content, filename, **work))


def found_in(ended: Ended) -> BulkSummary:
    assert ended.bulk is not None, ended.failure
    assert ended.bulk.summary is not None
    return ended.bulk.summary


def read_csv(data_dir: Path, ended: Ended) -> list[dict[str, str]]:
    with (data_dir / found_in(ended).result).open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


# --- one file -------------------------------------------------------------------------------


def test_every_row_comes_back_in_its_order_with_its_answer(tmp_path: Path) -> None:
    rows = "id;text;at\n1;it is bad;2026-11-02\n2;;2026-11-02\n3;good good;2026-11-03T08:00\n"
    ended = classify(tmp_path, (rows + "4;plain;2026-11-03\n").encode())
    found = found_in(ended)
    assert [list(row.values()) for row in read_csv(tmp_path, ended)] == [
        ["1", "it is bad", "2026-11-02", "negative", "0.8808", "yes"],
        ["2", "", "2026-11-02", "", "", ""],
        ["3", "good good", "2026-11-03T08:00", "positive", "0.9820", "yes"],
        ["4", "plain", "2026-11-03", "negative", "0.5000", "no"],
    ]
    assert (found.rows, found.empty, found.labels) == (3, 1, {"negative": 2, "positive": 1})
    assert found.unsure == {"negative": 1}
    assert found.time_column == "at"
    assert found.days == {"2026-11-02": {"negative": 1}, "2026-11-03": {"positive": 1, "": 1}}
    examples = EXAMPLES.validate_json((tmp_path / found.examples).read_bytes())
    assert [example.text for example in examples["negative"]] == ["it is bad", "plain"]
    assert not list((tmp_path / "uploads").glob("*/*"))


def test_a_spreadsheet_runs_nothing_of_the_result(tmp_path: Path) -> None:
    rows = 'text,score\n"=HYPERLINK(""x"") good",-5\n@bad,+1\n'
    ended = classify(tmp_path, rows.encode())
    assert [(row["text"], row["score"]) for row in read_csv(tmp_path, ended)] == [
        ('\'=HYPERLINK("x") good', "-5"),
        ("'@bad", "+1"),
    ]


def test_a_plain_text_file_has_one_text_a_line(tmp_path: Path) -> None:
    ended = classify(tmp_path, "good, really\n\n很 bad\r\n".encode(), "notes.txt")
    labels = [(row["text"], row["label"]) for row in read_csv(tmp_path, ended)]
    assert labels == [("good, really", "positive"), ("很 bad", "negative")]


def test_objects_keep_what_is_nested_in_them(tmp_path: Path) -> None:
    one = {"text": "good", "label": 3, "about": {"deep": [1]}}
    ended = classify(tmp_path, json.dumps(one).encode(), "a.jsonl")
    written = json.loads((tmp_path / found_in(ended).result).read_text(encoding="utf-8"))
    added = {"coach_label": "positive", "coach_confidence": 0.8808, "coach_sure": True}
    assert written == one | added


def test_columns_keep_their_types(tmp_path: Path) -> None:
    table = pa.table({"text": ["bad", None], "n": pa.array([1, 2], pa.int32())})
    pq.write_table(table, tmp_path / "a.parquet")
    ended = classify(tmp_path, (tmp_path / "a.parquet").read_bytes(), "a.parquet")
    whole = pq.read_table(tmp_path / found_in(ended).result)
    assert whole.schema.field("n").type == pa.int32()
    assert whole.column("label").to_pylist() == ["negative", None]


def test_signs_and_other_writing_are_rows_like_others(tmp_path: Path) -> None:
    texts = ["👍👍🎉", "أنا أحب هذا", "质量 good 很好", "?!", "\u202egood"]
    ended = classify(tmp_path, "\n".join(texts).encode(), "a.txt")
    assert [row["text"] for row in read_csv(tmp_path, ended)] == texts


@pytest.mark.parametrize(
    ("content", "filename", "why"),
    [
        (b"", "a.csv", "The file is empty."),
        (b" \n\n", "a.txt", "The file has no rows."),
        (b"text,n\n,1\n ,2\n", "a.csv", "No row has a text in the column 'text'."),
        (b"text\n" + b"x" * 5_000_000, "a.csv", "more than 50,000 characters"),
        (b"good\n" * 100_001, "a.txt", "The file has more than 100,000 rows"),
        (b"PK\x03\x04", "a.txt", "This is a zip archive"),
    ],
)
def test_what_cannot_be_classified_is_refused_in_words(
    tmp_path: Path, content: bytes, filename: str, why: str
) -> None:
    ended = classify(tmp_path, content, filename)
    assert ended.failure is not None
    assert ended.failure.cause == "bad_file"
    assert why in ended.failure.evidence


def test_a_model_that_is_gone_is_named(tmp_path: Path) -> None:
    ended = classify(tmp_path, b"text\ngood\n", path="elsewhere")
    assert ended.failure is not None
    assert "files of model 14 are gone" in ended.failure.evidence


def test_an_unclear_column_is_asked_for_and_the_file_kept(tmp_path: Path) -> None:
    unclear = b"a,b\n" + b"".join(
        b"the %dth bad remark,another good %d\n" % (i, i) for i in range(9)
    )
    ended = classify(tmp_path, unclear)
    assert ended.bulk is not None
    assert ended.bulk.question is not None
    assert [column.name for column in ended.bulk.question.columns] == ["a", "b"]
    assert list((tmp_path / "uploads").glob("*/*"))
    assert found_in(classify(tmp_path, unclear, text_column="b")).labels == {"positive": 9}


# --- pure -----------------------------------------------------------------------------------


@given(st.lists(st.integers(20, 5_000), max_size=300))
def test_chunks_hold_every_row_once_and_like_lengths_together(sizes: list[int]) -> None:
    cut = list(cut_chunks(sizes))
    assert sorted(row for chunk in cut for row in chunk) == list(range(len(sizes)))
    lengths = [sizes[row] for chunk in cut for row in chunk]
    assert lengths == sorted(lengths, reverse=True)
    assert all(len(chunk) <= CHUNK_ROWS for chunk in cut)
    assert all(sum(sizes[row] for row in chunk) <= CHUNK_CHARACTERS for chunk in cut)


def test_chunks_that_are_done_are_not_done_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(chunks, "CHUNK_ROWS", 2)
    model = Classifier.load(write_keyword_model(tmp_path / "model", WORDS), threads=1)
    texts, kept = ["good", "bad bad", "good good good", "bad", "?"], tmp_path / "kept"
    told: list[Any] = []
    whole = chunks.classify(texts, model, kept=kept, tell=told.append)
    assert [(at.done, at.rows) for at in told] == [(2, 5), (4, 5), (5, 5)]
    np.testing.assert_allclose(whole, model.chances(texts), rtol=1e-6)
    (kept / "00001.npy").unlink()
    (kept / "00002.tmp").write_bytes(b"half")
    told.clear()
    again = chunks.classify(texts, model, kept=kept, tell=told.append)
    np.testing.assert_array_equal(whole, again)
    assert [at.rows_per_second > 0 for at in told] == [False, True, True]
    assert told[-1].eta_seconds == 0


@pytest.mark.parametrize(
    ("value", "day"),
    [
        ("2026-11-02", date(2026, 11, 2)),
        (" 2026/1/2 10:00 ", date(2026, 1, 2)),
        ("2026-11-02T08:00:00Z", date(2026, 11, 2)),
        ("2026-02-30", None),
        ("v2026-11-02", None),
        ("20261102", None),
        ("", None),
    ],
)
def test_days_are_read_as_they_are_written(value: str, day: date | None) -> None:
    assert summary.read_day(value) == day


@pytest.mark.parametrize("cell", ["-5", "+1.5e3", "fine - really", "", "'=1"])
def test_what_no_spreadsheet_runs_stays_as_it_is(cell: str) -> None:
    assert guard(cell) == cell


def test_added_columns_take_no_other_ones_place() -> None:
    assert result_file.name_added(["text"]) == ["label", "confidence", "sure"]
    taken = ["text", "label", "coach_sure"]
    assert result_file.name_added(taken)[0] == "coach_coach_label"


# --- through the worker ---------------------------------------------------------------------


def queue(db: Database, data_dir: Path, content: bytes) -> int:
    work = make_spec(data_dir, content, "a.txt").work
    return enqueue(db, work=work.model_dump()).id


def test_a_killed_attempt_goes_on_and_ends_once(db: Database, data_dir: Path) -> None:
    number = queue(db, data_dir, b"good\nbad\nbad bad\n" * 30_000)
    worker = make_worker(data_dir)

    def is_classifying() -> bool:
        told = [event.body.type for event in read_events(data_dir, number, 1)]
        return "rows" in told

    work_until(worker, is_classifying)
    kill(processes(data_dir, "trainer.bulk"))
    work_until(worker, lambda: has_ended(data_dir, number))
    ended = get(data_dir, number)
    assert ended.state == "succeeded"
    assert ended.result is not None
    assert ended.result["summary"]["labels"] == {"negative": 60_000, "positive": 30_000}
    assert_told_once(data_dir, number)
    now = datetime.now(UTC)
    counted = answers.between(db, now - timedelta(hours=1), now + timedelta(hours=1))
    assert {(one.label, one.n) for one in counted} == {("negative", 60_000), ("positive", 30_000)}


def test_results_go_a_day_after_they_are_sent(db: Database, data_dir: Path) -> None:
    number, now = queue(db, data_dir, b"good\n"), datetime.now(UTC)
    result = data_dir / "runs" / str(number) / "attempt-1" / "result"
    result.mkdir(parents=True)
    (result / "result.csv").write_text("text,label\n")
    jobs.claim(db, number, slot="bulk:0", now=now)
    jobs.finish(db, number, attempt=1, state="succeeded", now=now, result={"question": {}})
    body = {"file": f"runs/{number}/attempt-1/result/result.csv"}
    put: Json = {"channel": "C1", "now": now}
    deliveries.put(db, key="unsent", kind="file", body=body, **put)
    key = f"job:{number}:a1:final"
    deliveries.put(db, key=key, body={"text": "it quotes a text"}, **put)
    deliveries.cancel(db, key, why="as if sent")

    def purged(after: timedelta, wanted: list[str]) -> bool:
        later = now + after
        purge.delete_old_results(data_dir, lambda _: ("succeeded", now), wanted=wanted, now=later)
        bulk.forget_texts(db, before=later - purge.RESULTS_KEPT)
        return not result.exists()

    assert not purged(timedelta(hours=23), [])
    assert not purged(timedelta(hours=25), bulk.unsent_files(db))
    assert purged(timedelta(hours=25), [])
    told = deliveries.get(db, key)
    assert told is not None
    assert told.body == {}
    assert get(data_dir, number).result is None
