"""Tests of files that are no texts with one label: tags, questions with answers, clicks."""

from __future__ import annotations

import csv
import io
import json
import random
from collections import defaultdict
from hashlib import blake2b
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trainer import data
from trainer.intake import clicks, private, shapes
from trainer.intake.clicks import Click, ClickColumns
from trainer.intake.columns import Chosen
from trainer.intake.duplicates import group_near_duplicates
from trainer.intake.folder import hash_rows
from trainer.intake.pairs import Pair, PairColumns
from trainer.intake.table import BadFile, Table
from trainer.intake.tags import TagColumns, Tagged
from trainer.spec import ColumnQuestion, DataCard, IntakeWork, RunSpec, dataset_dir, text_hash


def spell(number: int) -> str:
    """Write a text of six words that no other has."""
    letters = [chr(97 + byte % 26) for byte in blake2b(bytes([number]), digest_size=36).digest()]
    return " ".join("".join(letters[i : i + 6]) for i in range(0, 36, 6))


TEXTS = [spell(number) for number in range(100)]
TAGS = [("late", "late|rude", "rude", "broken|late", "broken")[i % 5] for i in range(100)]
ANSWERS = [f"It is in chapter {i % 20} of the manual." if i % 6 else "" for i in range(100)]


def table(**columns: list[str]) -> Table:
    return Table(columns, list(range(2, 2 + len(next(iter(columns.values()))))))


def work(**given: Any) -> IntakeWork:
    return IntakeWork(upload="u", filename="a.csv", name="a", **given)


def read(found: Table, **given: Any) -> Any:
    """Read a table as what it looks like."""
    chosen = shapes.recognise(found, work(**given))
    assert not isinstance(chosen, ColumnQuestion)
    return shapes.read(found, chosen)


def click_table(*, users: int = 25, items: int = 30, timed: bool = True) -> Table:
    """Make one row for two in three of the users and items, every fourth chosen."""
    rows = [(u, i) for u in range(users) for i in range(items) if (u + i) % 3]
    columns = {
        "user": [f"U{u}" for u, _ in rows],
        "item": [TEXTS[i] for _, i in rows],
        "clicked": [str(int((u * i) % 4 == 0)) for u, i in rows],
    }
    if timed:
        columns["time"] = [f"2026-03-{1 + (u + i) % 28:02} 09:00" for u, i in rows]
    return table(**columns)


# --- what a file is -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("columns", "chosen"),
    [
        ({"text": TEXTS, "label": ["a", "b"] * 50}, Chosen("text", "label", None)),
        ({"text": TEXTS, "labels": TAGS}, TagColumns("text", ("labels",), "|", None)),
        ({"内容": TEXTS, "标签": TAGS}, TagColumns("内容", ("标签",), "|", None)),
        (
            {"text": TEXTS, "x": [tag.replace("|", "; ") for tag in TAGS], "tags": TAGS},
            TagColumns("text", ("tags",), "|", None),
        ),
        (
            {"text": TEXTS, "label": [tag.replace("|", "; ") for tag in TAGS]},
            TagColumns("text", ("label",), ";", None),
        ),
        (
            {"text": TEXTS, "rude": ["0", "1"] * 50, "late": ["1", "0"] * 50, "id": TEXTS},
            TagColumns("text", ("rude", "late"), None, None),
        ),
        ({"Question": TEXTS, "Answer": ANSWERS}, PairColumns("Question", "Answer", None, None)),
        ({"问题": TEXTS, "答案": ANSWERS}, PairColumns("问题", "答案", None, None)),
        ({"prompt": TEXTS, "completion": ANSWERS}, PairColumns("prompt", "completion", None, None)),
        (
            {"instruction": TEXTS, "input": ANSWERS, "output": ANSWERS},
            PairColumns("instruction", "output", "input", None),
        ),
        (
            {"user_id": TEXTS, "title": TEXTS, "clicked": ["0", "1"] * 50, "date": TEXTS},
            ClickColumns(
                {"user": "user_id", "item": "title", "clicked": "clicked", "at": "date"}, None
            ),
        ),
        (
            {"user": TEXTS, "shown": TAGS, "chosen": TAGS},
            ClickColumns({"user": "user", "shown": "shown", "chosen": "chosen"}, None),
        ),
    ],
)
def test_a_file_is_what_its_columns_say(columns: dict[str, list[str]], chosen: object) -> None:
    assert shapes.recognise(table(**columns), work()) == chosen


