"""The plan says what will run and what to expect, and its form changes it in place."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from records import NOON
from results import assert_postable, assert_valid, button_values, make_dataset, make_result

from bot.asking import RefusalError
from bot.commands.train import RetryJob
from bot.train import draft, plan
from bot.train.estimate import (
    Memory,
    Span,
    estimate_duration,
    estimate_memory,
    estimate_wait,
)
from bot.train.outlook import Outlook
from storage.records import Dataset, Plan
from trainer.spec import Recipe, TrainWork

DATASET = make_dataset()
MINILM = {
    "hidden_size": 384,
    "num_hidden_layers": 6,
    "intermediate_size": 1536,
    "vocab_size": 30522,
}
FREE = Outlook(ahead=0, slots=1, wait=Span(0, 0), takes=Span(100, 150, 3), memory=None)


def make_work(dataset: Dataset = DATASET, **overrides: float) -> TrainWork:
    return draft.make_work(dataset, base_model="minilm", method=None, overrides=overrides)


def make_plan(work: TrainWork, **changes: Any) -> Plan:
    values: dict[str, Any] = {
        "id": 3,
        "key": "k",
        "work": work.model_dump(),
        "priority": 0,
        "requested_by": "U1",
        "channel": "C1",
        "created_at": NOON,
        "state": "open",
    }
    return Plan(**values | changes)


# --- what was typed -------------------------------------------------------------------------


def test_a_recipe_is_chosen_by_the_data_and_what_was_typed_wins() -> None:
    work = make_work(epochs=2)
    assert work.recipe == Recipe(method="full", epochs=2, lr=5e-5, batch=16, max_length=64)
    assert draft.typed_over(work.recipe, DATASET, work.task) == {"epochs": 2}


def test_a_new_method_brings_its_own_learning_rate() -> None:
    work = draft.revise(
        make_work(lr=1e-5, epochs=2),
        DATASET,
        RetryJob(number=1, method="lora"),
        base_model="minilm",
    )
    assert work.recipe.lr == 5e-4
    assert work.recipe.epochs == 5


def test_a_retry_keeps_what_was_typed_before() -> None:
    choices = RetryJob(number=1, batch=8)
    work = draft.revise(make_work(epochs=2), DATASET, choices, base_model="minilm")
    assert draft.typed_over(work.recipe, DATASET, work.task) == {"epochs": 2, "batch": 8}


@pytest.mark.parametrize(
    ("typed", "model"),
    [
        ("minilm", "minilm"),
        ("MiniLM", "minilm"),
        ("ours", "/data/models/ours"),
        ("distilbert/distilbert-base-uncased", "distilbert/distilbert-base-uncased"),
        ("bert-base-uncased", "bert-base-uncased"),
    ],
)
def test_a_base_model_is_a_short_name_a_folder_or_a_hub_id(typed: str, model: str) -> None:
    assert draft.find_model(typed, folders={"ours": Path("/data/models/ours")}) == model


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ("minlm", "Did you mean `minilm`?"),
        ("a b", "is no model"),
        ("/nowhere", "holds no model"),
        ("http://x.y/z", "is no model"),
    ],
)
def test_a_name_that_is_no_base_model_is_refused_in_words(typed: str, words: str) -> None:
    with pytest.raises(RefusalError, match=words.replace("?", r"\?")):
        draft.find_model(typed, folders={})


def test_a_folder_with_a_model_in_it_is_taken(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text("{}", encoding="utf-8")
    assert draft.find_model(str(tmp_path), folders={}) == str(tmp_path.resolve())


def test_a_hub_model_that_no_job_used_is_doubted_with_what_may_be_meant() -> None:
    used = ["distilbert/distilbert-base-uncased"]
    work = make_work().model_copy(update={"base_model": "distilbert/distilbert-base-uncsed"})
    (doubt,) = draft.find_doubts(work, used=used)
    assert "Did you mean `distilbert/distilbert-base-uncased`?" in doubt
    assert not draft.find_doubts(make_work(), used=[])


def test_a_learning_rate_at_which_lora_learns_nothing_is_doubted() -> None:
    lora = draft.make_work(DATASET, base_model="minilm", method="lora", overrides={"lr": 5e-5})
    (doubt,) = draft.find_doubts(lora, used=[])
    assert "`lr=0.0005`" in doubt


def test_without_data_the_first_step_is_named() -> None:
    assert "/train data sample" in str(draft.no_dataset("reviews", []))
    assert "Did you mean `reviews`?" in str(draft.no_dataset("revews", ["reviews"]))
    assert "Did you mean `list`?" in str(draft.no_dataset("lst", [], verbs=["list", "show"]))


# --- what to expect -------------------------------------------------------------------------


def test_the_duration_is_a_range_by_the_pace_of_like_runs() -> None:
    past = [make_result(), make_result(rows_per_second=100)]
    takes = estimate_duration(make_work(epochs=3), 1_000, past)
    assert takes is not None
    assert takes.low < 3_000 / 100 + 20 < 3_000 / 50 + 20 < takes.high
    assert takes.runs == 2


def test_a_first_run_of_its_kind_has_no_estimate() -> None:
    assert estimate_duration(make_work(), 1_000, []) is None
    other = make_result(base_model="another/model")
    assert estimate_duration(make_work(), 1_000, [other]) is None


@pytest.mark.parametrize(
    ("ahead", "slots", "wait"),
    [
        ([], 1, Span(0, 0)),
        ([Span(60, 80)], 2, Span(0, 0)),
        ([Span(60, 80), Span(100, 120)], 1, Span(160, 200)),
        ([Span(60, 80), Span(100, 120)], 2, Span(80, 100)),
        ([Span(60, 80), None], 1, None),
        ([], 0, None),
    ],
)
def test_the_wait_is_what_those_ahead_take(
    ahead: list[Span | None], slots: int, wait: Span | None
) -> None:
    assert estimate_wait(ahead, slots) == wait


def test_memory_is_what_a_like_run_took_else_reckoned_from_the_models_size() -> None:
    measured = estimate_memory(make_work(batch=32, max_length=64), [make_result()], MINILM)
    assert measured == Memory(1_200_000_000, measured=True)
    bigger = estimate_memory(make_work(batch=512), [make_result()], MINILM)
    assert bigger is not None
    assert not bigger.measured
    assert bigger.need_bytes > 2e9
    assert estimate_memory(make_work(), [], None) is None


# --- the card -------------------------------------------------------------------------------


def test_the_card_says_what_why_when_and_how_long() -> None:
    reply = plan.card(make_plan(make_work(epochs=2)), DATASET, FREE)
    for words in (
        "Fine-tune minilm on reviews?",
        "full, 2 epochs, lr 5e-5, batch 16",
        "You set epochs=2",
        "at once",
        "1–3 minutes, by 3 runs",
        "unknown until its first run",
        "d" * 12,
    ):
        assert words in reply.text
    assert_postable(reply.text, reply.blocks)
    assert button_values(reply.blocks or []) == dict.fromkeys(
        ["plan_queue", "plan_change", "plan_drop"], "3"
    )


@pytest.mark.parametrize(
    ("outlook", "words"),
    [
        (Outlook(0, 0, None, None, None), "no worker is alive"),
        (Outlook(3, 1, None, None, None), "after 3 jobs; how long they take isn't known"),
        (Outlook(1, 1, Span(300, 420), None, None), "after 1 job, in 5–7 minutes"),
        (Outlook(0, 1, None, None, None), "no estimate: the first run"),
        (Outlook(0, 1, None, None, Memory(9e9, measured=False), 4_000_000_000), "smaller batch"),
        (Outlook(0, 1, None, None, Memory(1e9, measured=True), 4_000_000_000), "of 4.0 GB"),
    ],
)
def test_what_is_not_known_is_said_to_be_unknown(outlook: Outlook, words: str) -> None:
    assert words in plan.card(make_plan(make_work()), DATASET, outlook).text


def test_hostile_names_and_warnings_are_shown_as_text() -> None:
    dataset = make_dataset(warnings=["<!channel> " * 400] * 5)
    work = make_work(dataset).model_copy(update={"base_model": "/x/<!here>"})
    reply = plan.card(make_plan(work), dataset, FREE)
    assert_postable(reply.text, reply.blocks)


# --- the form -------------------------------------------------------------------------------


def fill(**typed: str) -> dict[str, Any]:
    """Give the state of the form's inputs as Slack sends it."""
    method = {"method": {"method": {"selected_option": {"value": typed.pop("method", "full")}}}}
    values = {"model": "minilm", **typed}
    return method | {name: {name: {"value": value}} for name, value in values.items()}


def test_the_form_shows_what_was_typed_and_the_recipes_numbers_behind_it() -> None:
    view = plan.form(make_plan(make_work(epochs=2)), DATASET, response_url="https://x.y")
    for block in view["blocks"]:
        assert_valid(block)
    elements = {block["block_id"]: block["element"] for block in view["blocks"]}
    assert elements["epochs"]["initial_value"] == "2"
    assert elements["lr"]["placeholder"]["text"] == "5e-5, by the recipe"
    assert '"plan": 3' in view["private_metadata"]


def test_each_wrong_field_is_told_beside_it() -> None:
    wrong = plan.check_form(fill(epochs="abc", lr="7", batch="8"), "")
    assert wrong is not None
    assert set(wrong.errors) == {"epochs", "lr"}
    assert "1 to 100" in wrong.errors["epochs"]


def test_a_right_form_is_read_as_if_it_had_been_typed() -> None:
    values = fill(method="lora", epochs="2", lr="", priority="3")
    assert plan.check_form(values, "") is None
    read = plan.read_form(values)
    assert (read.method, read.epochs, read.lr, read.priority) == ("lora", 2, None, 3)
