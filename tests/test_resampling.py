"""Any figure with its interval, and any paired difference, by resampling the rows."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trainer import evaluate

shares = st.lists(st.tuples(st.floats(0, 1), st.floats(0, 1)), min_size=1, max_size=60)


@given(shares)
@settings(max_examples=30, deadline=None)
def test_swapping_the_models_turns_the_sign_and_the_verdict_follows_the_printed_numbers(
    pairs: list[tuple[float, float]],
) -> None:
    a, b = ([pair[side] for pair in pairs] for side in (0, 1))
    one, other = (evaluate.mean_difference(*two, metric="mrr") for two in ((a, b), (b, a)))
    assert one.points == -other.points == pytest.approx(100 * (np.mean(a) - np.mean(b)), abs=0.051)
    shown = "better" if one.points > one.margin else "worse"
    assert one.verdict == ("none" if abs(one.points) <= one.margin else shown)
    assert (one.metric, one.unit, one.n) == ("mrr", "points", len(pairs))


@given(shares)
@settings(max_examples=30, deadline=None)
def test_an_interval_holds_its_mean_and_stays_in_range(pairs: list[tuple[float, float]]) -> None:
    found = evaluate.mean_interval([a for a, _ in pairs])
    assert 0 <= found.low <= found.value <= found.high <= 1


def test_of_yes_and_no_the_margin_is_about_that_of_proportions() -> None:
    random = np.random.default_rng(0)
    a, b = random.random(500) < 0.8, random.random(500) < 0.7
    exact = evaluate.difference(a, b)
    found = evaluate.mean_difference(a, b, metric="accuracy")
    assert (found.points, found.verdict) == (exact.points, exact.verdict)
    assert found.margin == pytest.approx(exact.margin, rel=0.1)


def test_identical_answers_on_few_rows_have_a_wide_margin() -> None:
    assert evaluate.mean_difference([1.0] * 5, [1.0] * 5, metric="mrr").margin > 30
    assert evaluate.mean_interval([1.0] * 5).low < 0.8


def test_of_a_loss_less_is_better() -> None:
    losses = np.linspace(1, 3, 50)
    found = evaluate.mean_difference(losses - 0.25, losses, metric="loss", unit="nats")
    assert (found.points, found.margin, found.verdict) == (-0.25, 0.0, "better")


def test_a_mean_weighs_rows_where_they_differ_in_size() -> None:
    tokens = np.array([10.0, 90.0])
    losses = np.column_stack([[1.0, 2.0] * tokens, tokens])
    assert evaluate.interval(losses, evaluate.mean).value == pytest.approx(1.9)


def test_one_row_alone_shows_no_difference() -> None:
    assert evaluate.mean_difference([1.0], [3.0], metric="loss", unit="nats").verdict == "none"


def test_equal_models_are_told_apart_in_at_most_one_of_twenty() -> None:
    random = np.random.default_rng(3)
    told = sum(
        evaluate.mean_difference(random.random(40), random.random(40), metric="mrr").verdict
        != "none"
        for _ in range(200)
    )
    assert told <= 14


def test_answers_to_different_rows_are_refused() -> None:
    with pytest.raises(ValueError, match="2 and 1"):
        evaluate.mean_difference([1, 0], [1], metric="mrr")