def test_labels_beside_questions_and_answers_are_asked_about() -> None:
    found = table(question=TEXTS, answer=ANSWERS, category=["a", "b"] * 50)
    asked = shapes.recognise(found, work())
    assert isinstance(asked, ColumnQuestion)
    assert (asked.shape_guess, asked.label_guess) == ("pairs", "category")
    told = work(shape="pairs", columns={"question": "question", "answer": "answer"})
    assert shapes.recognise(found, told) == PairColumns("question", "answer", None, None)
    labels = work(shape="labels", text_column="question", label_column="category")
    assert shapes.recognise(found, labels) == Chosen("question", "category", None)


def test_one_label_with_a_bar_in_its_name_makes_no_tags() -> None:
    labels = ["yes|no", *("yes please" if i % 2 else "no thanks" for i in range(99))]
    found = shapes.recognise(table(text=TEXTS, label=[*labels[:99], "x|y|z|w|v"]), work())
    assert isinstance(found, TagColumns | Chosen)
    many = [f"{i}|{i + 1}" for i in range(100)]
    assert isinstance(shapes.recognise(table(text=TEXTS, label=many), work()), Chosen)


def test_a_shape_without_its_columns_is_refused_with_what_there_is() -> None:
    with pytest.raises(BadFile, match="needs columns called question and answer; it has: text, x"):
        shapes.recognise(table(text=TEXTS, x=TEXTS), work(shape="pairs"))
    with pytest.raises(BadFile, match=r"no column 'anwser'\. Did you mean 'answer'"):
        shapes.recognise(
            table(question=TEXTS, answer=TEXTS), work(shape="pairs", columns={"answer": "anwser"})
        )


# --- tags -----------------------------------------------------------------------------------


def test_several_labels_are_sorted_and_each_split_has_its_share_of_them() -> None:
    made = read(table(text=TEXTS, labels=[f" {tag} |" for tag in TAGS]))
    assert set(made.rows[0]._fields) == {"text", "labels", "split"}
    assert made.card["labels"] == {"late": 60, "broken": 40, "rude": 40}
    assert made.card["counts"] == {"several_labels": 40, "no_label": 0}
    for split in ("validation", "test"):
        held = [row for row in made.rows if row.split == split]
        assert 8 <= len(held) <= 12
        assert {label for row in held for label in row.labels} == {"late", "rude", "broken"}


def test_a_row_of_noughts_has_no_label_and_stays() -> None:
    flags = [str(int(i % 3 == 0)) for i in range(100)]
    made = read(table(text=TEXTS, rude=flags, late=["no", "yes"] * 50))
    assert made.card["counts"]["no_label"] == sum(not row.labels for row in made.rows) > 0
    assert {row.labels for row in made.rows} == {(), ("rude",), ("late",), ("late", "rude")}


@pytest.mark.parametrize(
    ("columns", "words"),
    [
        ({"rude": ["0", "1"] * 49 + ["0", "-1"], "late": ["1", "0"] * 50}, "Line 101, .*'-1': wri"),
        ({"labels": [f"{tag}|all" for tag in TAGS]}, "'all' stands in every row: drop it"),
        ({"labels": [*TAGS[:98], "odd|late", "odd"]}, r"too few have 'odd' \(2\)"),
        (
            {"labels": ["new" if i > 89 else tag for i, tag in enumerate(TAGS)]}
            | {"split": ["train"] * 80 + ["validation"] * 10 + ["test"] * 10},
            "'new' has no training row",
        ),
    ],
)
def test_tags_that_can_not_be_learnt_are_refused(columns: Any, words: str) -> None:
    with pytest.raises(BadFile, match=words):
        read(table(text=TEXTS, **columns))


# --- pairs ----------------------------------------------------------------------------------


def test_a_question_without_an_answer_stays_as_one_that_nothing_answers() -> None:
    made = read(table(question=TEXTS, answer=ANSWERS))
    assert made.card["counts"] == {"answers": 20, "answers_asked_twice": 20, "unanswered": 17}
    for split in ("train", "validation", "test"):
        assert {bool(row.answer) for row in made.rows if row.split == split} == {True, False}
    assert {row.source: row.question for row in made.rows} == dict(enumerate(TEXTS, start=2))


