"""Tests of the sample data set: a fair test split, varied rows and nobody's personal data."""

from __future__ import annotations

import csv
import hashlib
import re
from collections import Counter
from importlib.resources import files
from itertools import combinations

SAMPLE = files("trainer.sample") / "work_chat.csv"
ROWS = list(csv.DictReader(SAMPLE.read_text(encoding="utf-8").splitlines()))
TEXTS = [row["text"] for row in ROWS]
LABELS = {"positive", "neutral", "negative"}
SHARES = {"train": 0.7, "validation": 0.1, "test": 0.2}
# The test split is fixed: another digest means that scores published earlier compare no longer.
TEST_SPLIT_SHA256 = "e9a67b794724acad3ef8ab97d94a991ed31c9e8d0a5e245455214a3edddb1f7b"


def words(text: str) -> list[str]:
    return re.findall(r"[\w']+", text.casefold())


def shingles(text: str, size: int = 5) -> set[str]:
    """Give the runs of `size` characters in the text's words, spaced by one blank."""
    plain = " ".join(words(text))
    return {plain[i : i + size] for i in range(len(plain) - size + 1)}


def jaccard(left: set[str], right: set[str]) -> float:
    return len(left & right) / len(left | right)


def test_the_sample_is_large_enough_to_train_and_to_test_on() -> None:
    assert len(ROWS) >= 640
    assert sum(row["split"] == "test" for row in ROWS) >= 130


def test_every_row_has_a_text_of_message_length_and_a_known_label_and_split() -> None:
    for row in ROWS:
        assert list(row) == ["text", "label", "split"]
        assert 2 <= len(words(row["text"])) <= 45, row
        assert row["label"] in LABELS, row
        assert row["split"] in SHARES, row


def test_labels_are_balanced_and_spread_alike_over_the_splits() -> None:
    labels = Counter(row["label"] for row in ROWS)
    cells = Counter((row["label"], row["split"]) for row in ROWS)
    assert max(labels.values()) - min(labels.values()) <= 15
    for (label, split), count in cells.items():
        assert abs(count / labels[label] - SHARES[split]) < 0.02, (label, split)


def test_the_test_split_is_the_one_that_earlier_scores_were_measured_on() -> None:
    rows = sorted(f"{row['label']}\t{row['text']}" for row in ROWS if row["split"] == "test")
    assert hashlib.sha256("\n".join(rows).encode()).hexdigest() == TEST_SPLIT_SHA256


def test_no_text_stands_twice_whatever_its_case_and_punctuation() -> None:
    assert len({tuple(words(text)) for text in TEXTS}) == len(TEXTS)


def test_no_two_texts_are_near_duplicates() -> None:
    pairs = combinations([(text, shingles(text)) for text in TEXTS], 2)
    close = [(a, b) for (a, left), (b, right) in pairs if jaccard(left, right) >= 0.5]
    assert close == []


def test_no_opening_of_three_words_is_a_template() -> None:
    openings = Counter(tuple(words(text)[:3]) for text in TEXTS)
    assert max(openings.values()) <= 4


def test_no_text_holds_an_address_a_link_or_a_phone_number() -> None:
    private = re.compile(r"\S@\S|https?://|www\.|\+?\d[\d ()/-]{6,}\d")
    assert [text for text in TEXTS if private.search(text)] == []
