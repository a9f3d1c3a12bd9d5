"""Tests of what becomes of a table: its columns, its rows, its splits and its profile."""

from __future__ import annotations

from collections import defaultdict

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trainer.intake.columns import Chosen, find_columns
from trainer.intake.duplicates import group_near_duplicates
from trainer.intake.personal_data import count_personal_data
from trainer.intake.profile import detect_languages, find_warnings
from trainer.intake.rows import Tidied, tidy
from trainer.intake.splits import complete_splits, drop_leaks
from trainer.intake.table import BadFile, Table
from trainer.spec import ColumnQuestion, DataCard, IntakeWork, text_hash

# Sixty texts of different words and letters.
TEXTS = [" ".join(chr(97 + (i * k) % 26) * (3 + i % 5) for k in range(1, 9)) for i in range(1, 61)]
LABELS = ["good", "bad", "so so"] * 20
CHOSEN = Chosen("text", "label", "split")


def table(**columns: list[str]) -> Table:
    return Table(columns, list(range(2, 2 + len(next(iter(columns.values()))))))


def work(**columns: str) -> IntakeWork:
    return IntakeWork(upload="u", filename="a.csv", name="a", **columns)


def tidied(*rows: tuple[str, str, str]) -> Tidied:
    """Tidy rows that come on top of sixty good ones."""
    full = [*zip(TEXTS, LABELS, ["train"] * 60, strict=True), *rows]
    texts, labels, splits = map(list, zip(*full, strict=True))
    return tidy(table(text=texts, label=labels, split=splits), CHOSEN)


# --- columns --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("names", "chosen"),
    [
        (["id", "text", "label"], ("text", "label")),
        (["Sentence", "Sentiment", "n"], ("Sentence", "Sentiment")),
        (["内容", "标签", "n"], ("内容", "标签")),
        (["review_text", "stars", "n"], ("review_text", "stars")),
        (["a", "b", "n"], ("a", "b")),
    ],
)
def test_columns_are_found_by_name_and_by_shape(names: list[str], chosen: tuple[str, str]) -> None:
    numbers = [str(i) for i in range(60)]
    values = [numbers, TEXTS, LABELS] if names[0] == "id" else [TEXTS, LABELS, numbers]
    found = find_columns(table(**dict(zip(names, values, strict=True))), work())
    assert found == Chosen(*chosen, split=None)


def test_the_column_that_a_person_names_wins() -> None:
    columns = table(text=TEXTS, reply=TEXTS[::-1], label=LABELS)
    assert find_columns(columns, work(text_column="reply")) == Chosen("reply", "label", None)


def test_a_misspelt_column_is_answered_with_the_right_one() -> None:
    with pytest.raises(BadFile, match=r"no column 'lable'\. Did you mean 'label'\? .*text, label"):
        find_columns(table(text=TEXTS, label=LABELS), work(label_column="lable"))


def test_an_unsure_choice_is_a_question_with_three_real_rows() -> None:
    long = [f"{text} and so on" * 3 for text in TEXTS]
    asked = find_columns(table(question=TEXTS, answer=long, topic=LABELS, mood=LABELS), work())
    assert isinstance(asked, ColumnQuestion)
    assert asked.label_guess == "topic"
    assert asked.columns[0].examples == [TEXTS[0], TEXTS[20], TEXTS[40]]
    assert (len(asked.columns[1].examples[0]), asked.columns[1].distinct) == (80, 60)


def test_texts_without_any_labels_are_refused() -> None:
    with pytest.raises(BadFile, match=r"has texts \('text'\) but no labels: it has no other"):
        find_columns(table(text=TEXTS), work())
    with pytest.raises(BadFile, match=r"none of the others \(id\) repeats"):
        find_columns(table(text=TEXTS, id=[str(i) for i in range(60)]), work())


def test_a_split_column_is_one_only_if_it_names_splits() -> None:
    folds = ["1", "2", "3"] * 20
    assert find_columns(table(text=TEXTS, label=LABELS, fold=folds), work()) == Chosen(
        "text", "label", None
    )
    names = ["Train"] * 40 + ["dev"] * 10 + ["TEST"] * 10
    assert find_columns(table(text=TEXTS, label=LABELS, Set=names), work()) == Chosen(
        "text", "label", "Set"
    )


# --- rows -----------------------------------------------------------------------------------


def test_empty_rows_and_repeated_texts_are_dropped_and_counted() -> None:
    found = tidied(
        ("", "good", "train"),
        ("no label", " ", "train"),
        (f"  {TEXTS[0]}\n", "good", "train"),
        (TEXTS[0], "good", "train"),
    )
    assert (len(found.rows), found.empty, found.exact_duplicates) == (60, 2, 2)


