"""Scores, paired differences and calibration, against scikit-learn and by simulation."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from sklearn.metrics import accuracy_score, f1_score, precision_recall_fscore_support

from trainer import evaluate

Answers = list[tuple[int, int]]  # (true, predicted)


def answers(classes: int = 4) -> st.SearchStrategy[Answers]:
    label = st.integers(0, classes - 1)
    return st.lists(st.tuples(label, label), min_size=1, max_size=80)


def simulate(
    random: np.random.Generator, n: int, classes: int, right: float
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    true = random.integers(0, classes, n)
    other = (true + random.integers(1, classes, n)) % classes
    return true, np.where(random.random(n) < right, true, other)


class TestScores:
    @given(answers())
    @settings(max_examples=60, deadline=None)
    def test_the_figures_are_those_of_scikit_learn(self, pairs: Answers) -> None:
        true, predicted = zip(*pairs, strict=True)
        scores = evaluate.score(true, predicted, ["a", "b", "c", "d"])
        assert scores.n == len(pairs)
        assert scores.accuracy.value == pytest.approx(accuracy_score(true, predicted))
        assert scores.macro_f1.value == pytest.approx(
            f1_score(true, predicted, average="macro", zero_division=0)
        )
        expected = precision_recall_fscore_support(
            true, predicted, labels=range(4), zero_division=0
        )
        for index, row in enumerate(scores.per_class):
            assert (row.precision, row.recall, row.f1, row.support) == pytest.approx(
                tuple(column[index] for column in expected)
            )

    @given(answers())
    @settings(max_examples=60, deadline=None)
    def test_an_interval_holds_its_figure_and_stays_in_range(self, pairs: Answers) -> None:
        true, predicted = zip(*pairs, strict=True)
        scores = evaluate.score(true, predicted, ["a", "b", "c", "d"])
        for figure in (scores.accuracy, scores.macro_f1):
            assert 0 <= figure.low <= figure.value <= figure.high <= 1

    def test_the_same_seed_gives_the_same_interval(self) -> None:
        true, predicted = simulate(np.random.default_rng(0), 100, 3, 0.8)
        first, second = (evaluate.score(true, predicted, "abc", seed=5) for _ in range(2))
        assert first == second

    def test_a_small_perfect_split_claims_no_certainty(self) -> None:
        scores = evaluate.score([0, 1] * 10, [0, 1] * 10, ["no", "yes"])
        assert scores.accuracy.value == 1
        assert scores.accuracy.low < 0.9
        assert scores.macro_f1.low < 0.9

    def test_a_class_that_never_occurs_does_not_lower_macro_f1(self) -> None:
        scores = evaluate.score([0, 1], [0, 1], ["a", "b", "never"])
        assert scores.macro_f1.value == 1
        assert scores.per_class[2].support == 0

    @pytest.mark.parametrize(
        ("n", "classes", "right"), [(50, 2, 0.9), (200, 2, 0.85), (90, 3, 0.8), (300, 10, 0.8)]
    )
    def test_about_95_of_100_intervals_cover_the_truth(
        self, n: int, classes: int, right: float
    ) -> None:
        random = np.random.default_rng(7)
        covered = np.zeros(2)  # with classes alike, accuracy and macro-F1 are both `right`
        for _ in range(200):
            scores = evaluate.score(*simulate(random, n, classes, right), [""] * classes)
            figures = (scores.accuracy, scores.macro_f1)
            covered += [figure.low <= right <= figure.high for figure in figures]
        assert (covered / 200 >= 0.91).all()

    def test_the_interval_is_not_wider_than_it_must_be(self) -> None:
        true, predicted = simulate(np.random.default_rng(3), 1_000, 2, 0.9)
        interval = evaluate.score(true, predicted, ["a", "b"]).accuracy
        normal = 2 * 1.96 * np.sqrt(0.9 * 0.1 / 1_000)
        assert interval.high - interval.low == pytest.approx(normal, rel=0.2)

    def test_hundreds_of_classes_and_many_rows_are_scored(self) -> None:
        true, predicted = simulate(np.random.default_rng(0), 100_000, 300, 0.9)
        interval = evaluate.score(true, predicted, [str(i) for i in range(300)]).accuracy
        assert interval.high - interval.low == pytest.approx(0.0037, rel=0.2)

    def test_no_row_at_all_is_refused(self) -> None:
        with pytest.raises(ValueError, match="no row"):
            evaluate.score([], [], ["a", "b"])


class TestDifference:
    @given(st.lists(st.tuples(st.booleans(), st.booleans()), max_size=300))
    def test_the_verdict_is_what_the_printed_interval_says(
        self, pairs: list[tuple[bool, bool]]
    ) -> None:
        found = evaluate.difference([a for a, _ in pairs], [b for _, b in pairs])
        points, margin = float(f"{found.points:.1f}"), float(f"{found.margin:.1f}")
        above, below = points - margin > 0, points + margin < 0
        assert found.verdict == ("better" if above else "worse" if below else "none")
        assert (found.points, found.margin) == (points, margin)

    @given(st.lists(st.tuples(st.booleans(), st.booleans()), max_size=300))
    def test_swapping_the_models_turns_the_sign_and_nothing_else(
        self, pairs: list[tuple[bool, bool]]
    ) -> None:
        a, b = [a for a, _ in pairs], [b for _, b in pairs]
        one, other = evaluate.difference(a, b), evaluate.difference(b, a)
        assert (one.points, one.margin) == (-other.points, other.margin)

    @pytest.mark.parametrize(
        ("only_a", "only_b", "n", "verdict"),
        [
            (30, 8, 1_821, "better"),
            (8, 30, 1_821, "worse"),
            (3, 0, 10, "none"),
            (0, 0, 5, "none"),
            (0, 0, 0, "none"),
            (10, 10, 50, "none"),
        ],
    )
    def test_few_discordant_rows_show_nothing(
        self, only_a: int, only_b: int, n: int, verdict: str
    ) -> None:
        same = n - only_a - only_b
        a = [True] * only_a + [False] * only_b + [True] * same
        b = [False] * only_a + [True] * only_b + [True] * same
        assert evaluate.difference(a, b).verdict == verdict

    def test_identical_answers_on_few_rows_still_have_a_wide_margin(self) -> None:
        assert evaluate.difference([True] * 5, [True] * 5).margin > 30
        assert evaluate.difference([True] * 5_000, [True] * 5_000).margin <= 0.1

    @pytest.mark.parametrize("n", [12, 40, 400])
    def test_equal_models_are_told_apart_in_at_most_one_of_twenty(self, n: int) -> None:
        random = np.random.default_rng(11)
        told = sum(
            evaluate.difference(random.random(n) < 0.8, random.random(n) < 0.8).verdict != "none"
            for _ in range(1_000)
        )
        assert told <= 65

    def test_answers_to_different_rows_are_refused(self) -> None:
        with pytest.raises(ValueError, match="2 and 1"):
            evaluate.difference([True, False], [True])


def overconfident(
    n: int, *, sharpness: float, seed: int = 0
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Make logits that are `sharpness` times as far apart as the truth warrants."""
    random = np.random.default_rng(seed)
    logits = random.normal(0, 1.5, (n, 3))
    chances = evaluate.softmax(logits)
    true = (random.random((n, 1)) > chances.cumsum(axis=1)[:, :-1]).sum(axis=1)
    return logits * sharpness, true


