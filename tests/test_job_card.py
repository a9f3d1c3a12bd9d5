"""A job's one message says how it stands, and fits Slack whatever stands in the records."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from records import NOON, TRAIN_WORK
from results import assert_postable, button_values, make_result

from bot.train import failures, job_card, live, logs
from storage.records import Delivery, Job, Run
from trainer.spec import Cause, Comparison, Difference, Failure

PROGRESS: dict[str, Any] = {
    "type": "progress",
    "step": 120,
    "max_steps": 250,
    "epoch": 1.4,
    "epochs": 3,
    "loss": 0.412,
    "rows_per_second": 71.2,
    "eta_seconds": 125,
    "memory_bytes": 1,
}
EVALUATED: dict[str, Any] = {
    "type": "evaluated",
    "step": 80,
    "epoch": 1,
    "loss": 0.5,
    "accuracy": 0.851,
    "macro_f1": 0.85,
}


def make_job(state: str, **changes: Any) -> Job:
    values: dict[str, Any] = {
        "id": 12,
        "key": "k",
        "kind": "train",
        "state": state,
        "work": TRAIN_WORK,
        "priority": 0,
        "requested_by": "U1",
        "channel": "C1",
        "created_at": NOON,
        "attempt": 1,
    }
    return Job(**values | changes)


def make_run(**changes: Any) -> Run:
    values: dict[str, Any] = {
        "job": 12,
        "attempt": 1,
        "state": "running",
        "slot": "cpu:0",
        "started_at": NOON,
        "heartbeat_at": NOON,
        "next_segment": 0,
        "phase": "training",
        "progress": PROGRESS,
        "evaluated": EVALUATED,
    }
    return Run(**values | changes)


def test_a_queued_job_says_its_place_and_what_it_waits_for() -> None:
    body = job_card.card(make_job("queued", waits_for="job 11 on GPU 0"), None, ahead=2)
    assert "queued once more, as attempt 2, after 2 others: job 11 on GPU 0" in body["text"]
    assert list(button_values(body["blocks"])) == ["stop"]


def test_a_running_job_says_how_far_it_is_and_when_it_ends() -> None:
    body = job_card.card(make_job("running"), make_run())
    for words in (
        "Job 12: running",
        "48%",
        "step 120 of 250, epoch 1.4 of 3",
        "loss 0.412, 71 rows/s, 2 minutes left",
        "85.1% accuracy",
    ):
        assert words in body["text"]
    assert list(button_values(body["blocks"])) == ["stop", "pause", "save", "extend", "logs"]
    assert_postable(**body)


def test_a_job_that_was_asked_to_stop_says_who_asked_and_offers_no_second_stop() -> None:
    body = job_card.card(make_job("running", cancel_requested_by="U2"), make_run())
    assert "stopping, as <@U2> asked" in body["text"]
    assert "stop" not in button_values(body["blocks"])


def test_a_finished_job_says_its_figures_and_offers_to_promote() -> None:
    worse = Difference(points=-3.1, margin=1.2, n=300, verdict="worse")
    result = make_result(comparison=Comparison(model=9, difference=worse, left_out=0))
    body = job_card.card(make_job("succeeded", result=result.model_dump(mode="json")), None)
    assert "90.0%" in body["text"]
    assert "Beside model 9: worse by 3.1 ± 1.2 points" in body["text"]
    assert list(button_values(body["blocks"])) == ["promote", "model_card", "logs", "retry"]
    assert_postable(**body)


def test_a_failed_job_offers_the_retry_that_carries_the_fix() -> None:
    failure = Failure(cause="out_of_memory", evidence="CUDA <oom>", fix={"batch": "8"})
    body = job_card.card(make_job("failed", failure=failure.model_dump()), None)
    assert "ran out of memory" in body["text"]
    assert "CUDA &lt;oom&gt;" in body["text"]
    values = button_values(body["blocks"])
    assert values["retry:with"] == "12 batch=8 now=yes"
    assert values["retry"] == "12"
    assert "Retry with batch=8" in str(body["blocks"])


@pytest.mark.parametrize("cause", failures.WORDS)
def test_every_cause_has_words_and_a_retry(cause: Cause) -> None:
    failure = Failure(cause=cause, evidence="its evidence")
    assert "its evidence" in failures.explain(failure)
    assert failures.buttons(make_job("failed"), failure)


def test_every_cause_that_a_run_can_tell_has_words() -> None:
    assert set(failures.WORDS) == set(Cause.__args__)  # type: ignore[attr-defined]


@settings(max_examples=60, deadline=None)
@given(
    st.sampled_from(["queued", "running", "failed", "cancelled"]),
    st.text(max_size=4_000),
    st.text(min_size=1, max_size=200),
)
def test_any_words_in_the_records_fit_a_message(state: str, words: str, model: str) -> None:
    failure = Failure(cause="unknown", evidence=words).model_dump()
    work = TRAIN_WORK | {"base_model": model, "dataset": "r" * 47}
    job = make_job(state, waits_for=words, failure=failure, work=work)
    assert_postable(**job_card.card(job, make_run(), ahead=10_000))


# --- what its message needs -----------------------------------------------------------------


def make_delivery(state: Any = "sent", **changes: Any) -> Delivery:
    values: dict[str, Any] = {
        "id": 1,
        "key": "job:12",
        "kind": "post",
        "channel": "C1",
        "body": {},
        "state": state,
        "due_at": NOON,
        "tries": 1,
        "shown": "old",
        "edited_at": NOON,
    }
    return Delivery(**values | changes)


@pytest.mark.parametrize(
    ("message", "final", "seconds", "step"),
    [
        (None, False, 0, "post"),
        (None, True, 0, "post"),
        (make_delivery("due"), False, 9, "wait"),
        (make_delivery("claimed"), True, 9, "wait"),
        (make_delivery("failed"), False, 9, "wait"),
        (make_delivery("failed"), True, 9, "end"),
        (make_delivery(), False, 2, "wait"),
        (make_delivery(), False, 3, "edit"),
        (make_delivery(), True, 0, "edit"),
        (make_delivery(shown="new"), False, 9, "wait"),
        (make_delivery(shown="new"), True, 0, "end"),
        (make_delivery(edited_at=None), False, 3, "edit"),
    ],
)
def test_a_message_is_edited_at_its_pace_and_at_once_at_the_end(
    message: Delivery | None, final: bool, seconds: int, step: str
) -> None:
    now = NOON + timedelta(seconds=seconds)
    assert live.decide(message, "new", final=final, now=now, pause=live.PAUSE) == step


# --- logs -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "secret",
    [
        "xoxb-12-abc",
        "xapp-1-A0",
        "hf_abcdefghijkl",
        "Authorization: Bearer abc.def",
        "https://me:pw@proxy.example",
        "?token=abcdef",
    ],
)
def test_tokens_are_struck_out_of_logs(secret: str) -> None:
    shown = logs.redact(f"line {secret} end")
    assert "[secret]" in shown
    assert not {"abc.def", "xoxb-12-abc", "hf_abcdefghijkl", "me:pw"} & set(shown.split())


def test_a_log_is_cut_to_its_newest_and_shown_as_text() -> None:
    block = logs.as_block("old\n" + "<!channel> ```\n" * 500 + "newest")
    assert len(block) <= 3_000
    assert block.endswith("newest```")
    assert block.count("```") == 2
    assert "<!channel>" not in block
