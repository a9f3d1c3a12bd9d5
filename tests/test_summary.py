"""A result is told honestly, and within Slack's limits whatever the labels."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from records import NOON, enqueue
from results import BETTER, NONE, WORSE, assert_postable, button_values, make_result
from sqlite_utils import Database

from bot import figures
from bot.train import metrics, summary
from storage.records import Job
from trainer.spec import Baseline, Comparison, Difference

labels = st.lists(st.text(min_size=1, max_size=75), min_size=2, max_size=200, unique=True)
HOSTILE = "<!channel> & `x` *b* " * 3 + "评" * 12


@pytest.fixture
def job(db: Database) -> Job:
    return enqueue(db)


@pytest.mark.parametrize(
    ("difference", "words"),
    [
        (BETTER, "better by 6.2 ± 1.9 points, n = 300"),
        (WORSE, "worse by 3.1 ± 1.2 points, n = 300"),
        (NONE, "no difference can be shown (+0.4 ± 2.1 points, n = 300)"),
    ],
)
def test_a_difference_is_claimed_only_where_it_is_shown(difference: Difference, words: str) -> None:
    assert figures.difference(difference) == words


def test_the_headline_has_both_figures_with_their_intervals_and_the_rows() -> None:
    said = metrics.headline(make_result())
    assert said.startswith("90.0% (")
    assert said.count("–") == 2
    assert said.endswith("macro-F1 on 300 test rows")


def test_a_model_that_beats_its_baselines_is_said_to() -> None:
    assert summary.judge(make_result()) == "It beats majority and TF-IDF + logistic regression."


def test_a_model_that_does_not_beat_a_baseline_is_said_not_to() -> None:
    tie = Baseline(name="TF-IDF", figures={"accuracy": 0.9, "macro_f1": 0.9}, difference=NONE)
    said = summary.judge(make_result(baselines=[tie]))
    assert said.startswith("It does not beat TF-IDF: no difference can be shown")


def test_what_was_left_out_of_a_comparison_is_said() -> None:
    found = Comparison(model=9, difference=BETTER, left_out=12, unknown_labels=["<neutral>"])
    said = summary.compare(found)
    assert "Beside model 9: better by 6.2 ± 1.9 points" in said
    assert "12 test rows left out" in said
    assert "&lt;neutral&gt;" in said


def test_the_message_mentions_the_owner_and_has_every_figure(job: Job) -> None:
    body = summary.message(job, make_result(resumed_from_step=40))
    everything = str(body)
    assert body["text"].startswith(f"<@U1> Job {job.id} is done: 90.0%")
    for figure in (
        "positive",
        "precision",
        "1.30",
        "60%",
        "23 MB",
        "50 rows/s",
        "d" * 12,
        "step 40",
    ):
        assert figure in everything


def test_of_many_labels_the_weakest_are_shown(job: Job) -> None:
    body = summary.message(job, make_result([f"intent {i}" for i in range(77)], n=770))
    assert "The 20 weakest of 77 labels" in str(body)


@settings(max_examples=12, deadline=None)
@given(labels)
def test_any_labels_fit_slacks_limits(labels: list[str]) -> None:
    body = summary.message(_job(), make_result(labels, n=len(labels)))
    assert_postable(**body)


def test_hostile_labels_ping_no_one_and_keep_the_table_whole() -> None:
    body = summary.message(_job(), make_result([f"{HOSTILE}{i}" for i in range(200)], n=200))
    assert_postable(**body)
    tables = [b["text"]["text"] for b in body["blocks"] if "```" in str(b)]
    assert all(table.count("`") == 6 for table in tables)


def test_a_table_is_aligned_also_where_characters_are_twice_as_wide() -> None:
    lines = figures.table([["差评", "1"], ["ok", "22"]]).split("\n")
    assert lines == ["差评   1", "ok    22"]


def test_the_next_steps_are_one_press_away(job: Job) -> None:
    pressed = button_values([{"elements": summary.next_buttons(job)}])
    assert pressed == dict.fromkeys(["promote", "model_card", "logs", "retry"], str(job.id))


def _job() -> Job:
    return Job(
        id=12,
        key="k",
        kind="train",
        state="succeeded",
        work={},
        priority=0,
        requested_by="U1",
        channel="C1",
        created_at=NOON,
        attempt=1,
    )
