"""Labels that are probably wrong are found, shown to the data set's owner alone, and corrected."""

from __future__ import annotations

import json
import random
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
import pytest_asyncio
from office import Desktop, open_desktop
from records import NOON
from results import assert_postable

from bot.workspace.server import Workspace
from storage import audit, datasets, jobs, suspects
from storage.database import migrate, opened
from trainer import data
from trainer.intake import label_errors
from trainer.intake.corrections import Correction, read_rows
from trainer.intake.rows import Row, sort
from trainer.spec import Corrects, IntakeResult, IntakeWork, RunSpec, dataset_dir, text_hash

GLAD = [
    "thanks",
    "lovely",
    "great",
    "wonderful",
    "perfect",
    "happy",
    "brilliant",
    "splendid",
    "delightful",
    "superb",
]
SAD = [
    "broken",
    "awful",
    "late",
    "useless",
    "terrible",
    "slow",
    "crash",
    "angry",
    "refund",
    "horrible",
]
NOUNS = [
    "parcel",
    "login",
    "invoice",
    "screen",
    "update",
    "meeting",
    "printer",
    "server",
    "lunch",
    "badge",
    "report",
    "door",
]


def make_rows(number: int = 240, *, wrong: int = 6) -> tuple[list[Row], set[str]]:
    """Make texts of glad or sad words; of the first ones the label is the other."""
    dice = random.Random(5)  # noqa: S311 - the same rows each time
    rows, mislabelled = [], set()
    for i in range(number):
        words = GLAD if i % 2 else SAD
        text = " ".join([*dice.sample(NOUNS, 3), *dice.sample(words, 3), *dice.sample(NOUNS, 3)])
        is_glad = (i % 2 == 1) != (i < wrong)
        rows.append(Row(text, "glad" if is_glad else "sad", "train"))
        if i < wrong:
            mislabelled.add(text)
    return rows, mislabelled


def intake(data_dir: Path, work: IntakeWork) -> IntakeResult:
    spec = RunSpec(job=900, attempt=1, data_dir=data_dir, work=work, device="cpu")
    return data.make_dataset(spec)


def read_file(data_dir: Path, columns: str, rows: list[str]) -> IntakeResult:
    upload = data_dir / "uploads" / "chat.csv"
    upload.parent.mkdir(parents=True, exist_ok=True)
    upload.write_text("\n".join([columns, *rows]), encoding="utf-8")
    work = IntakeWork(upload="uploads/chat.csv", filename="chat.csv", name="chat")
    return intake(data_dir, work)


# --- finding --------------------------------------------------------------------------------


def test_mislabelled_rows_are_suspected_first_with_the_label_of_their_words() -> None:
    rows, mislabelled = make_rows()
    ordered = sort(rows)
    found = label_errors.find_suspects(ordered)
    assert {ordered[one.row].text for one in found[: len(mislabelled)]} == mislabelled
    for one in found:
        row = ordered[one.row]
        assert (one.given, one.text_hash) == (row.label, text_hash(row.text))
        assert {one.given, one.suggested} == {"glad", "sad"}
        assert label_errors.LIKELY <= one.confidence <= 1
    assert found == label_errors.find_suspects(ordered)


def test_what_cannot_tell_the_labels_suspects_none() -> None:
    rows = [
        Row(f"{noun} {number}", "yes" if number % 2 else "no", "train")
        for noun in NOUNS
        for number in range(40)
    ]
    assert len(rows) >= label_errors.FEW
    assert label_errors.find_suspects(sort(rows)) == []


def test_good_labels_few_rows_and_small_classes_give_no_suspects() -> None:
    rows, _ = make_rows(wrong=0)
    assert label_errors.find_suspects(sort(rows)) == []
    assert label_errors.find_suspects(sort(rows[: label_errors.FEW - 1])) == []
    assert label_errors.find_suspects([*rows, Row("one of its kind", "odd", "train")]) == []