def test_a_question_with_two_answers_keeps_the_one_given_most_often_and_is_counted() -> None:
    twice = [*TEXTS, TEXTS[1], TEXTS[1], TEXTS[2], TEXTS[3]]
    made = read(table(question=twice, answer=[*ANSWERS, "Ask Ada.", "Ask Ada.", "", ANSWERS[3]]))
    found = {row.question: row for row in made.rows}
    assert made.card["conflicts"] == 2
    assert made.card["exact_duplicates"] == 2
    assert (found[TEXTS[1]].answer, found[TEXTS[1]].source) == ("Ask Ada.", 102)
    assert found[TEXTS[2]].answer == ANSWERS[2]


def test_what_an_instruction_is_given_is_put_below_it() -> None:
    inputs = ["", *(f"number {i}" for i in range(1, 100))]
    made = read(table(instruction=TEXTS, input=inputs, output=[f"so {i}" for i in range(100)]))
    asked = {row.source: row.question for row in made.rows}
    assert (asked[2], asked[3]) == (TEXTS[0], f"{TEXTS[1]}\n\nnumber 1")


@pytest.mark.parametrize(
    ("columns", "words"),
    [
        ({"question": TEXTS[:9], "answer": ["a"] * 9}, "Only 9 different questions"),
        ({"question": TEXTS, "answer": ["yes"] * 100}, "says the same in every row"),
        ({"question": TEXTS, "answer": [""] * 100}, "Only 0 different questions"),
        (
            {"question": [f"{TEXTS[0]} {i % 3}" for i in range(100)] + TEXTS[:2] * 10}
            | {"answer": [str(i) for i in range(120)]},
            "Only 5 different questions",
        ),
    ],
)
def test_pairs_that_can_not_be_learnt_are_refused(columns: Any, words: str) -> None:
    with pytest.raises(BadFile, match=words):
        read(table(**columns))


# --- clicks ---------------------------------------------------------------------------------


def test_the_latest_choices_and_some_people_whole_are_the_test() -> None:
    made = read(click_table())
    trained = [row for row in made.rows if row.split == "train"]
    known = {row.user for row in trained}
    held = [row for row in made.rows if row.split == "test" and row.user in known]
    assert max(row.at for row in trained) < min(row.at for row in held)
    newcomers = {row.user for row in made.rows} - known
    assert len(newcomers) == 1
    assert made.card["counts"]["without_history"] == 1
    assert {row.split for row in made.rows if row.user in newcomers} == {"test"}


def test_a_choice_counts_once_when_it_was_made_first() -> None:
    found = click_table()
    rows = [
        ("U1", "one more thing", "0", "2026-01-01"),
        ("U1", "one more thing", "1", "2026-01-02"),
    ]
    rows += [("U1", "one more thing", "1", "2026-03-28"), ("U2", "one more thing", "no", "")]
    for name, values in zip(found.columns, zip(*rows, strict=True), strict=True):
        found.columns[name].extend(values)
    found.lines.extend(range(2_000, 2_004))
    made = read(found)
    once = {row.user: row for row in made.rows if row.item == "one more thing"}
    assert (once["U1"].clicked, once["U1"].at) == (True, "2026-01-02T00:00:00+00:00")
    assert (once["U2"].clicked, once["U2"].at, once["U2"].split) == (False, None, "train")
    assert made.card["exact_duplicates"] == 2


