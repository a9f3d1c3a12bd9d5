"""Corrections make a new version of a data set whose validation and test rows stay as they were."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from short_runs import keep_dataset, sample_rows

from trainer import data
from trainer.intake.corrections import (
    HELD_OUT,
    Correction,
    choose_splits,
    correct,
    read_held_out,
    read_rows,
)
from trainer.intake.rows import Row
from trainer.intake.table import BadFile
from trainer.spec import Corrects, DataCard, IntakeWork, RunSpec, dataset_dir, text_hash

ROWS = [
    Row("the build is green again", "positive", "train"),
    Row("nothing works since the upgrade", "negative", "train"),
    Row("我很喜欢这个新功能", "positive", "train"),
    Row("the meeting moved to noon", "negative", "validation"),
    Row("she fixed it within an hour", "positive", "test"),
]
UNLIKE = [
    "quarterly numbers arrive tomorrow",
    "why does nobody answer my mail",
    "这个界面太难用了，完全看不懂",
    "lunch was lovely, thank you all",
    "the printer jammed for the third time",
    "a very smooth release, hats off",
]


def correct_texts(*texts: str, label: str = "negative") -> list[Correction]:
    return [Correction(number, text, label) for number, text in enumerate(texts, 1)]


def test_a_training_row_takes_the_label_of_its_correction_and_the_later_one_holds() -> None:
    twice = [
        Correction(1, "The BUILD is  green again", "positive"),
        Correction(2, "the build is green again", "negative"),
        *correct_texts("我很喜欢这个新功能"),
    ]
    found = correct(ROWS, [], twice)
    assert {row.text: row.label for row in found.rows if row.split == "train"} == {
        row.text: "negative" for row in ROWS[:3]
    }
    assert (found.relabelled, found.added, found.left_out) == (2, 0, 0)


def test_what_is_forgotten_goes_from_training_and_from_what_is_held_out() -> None:
    held_out = [Row("lunch was lovely", "positive", HELD_OUT)]
    texts = ("nothing works since the upgrade", "Lunch was  lovely", ROWS[4].text)
    found = correct(ROWS, held_out, [], forgotten={text_hash(text) for text in texts})
    assert found.forgotten == 2
    assert (len(found.rows), found.held_out) == (len(ROWS) - 1, [])
    assert ROWS[4] in found.rows  # the test split stays as it is


def test_a_text_of_the_test_split_keeps_its_label_and_is_told() -> None:
    found = correct(ROWS, [], correct_texts(ROWS[4].text, ROWS[3].text))
    assert found.contradicted == {1: "positive"}
    assert sorted(found.rows) == sorted(ROWS)


def test_what_nearly_repeats_a_test_row_or_has_an_unknown_label_is_left_out() -> None:
    unknown = Correction(9, UNLIKE[0], "sarcastic")
    found = correct(ROWS, [], [*correct_texts("she fixed it within an hour!"), unknown])
    assert (found.left_out, found.added) == (2, 0)
    assert sorted(found.rows) == sorted(ROWS)


def test_one_new_text_in_five_is_held_out_and_stays_so() -> None:
    first = correct(ROWS, [], correct_texts(*UNLIKE))
    assert (first.added, first.newly_held_out) == (5, 1)
    (held_out,) = first.held_out
    assert text_hash(held_out.text) not in {text_hash(row.text) for row in first.rows}
    again = correct(first.rows, first.held_out, correct_texts(held_out.text, label="positive"))
    assert again.held_out == [held_out._replace(label="positive")]
    near = correct(first.rows, first.held_out, correct_texts(f"{held_out.text}!"))
    assert (near.added, near.newly_held_out) == (0, 1)


@given(
    st.lists(st.sampled_from(["train", "validation", "test", HELD_OUT]), max_size=6),
    st.lists(st.integers(0, 8), min_size=6, max_size=20),
)
def test_no_new_text_is_trained_on_beside_its_near_duplicate_in_another_split(
    before: list[str], groups: list[int]
) -> None:
    chosen = choose_splits(before, groups)
    new = groups[len(before) :]
    held_out = {group for group, split in zip(new, chosen, strict=True) if split == HELD_OUT}
    apart = {group for group, split in zip(groups, before, strict=False) if split != "train"}
    for group, split in zip(new, chosen, strict=True):
        assert split != "train" or group not in held_out | apart


def test_the_version_has_a_hash_of_its_own_and_its_card_counts_the_corrections(
    tmp_path: Path,
) -> None:
    base = keep_dataset(tmp_path, sample_rows(train=8, validation=3, test=3))
    before = read_rows(dataset_dir(tmp_path, base))
    card = make_version(tmp_path, base, correct_texts(*UNLIKE, before[0].text))
    folder = dataset_dir(tmp_path, card.hash)
    assert card.hash != base
    assert card.corrections is not None
    assert card.corrections.added + card.corrections.held_out == len(UNLIKE)
    assert len(read_held_out(folder)) == card.corrections.held_out == 1
    fixed = [row for row in before if row.split != "train"]
    assert [row for row in read_rows(folder) if row.split != "train"] == fixed
    next_card = make_version(tmp_path, card.hash, correct_texts("a text of its own here"))
    assert next_card.corrections is not None
    assert next_card.corrections.earlier == len(UNLIKE) + card.corrections.relabelled
    assert len(read_held_out(dataset_dir(tmp_path, next_card.hash))) == 1


def test_of_a_deleted_data_set_no_version_is_made(tmp_path: Path) -> None:
    with pytest.raises(BadFile, match="deleted"):
        make_version(tmp_path, "e" * 64, correct_texts(*UNLIKE))


def make_version(data_dir: Path, base: str, corrections: list[Correction]) -> DataCard:
    upload = data_dir / "uploads" / "corrections.jsonl"
    upload.parent.mkdir(exist_ok=True)
    upload.write_text("\n".join(json.dumps(one._asdict()) for one in corrections), "utf-8")
    work = IntakeWork(
        upload="uploads/corrections.jsonl",
        filename="chat",
        name="chat",
        corrects=Corrects(dataset_hash=base, numbers=[one.number for one in corrections]),
    )
    spec = RunSpec(job=901, attempt=1, data_dir=data_dir, work=work, device="cpu")
    card = data.make_dataset(spec).card
    assert card is not None
    return card