def test_of_many_rows_and_labels_only_the_first_are_looked_at(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    rows, _ = make_rows()
    monkeypatch.setattr(label_errors, "CELLS", 240)
    assert all(one.row < 120 for one in label_errors.find_suspects(sort(rows)))


# --- the records ----------------------------------------------------------------------------


def test_a_label_that_was_kept_is_not_suspected_in_the_next_version(tmp_path: Path) -> None:
    migrate(tmp_path)
    rows, _ = make_rows()
    found = [one.model_dump() for one in label_errors.find_suspects(sort(rows))]
    first, second = {"hash": "a" * 64}, {"hash": "b" * 64}
    with opened(tmp_path) as db:
        for card in (first, second):
            about = {"name": "chat", "rows": 240} | card
            datasets.register(db, card=about, added_by="U1", now=NOON)
        suspects.register(db, "a" * 64, "chat", found)
        suspects.register(db, "a" * 64, "chat", found)
        waiting = suspects.open_of(db, "a" * 64, limit=100)
        assert len(waiting) == len(found) == suspects.count_open(db, "a" * 64)
        kept, changed = waiting[:2]
        assert suspects.decide(db, "a" * 64, kept.row, "kept", by="U1", now=NOON)
        assert suspects.decide(db, "a" * 64, changed.row, "relabelled", by="U1", now=NOON)
        assert not suspects.decide(db, "a" * 64, kept.row, "relabelled", by="U1", now=NOON)
        assert [one.row for one in suspects.relabelled_in(db, "a" * 64)] == [changed.row]
        suspects.register(db, "b" * 64, "chat", found)
        again = {one.row for one in suspects.open_of(db, "b" * 64, limit=100)}
        assert again == {one["row"] for one in found} - {kept.row}
        assert [note.action for note in audit.find(db, "data set aaaaaaaaaaaa")] == [
            "data review"
        ] * 2
        datasets.forget(db, "a" * 64, by="U1", now=NOON)
        assert suspects.count_open(db, "a" * 64) == 0


# --- versions -------------------------------------------------------------------------------


def test_reviewed_rows_of_training_change_and_those_held_out_stay(tmp_path: Path) -> None:
    rows, mislabelled = make_rows()
    found = read_file(tmp_path, "text,label", [f"{row.text},{row.label}" for row in rows])
    assert found.card is not None
    assert found.card.suspects == len(found.suspects) >= len(mislabelled)
    before = read_rows(dataset_dir(tmp_path, found.card.hash))
    relabelled = {one.row: one.suggested for one in found.suspects}
    (tmp_path / "uploads" / "none.jsonl").touch()
    work = IntakeWork(
        upload="uploads/none.jsonl",
        filename="chat",
        name="chat",
        corrects=Corrects(dataset_hash=found.card.hash, numbers=[], relabelled=relabelled),
    )
    made = intake(tmp_path, work).card
    assert made is not None
    assert made.corrections is not None
    after = {row.text: row for row in read_rows(dataset_dir(tmp_path, made.hash))}
    trained = [before[i] for i in relabelled if before[i].split == "train"]
    assert made.corrections.relabelled == len(trained) > 0
    for number, label in relabelled.items():
        row = before[number]
        stays = row.split != "train"
        assert after[row.text] == (row if stays else row._replace(label=label))


QUESTIONS = [f"{noun} {verb} {word}" for noun in NOUNS for verb in SAD[:3] for word in GLAD[:2]]


def test_a_corrected_question_takes_the_answer_and_its_source(tmp_path: Path) -> None:
    answers = [f"Look at page {i % 9}." if i % 8 else "" for i in range(len(QUESTIONS))]
    lines = [f"{q},{a}" for q, a in zip(QUESTIONS, answers, strict=True)]
    card = read_file(tmp_path, "question,answer", lines).card
    assert card is not None
    told = [
        Correction(1, "where is the way out please", "Look at page 3."),
        Correction(2, "which song do they play", ""),
        Correction(3, "a question whose answer nobody knows", "Look at page 99."),
        Correction(4, "may I keep the chair", "Look at page 4."),
    ]
    upload = tmp_path / "uploads" / "corrections.jsonl"
    upload.write_text("\n".join(json.dumps(one._asdict()) for one in told), "utf-8")
    work = IntakeWork(
        upload="uploads/corrections.jsonl",
        filename="chat",
        name="chat",
        corrects=Corrects(dataset_hash=card.hash, numbers=[1, 2, 3, 4]),
    )
    made = intake(tmp_path, work).card
    assert made is not None
    assert made.corrections is not None
    assert (made.shape, made.corrections.left_out, made.corrections.added) == ("pairs", 0, 4)
    before, after = (kept_pairs(tmp_path, one.hash) for one in (card, made))
    first = {row["answer"]: row["source"] for row in reversed(sorted_by_source(before))}
    new = {row["question"]: row for row in after if row not in before}
    assert new["where is the way out please"]["source"] == first["Look at page 3."]
    assert new["which song do they play"]["source"] == 0
    assert [row for row in after if row["question"] not in new] == before


def kept_pairs(data_dir: Path, content_hash: str) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = pq.read_table(
        dataset_dir(data_dir, content_hash) / "rows.parquet"
    ).to_pylist()
    return rows


def sorted_by_source(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return sorted(rows, key=lambda row: row["source"])


# --- by dispatch ----------------------------------------------------------------------------


@pytest_asyncio.fixture
async def desk(workspace: Workspace, tmp_path: Path) -> AsyncIterator[Desktop]:
    async with open_desktop(workspace, tmp_path) as desktop:
        yield desktop


async def test_the_owner_alone_sees_the_rows_and_decides_one_by_one(desk: Desktop) -> None:
    rows, _ = make_rows()
    data_dir = desk.office.settings.data_dir
    lines = [f"{row.text},{row.label}" for row in rows]
    found = read_file(data_dir, "text,label", lines)
    assert found.card is not None
    with desk.database() as db:
        card = found.card.model_dump(mode="json")
        known = datasets.register(db, card=card, added_by=desk.user("ana"), now=NOON)
        suspects.register(db, known.hash, known.name, [one.model_dump() for one in found.suspects])
    assert "review chat` shows them" in (await desk.say("bo", "data show chat")).text
    assert "is <@" in (await desk.say("bo", "data review chat")).text
    shown = await desk.say("ana", "data review chat")
    kept = read_rows(dataset_dir(data_dir, known.hash))
    first = max(found.suspects, key=lambda one: one.confidence)
    assert_postable(shown.text, shown.blocks)
    assert shown.ephemeral_to == desk.user("ana")
    assert kept[first.row].text in str(shown.blocks)
    assert not any(row.text in shown.text for row in kept)
    page = await desk.press("ana", shown, "suspect_keep")
    page = await desk.press("ana", page, "suspect_relabel")
    with desk.database() as db:
        assert suspects.count_open(db, known.hash) == len(found.suspects) - 2
        (changed,) = suspects.relabelled_in(db, known.hash)
    await desk.press("ana", page, "corrections_use")
    with desk.database() as db:
        (job,) = jobs.recent(db, kind="intake", limit=10)
    assert job.work["corrects"]["relabelled"] == {str(changed.row): changed.suggested}