def test_lists_of_what_was_shown_are_rows_too() -> None:
    lists = [[TEXTS[(7 * i + 11 * k) % 100] for k in range(5)] for i in range(60)]
    shown = ["|".join(items) for items in lists]
    chosen = [" | ".join(items[: i % 3]) for i, items in enumerate(lists)]
    people = [f"U{i % 12}" for i in range(60)]
    made = read(table(user=people, shown=shown, chosen=chosen))
    assert sum(row.clicked for row in made.rows) == made.card["counts"]["clicked"]
    with pytest.raises(
        BadFile, match=r"Line 2, column 'chosen' names 'x', which the column 'shown"
    ):
        read(table(user=people, shown=shown, chosen=["x", *chosen[1:]]))


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"clicked": "1"}, "everything was clicked: add what people were shown"),
        ({"clicked": "0"}, "nothing was clicked"),
        ({"clicked": "2"}, "Line 2, column 'clicked' says '2': write 0 or 1"),
        ({"time": "soon"}, "Line 2, column 'time' says 'soon': write times such as"),
        ({"user": " "}, "No row has both a person and an item"),
        ({"time": "2026-01-01"}, "split has nothing that was"),
    ],
)
def test_clicks_that_can_not_be_learnt_are_refused(changed: dict[str, str], words: str) -> None:
    found = click_table()
    ((name, value),) = changed.items()
    found.columns[name] = [value] * len(found)
    with pytest.raises(BadFile, match=words):
        read(found)


def test_times_are_read_as_people_and_machines_write_them() -> None:
    found = click_table()
    found.columns["time"][:3] = ["1774000000", "1774000000000", "2026/03/20 09:46:40+00:00"]
    made = read(found)
    written = "2026-03-20T09:46:40+00:00"
    first = {(found.columns["user"][i], found.columns["item"][i]) for i in range(3)}
    assert {row.at for row in made.rows if (row.user, row.item) in first} == {written}


# --- what holds for all ---------------------------------------------------------------------

SHUFFLED: dict[str, Table] = {
    "tags": table(text=TEXTS, labels=TAGS),
    "pairs": table(question=TEXTS, answer=ANSWERS),
    "clicks": click_table(users=22, items=12),
    "timeless": click_table(users=22, items=12, timed=False),
}


@pytest.mark.parametrize("name", SHUFFLED)
@settings(deadline=None, max_examples=8)
@given(dice=st.randoms(use_true_random=False))
def test_the_order_of_the_rows_makes_no_difference(name: str, dice: random.Random) -> None:
    found = SHUFFLED[name]
    order = list(range(len(found)))
    dice.shuffle(order)
    shuffled = Table({n: [c[i] for i in order] for n, c in found.columns.items()}, found.lines)
    one, other = read(found), read(shuffled)
    shape = one.card["shape"]
    assert hash_rows(one.rows, shape) == hash_rows(other.rows, shape)
    assert one.card == other.card


SPLITS = st.sampled_from(["train", "train", "train", "validation", "test"])
NEAR = st.lists(st.tuples(st.integers(0, 29), st.sampled_from("abc"), SPLITS), max_size=60)


@settings(deadline=None, max_examples=25)
@given(repeats=NEAR, own=st.booleans())
def test_no_question_or_text_is_near_one_in_another_split(
    repeats: list[tuple[int, str, str]], own: bool
) -> None:
    texts = [*TEXTS, *(f"{TEXTS[i]} {mark}" for i, mark, _ in repeats)]
    rest = len(repeats)
    own_splits = {"split": ["train"] * 80 + ["validation"] * 10 + ["test"] * 10}
    own_splits["split"] += [split for _, _, split in repeats]
    splits = own_splits if own else {}
    asked = read(table(question=texts, answer=[*ANSWERS, *["Ask."] * rest], **splits)).rows
    tagged = read(table(text=texts, labels=[*TAGS, *["late"] * rest], **splits)).rows
    for rows, column in ((asked, "question"), (tagged, "text")):
        sides: defaultdict[int, set[str]] = defaultdict(set)
        found = [getattr(row, column) for row in rows]
        for row, group in zip(rows, group_near_duplicates(found).tolist(), strict=True):
            sides[group].add(row.split)
        assert all(len(splits) == 1 for splits in sides.values())
        assert len(set(found)) == len(found)


CLICKS = st.lists(
    st.builds(
        Click,
        user=st.integers(0, 45).map("U{}".format),
        item=st.sampled_from([*TEXTS[:8], *(f"{text} x" for text in TEXTS[:8])]),
        clicked=st.booleans(),
        at=st.none() | st.integers(1, 28).map("2026-02-{:02}T00:00:00+00:00".format),
        split=st.just("train"),
    ),
    unique_by=lambda row: (row.user, row.item),
    min_size=10,
    max_size=150,
)