def test_a_text_with_two_labels_keeps_the_one_given_most_often() -> None:
    found = tidied((TEXTS[0], "bad", "train"), (TEXTS[0], "bad", "train"))
    assert found.conflicts == 1
    assert [row.label for row in found.rows if row.text == TEXTS[0]] == ["bad"]


def test_a_test_row_that_training_saw_is_a_leak() -> None:
    found = tidied((TEXTS[0], "good", "test"), ("a text of its own", "bad", "test"))
    assert found.leaks == 1
    assert [row.text for row in found.rows if row.split == "test"] == ["a text of its own"]


@given(order=st.permutations(range(60)))
def test_the_order_of_the_rows_makes_no_difference(order: list[int]) -> None:
    def tidy_in(order: list[int]) -> Tidied:
        columns = {"text": [TEXTS[i] for i in order], "label": [LABELS[i] for i in order]}
        return tidy(table(**columns), Chosen("text", "label", None))

    assert tidy_in(order) == tidy_in(list(range(60)))


@pytest.mark.parametrize(
    ("labels", "words"),
    [
        (["good"] * 60, "says 'good' in every row: two labels are needed"),
        ([""] * 60, "No row has both"),
        (TEXTS, "looks like free text or an id"),
        (["good"] * 56 + ["bad"] * 4, r"at least 5 different texts; too few have 'bad' \(4\)"),
        ([f"{i % 12}.5" for i in range(60)], "12 different numbers with fractions: that is a rat"),
    ],
)
def test_labels_that_can_not_be_classes_are_refused(labels: list[str], words: str) -> None:
    with pytest.raises(BadFile, match=words):
        tidy(table(text=TEXTS, label=labels), Chosen("text", "label", None))


def test_whole_ratings_are_classes_however_they_are_written() -> None:
    found = tidy(table(text=TEXTS, label=["1.0", "2.0", "5.0"] * 20), Chosen("text", "label", None))
    assert {row.label for row in found.rows} == {"1", "2", "5"}


def test_a_split_of_unknown_name_is_refused_with_its_line() -> None:
    with pytest.raises(BadFile, match="Line 62, column 'split' names no split"):
        tidied(("a text", "good", "tset"))


# --- near duplicates and splits -------------------------------------------------------------


def test_texts_that_nearly_repeat_are_one_group() -> None:
    long = "The invoice of last month is still not paid and nobody at the desk answers me"
    groups = group_near_duplicates(
        [long, long.upper(), long + "!", "Good", "good ", "Bad", "", "a b", "A  B"]
    ).tolist()
    assert groups[0] == groups[1] == groups[2]
    assert (groups[3], groups[7]) == (groups[4], groups[8])
    assert len(set(groups)) == 5


@given(texts=st.lists(st.text(st.characters(codec="utf-8"), max_size=20), max_size=20))
def test_texts_of_one_hash_are_always_one_group(texts: list[str]) -> None:
    """So a test text that `seen.txt` names can't be in the test split."""
    groups: defaultdict[str, set[int]] = defaultdict(set)
    doubled = [*texts, *(f" {text}\n" for text in texts)]
    for text, group in zip(doubled, group_near_duplicates(doubled).tolist(), strict=True):
        groups[text_hash(text)].add(group)
    assert all(len(found) == 1 for found in groups.values())


ROWS = st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 60)), min_size=30, max_size=200)


@settings(deadline=None)
@given(rows=ROWS)
def test_no_group_is_ever_on_two_sides(rows: list[tuple[str, int]]) -> None:
    groups = [group for _, group in rows]
    try:
        split = complete_splits(["train"] * len(rows), groups, [label for label, _ in rows])
    except BadFile:
        assert len(set(groups)) < 3
        return
    sides: defaultdict[int, set[str]] = defaultdict(set)
    for side, group in zip(split, groups, strict=True):
        sides[group].add(side)
    assert all(len(found) == 1 for found in sides.values())


@given(sizes=st.lists(st.integers(5, 300), min_size=2, max_size=5))
def test_splits_without_duplicates_are_stratified_eighty_ten_ten(sizes: list[int]) -> None:
    labels = [str(k) for k, n in enumerate(sizes) for _ in range(n)]
    split = complete_splits(["train"] * len(labels), range(len(labels)), labels)
    for label, size in enumerate(sizes):
        tenth = max(1, round(size / 10))
        found = [side for side, own in zip(split, labels, strict=True) if own == str(label)]
        counts = [found.count(name) for name in ("train", "validation", "test")]
        assert counts == [size - 2 * tenth, tenth, tenth]