class TestCalibration:
    @pytest.mark.parametrize("sharpness", [0.5, 1.0, 4.0])
    def test_the_temperature_undoes_misplaced_confidence(self, sharpness: float) -> None:
        logits, true = overconfident(4_000, sharpness=sharpness)
        temperature = evaluate.fit_temperature(logits, true)
        assert temperature == pytest.approx(sharpness, rel=0.1)
        chances = evaluate.softmax(logits, temperature)
        right = (chances.argmax(axis=1) == true).mean()
        assert chances.max(axis=1).mean() == pytest.approx(right, abs=0.02)

    @given(st.integers(1, 40), st.integers(2, 5))
    @settings(max_examples=40, deadline=None)
    def test_a_perfect_split_leaves_doubt_according_to_its_size(self, n: int, classes: int) -> None:
        true = np.arange(n) % classes
        logits = np.eye(classes)[true] * 3.0
        temperature = evaluate.fit_temperature(logits, true)
        assert 0 < temperature < float("inf")
        assert evaluate.softmax(logits, temperature).max() <= (n + 1) / (n + 2) + 1e-3

    def test_an_empty_split_changes_nothing(self) -> None:
        assert evaluate.fit_temperature(np.empty((0, 3)), []) == 1

    def test_probabilities_sum_to_one_for_huge_logits(self) -> None:
        chances = evaluate.softmax(np.array([[1e4, -1e4], [0.0, 0.0]], np.float32))
        assert chances.sum(axis=1) == pytest.approx([1, 1])

    def test_answers_above_the_threshold_keep_the_promised_precision(self) -> None:
        logits, true = overconfident(4_000, sharpness=1.0)
        chances = evaluate.softmax(logits)
        threshold = evaluate.choose_threshold(chances, true)
        sure = chances.max(axis=1) >= threshold
        right = chances.argmax(axis=1) == true
        assert evaluate.LEAST_SURE < threshold < evaluate.PRECISION
        assert right[sure].mean() >= evaluate.PRECISION
        assert right[~sure].mean() < evaluate.PRECISION

    def test_a_model_that_is_never_precise_is_rarely_sure(self) -> None:
        chances = np.tile([0.8, 0.2], (100, 1))
        assert evaluate.choose_threshold(chances, [0, 1] * 50) == evaluate.PRECISION

    def test_a_split_too_small_to_show_precision_gets_the_least_threshold(self) -> None:
        assert evaluate.choose_threshold([[0.7, 0.3]] * 9, [0] * 9) == evaluate.LEAST_SURE
        assert evaluate.choose_threshold(np.empty((0, 2)), []) == evaluate.LEAST_SURE