@settings(deadline=None, max_examples=50)
@given(rows=CLICKS)
def test_nobody_is_tested_on_what_they_were_trained_on_nor_on_their_past(rows: list[Click]) -> None:
    splits = clicks.split(rows, new_users=True)
    seen = {row.user for row, split in zip(rows, splits, strict=True) if split == "train"}
    by_split = defaultdict(list)
    for row, split in zip(rows, splits, strict=True):
        if row.at and row.user in seen:
            by_split[split].append(row.at)
    for earlier, later in (("train", "validation"), ("validation", "test"), ("train", "test")):
        if by_split[earlier] and by_split[later]:
            assert max(by_split[earlier]) < min(by_split[later])
    if any(row.at for row in rows) and splits.count("train"):
        newcomers = {row.user for row in rows} - seen
        assert len(newcomers) >= len({row.user for row in rows}) // clicks.NEW_USERS


# --- the whole way --------------------------------------------------------------------------


def intake(folder: Path, found: Table, **given: Any) -> tuple[DataCard, Path]:
    """Read a table as an uploaded CSV file; give the card and the data set's folder."""
    text = io.StringIO()
    written = csv.writer(text)
    written.writerow(found.columns)
    written.writerows(zip(*found.columns.values(), strict=True))
    (folder / "upload").write_text(text.getvalue(), encoding="utf-8")
    asked = work(**given).model_copy(update={"upload": "upload"})
    spec = RunSpec(job=1, attempt=1, data_dir=folder, work=asked, device="cpu")
    card = data.make_dataset(spec).card
    assert card is not None
    return card, dataset_dir(folder, card.hash)


@pytest.mark.parametrize(
    ("found", "fields"),
    [
        (SHUFFLED["tags"], Tagged._fields),
        (SHUFFLED["pairs"], Pair._fields),
        (SHUFFLED["clicks"], Click._fields),
        (SHUFFLED["timeless"], Click._fields),
    ],
)
def test_every_shape_is_kept_with_its_test_rows_and_what_training_saw(
    tmp_path: Path, found: Table, fields: tuple[str, ...]
) -> None:
    card, folder = intake(tmp_path, found)
    kept = pq.read_table(folder / "rows.parquet")
    assert tuple(kept.column_names) == fields
    rows = kept.to_pylist()
    assert sum(sum(kinds.values()) for kinds in card.splits.values()) == card.rows == len(rows)
    test = [json.loads(line) for line in (folder / "test.jsonl").read_text("utf-8").splitlines()]
    assert all({**rows[one.pop("row")]} == {**one, "split": "test"} for one in test)
    form = {"tags": "{text}", "pairs": "{question}", "clicks": "{user}\n{item}"}[card.shape]
    seen = (folder / "seen.txt").read_text("ascii").split()
    assert seen == sorted({text_hash(form.format(**row)) for row in rows if row["split"] != "test"})
    assert not set(seen) & {text_hash(form.format(**row)) for row in test}
    assert DataCard.model_validate_json((folder / "card.json").read_bytes()) == card


# --- personal data --------------------------------------------------------------------------

MAIL = "write to ada@example.com"


def test_personal_data_is_kept_redacted_or_refused_as_the_settings_say(tmp_path: Path) -> None:
    found = table(question=[*TEXTS[:99], MAIL], answer=[*ANSWERS[:98], "Ask bob@example.com", "x"])
    kept, _ = intake(tmp_path, found)
    assert (kept.personal_data, kept.redacted) == ({"e-mail": 2}, 0)
    redacted, folder = intake(tmp_path, found, personal_data="redact")
    assert (redacted.personal_data, redacted.redacted) == ({}, 2)
    assert b"example.com" not in (folder / "rows.parquet").read_bytes()
    with pytest.raises(BadFile, match=r"e-mail \(2 rows\), first in line 100, line 101\. Take it"):
        intake(tmp_path, found, personal_data="refuse")


@pytest.mark.parametrize("policy", ["redact", "refuse"])
def test_people_called_by_their_address_are_refused_where_personal_data_is(policy: Any) -> None:
    found = table(user=["ada@example.com"], item=["a"], clicked=["1"])
    with pytest.raises(BadFile, match=r"column 'user' seems to hold personal data"):
        private.apply(found, ["item"], ["user"], policy)
