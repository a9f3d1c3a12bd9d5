"""A text is split into all of its sentences, and no part is longer than the model reads."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.sentiment import long_text, poles, spoken
from bot.sentiment.long_text import Part
from trainer.predict import ModelCard, Prediction


def part(text: str, **chances: float) -> Part:
    best = max(chances, key=lambda label: chances[label])
    return Part(text, Prediction(best, chances[best], chances, sure=True))


def model_card(**changes: Any) -> ModelCard:
    shape = {"labels": ["good", "bad"], "inputs": [], "pad_token_id": 0, "max_length": 8}
    return ModelCard.model_validate(shape | {"temperature": 1, "threshold": 0} | changes)


def squeezed(text: str) -> str:
    return "".join(text.split())


@pytest.mark.parametrize(
    ("text", "sentences"),
    [
        ("Dr. Lee came. It is 3.5 times better!", ["Dr. Lee came.", "It is 3.5 times better!"]),
        ("这个太慢了。我不喜欢！真的吗？", ["这个太慢了。", "我不喜欢！", "真的吗？"]),
        ("我觉得 feature 很 cool. It's nice.", ["我觉得 feature 很 cool.", "It's nice."]),
        ("مرحبا. كيف حالك؟", ["مرحبا.", "كيف حالك؟"]),
        ("👍👍", ["👍👍"]),
        (" \n ", []),
    ],
)
def test_sentences_end_where_their_language_ends_them(text: str, sentences: list[str]) -> None:
    assert long_text.sentences(text) == sentences


@given(st.text(max_size=500), st.integers(1, 50))
def test_no_character_is_lost_and_every_piece_fits(text: str, most: int) -> None:
    def fits(piece: str) -> bool:
        return len(piece) <= most

    found = [piece for one in long_text.sentences(text) for piece in long_text.pieces(one, fits)]
    assert squeezed("".join(found)) == squeezed(text)
    assert all(map(fits, found))


def test_parts_add_up_by_their_length() -> None:
    parts = [part("x" * 30, good=0.9, bad=0.1), part("x" * 10, good=0.1, bad=0.9)]
    whole = long_text.sum_up(parts, model_card(threshold=0.75))
    assert (whole.label, whole.sure) == ("good", False)
    assert whole.probabilities == pytest.approx({"good": 0.7, "bad": 0.3})


def test_of_several_labels_the_whole_has_those_of_any_part() -> None:
    parts = [part("x" * 30, good=0.9, bad=0.1), part("x", good=0.1, bad=0.6)]
    whole = long_text.sum_up(parts, model_card(thresholds={"good": 0.5, "bad": 0.5}))
    assert whole.labels == ("good", "bad")
    none = long_text.sum_up(parts[1:], model_card(thresholds={"good": 0.5, "bad": 0.7}))
    assert none.labels == ()


def test_the_most_negative_and_the_most_positive_part_tell_most() -> None:
    parts = [
        part("fine", negative=0.3, positive=0.7),
        part("awful", negative=0.9, positive=0.1),
        part("great", negative=0.05, positive=0.95),
    ]
    told = [(label, one.text) for label, one in long_text.telling(parts)]
    assert told == [("negative", "awful"), ("positive", "great")]


def test_of_other_labels_the_two_surest_parts_tell_most() -> None:
    parts = [part("a", card=0.6, loan=0.4), part("b", card=0.1, loan=0.9), part("c", card=1.0)]
    told = [(label, one.text) for label, one in long_text.telling(parts)]
    assert told == [("card", "c"), ("loan", "b")]


def test_the_poles_are_known_in_both_languages() -> None:
    assert poles.negative(["Positive", "Negative "]) == "Negative "
    assert poles.positive(["负面", "正面"]) == "正面"
    assert poles.negative(["card", "loan"]) is None


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("I love how quick this was", "en"),
        ("C'est très mauvais, je n'aime pas du tout", "fr"),
        ("这个太慢了，我不喜欢", "zh"),
        ("我觉得这个 feature 很 cool", "zh"),
        ("Привет, это очень плохо работает", "ru"),
        ("שלום לכולם, מה שלומכם", "he"),
        ("lol", None),
        ("很好", None),
        ("👍👍 :tada: https://example.com/bonjour-tout-le-monde", None),
        ("\ud83d", None),
        ("", None),
    ],
)
def test_a_language_is_claimed_only_where_it_is_clear(text: str, language: str | None) -> None:
    assert spoken.detect(text) == language


def test_only_a_language_that_the_model_never_saw_is_named() -> None:
    french = "C'est très mauvais, je n'aime pas du tout"
    assert spoken.unseen(french, {"en"}) == "French"
    assert spoken.unseen(french, {"en", "fr"}) is None
    assert spoken.unseen(french, set()) is None