@given(repeats=st.lists(st.integers(1, 30), min_size=3, max_size=12))
def test_a_label_of_three_groups_has_a_row_in_each_split(repeats: list[int]) -> None:
    groups = [group for group, n in enumerate(repeats) for _ in range(n)]
    others = range(100, 200)
    labels = ["a"] * len(groups) + ["b"] * len(others)
    split = complete_splits(["train"] * len(labels), [*groups, *others], labels)
    assert set(split[: len(groups)]) == {"train", "validation", "test"}


def test_a_missing_validation_split_comes_out_of_training() -> None:
    split = complete_splits(["test"] * 10 + ["train"] * 50, range(60), ["a"] * 60)
    assert split[:10] == ["test"] * 10
    assert split[10:].count("validation") == 5


def test_of_a_group_in_two_splits_only_the_training_rows_stay() -> None:
    splits = ["train", "test", "validation", "test", "test"]
    assert drop_leaks(splits, [1, 1, 2, 2, 3]) == [0, 2, 4]


# --- profile --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("write to a.b+c@mail.example.com please", "e-mail"),
        ("call +1 415-555-2671", "phone"),
        ("call (415) 555-2671 now", "phone"),
        ("我的电话13812345678。", "phone"),
        ("card 4111 1111 1111 1111", "payment card"),
        ("卡号5555555555554444", "payment card"),
        ("IBAN DE89 3704 0044 0532 0130 00", "IBAN"),
        ("身份证11010519491231002X", "Chinese ID"),
        ("my SSN is 536-90-4399", "US SSN"),
        ("the host 10.0.0.1 is down", "IP address"),
        ("the host 2001:db8::1:2:3:4 is down", "IP address"),
    ],
)
def test_personal_data_is_counted_by_type(text: str, kind: str) -> None:
    assert count_personal_data([text, "nothing"]) == {kind: 1}


@pytest.mark.parametrize(
    "text",
    [
        "order 20240315123456 of 2024-03-15 12:30:45",
        "order 4155552671",
        "订单号13812345678901",
        "card 4111 1111 1111 1112",
        "ISBN 978-3-16-148410-0",
        "version 10.0.0.1 and v1.2.3.4",
        "1.000.000.000 at 12:30:45",
        "110105194912310021",
        "666-12-3456",
        "std::vector<a>, ask @anna",
        "DE88 3704 0044 0532 0130 00",
    ],
)
def test_what_only_looks_like_personal_data_does_not_count(text: str) -> None:
    assert count_personal_data([text]) == {}


def test_languages_are_shares_of_the_texts_that_are_long_enough() -> None:
    texts = ["The parcel arrived two days late and broken", "这家餐厅的菜很好吃,服务也不错", "ok"]
    assert detect_languages(texts) == {"en": 0.5, "zh": 0.5}


GOOD = DataCard(
    hash="0" * 64,
    name="chat",
    filename="a.csv",
    bytes=1,
    rows=10_000,
    text_column="text",
    label_column="label",
    labels={"good": 5_000, "bad": 5_000},
    splits={split: {"good": 2_500, "bad": 2_500} for split in ("train", "validation", "test")},
    splits_from="made",
    empty_rows=0,
    exact_duplicates=0,
    near_duplicates=0,
    conflicts=0,
    leaks=0,
    characters={"p50": 10, "p95": 10, "p99": 10, "max": 10},
    languages={"en": 0.97, "sv": 0.03},
    personal_data={},
)


def test_a_good_data_set_needs_no_warning() -> None:
    assert find_warnings(GOOD) == []


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"labels": {"good": 9_600, "bad": 400}}, "learnt badly: 'bad' (400 rows)."),
        ({"labels": {"good": 5_000, "Good": 5_000}}, "'good', 'Good' differ only in case"),
        ({"splits": {**GOOD.splits, "test": {"good": 2_500}}}, "no row labelled 'bad'"),
        ({"splits": {**GOOD.splits, "test": {"good": 50, "bad": 50}}}, "100 rows: an accuracy"),
        ({"splits": {**GOOD.splits, "test": {"good": 50, "bad": 50}}}, "to about ±8 points"),
        ({"conflicts": 1}, "1 text carried two labels or more"),
        ({"leaks": 12}, "12 validation or test rows stood, exactly or nearly,"),
        ({"personal_data": {"e-mail": 3}}, "personal data: e-mail (3 rows)"),
        ({"languages": {"en": 0.6, "zh": 0.4}}, "The texts are 60% en, 40% zh:"),
    ],
)
def test_what_may_spoil_a_model_is_said_in_a_sentence(
    changes: dict[str, object], words: str
) -> None:
    assert any(words in sentence for sentence in find_warnings(GOOD.model_copy(update=changes)))


def test_many_even_labels_are_not_called_rare() -> None:
    even = {f"intent {i}": 130 for i in range(77)}
    assert find_warnings(GOOD.model_copy(update={"labels": even})) == []
