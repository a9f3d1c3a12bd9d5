"""*Wrong?* becomes a reviewed row: redacted, decided by its owner, trained on, and measured."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from colleagues import MONDAY, make_facts, make_member
from hypothesis import given
from hypothesis import strategies as st
from office import Desktop, open_desktop
from records import NOON, TRAIN_WORK
from results import NONE, assert_valid, make_dataset
from short_runs import keep_dataset, sample_rows
from working import has_ended, make_worker

from bot.asking import Asker
from bot.report.kinds import Scope
from bot.report.sentiment import say
from bot.sentiment import corrections as wrong
from bot.sentiment import next_version, pasted, review
from bot.sentiment.pasted import Told
from bot.settings import BotSettings
from bot.team.signals import obligations
from bot.train import dataset_card, summary
from bot.workspace.records import Message
from bot.workspace.server import Workspace
from storage import audit, corrections, datasets, deliveries, jobs, models
from storage.answering import Correction
from storage.corrections import CorrectionCount, Verdict, Waiting
from storage.records import Dataset, Model
from storage.talent import AnswerCount
from trainer.intake.corrections import read_rows
from trainer.spec import CorrectionsCard, OnCorrections, dataset_dir
from trainer.worker import Worker

ASKER = Asker(key="k", user="U1", channel="C1")
CANARY = "xyzzy.canary@example.org"
SIZES = {"train": 10, "validation": 4, "test": 6}
QUICK = {"method": "head", "epochs": 1, "lr": 1e-3, "batch": 16, "max_length": 32}
TEXT = f"这个版本 good? no, write to {CANARY}"


@pytest_asyncio.fixture
async def desk(workspace: Workspace, tmp_path: Path) -> AsyncIterator[Desktop]:
    async with open_desktop(workspace, tmp_path) as desktop:
        yield desktop


def let_serve(desk: Desktop, dataset: Dataset) -> Model:
    """Let a model serve that knows two words and was trained on a data set."""
    about = {"dataset": dataset.title, "dataset_hash": dataset.hash, "recipe": QUICK}
    work = TRAIN_WORK | about
    job = desk.end_job(desk.add_job(work=work), dataset_hash=dataset.hash)
    with desk.database() as db:
        models.promote(db, alias="sentiment", model=job.id, expected=None, by="U1", now=NOON)
        model = models.get(db, job.id)
    assert model is not None
    return model


def add(desk: Desktop, model: Model, text: str, label: str, *, who: str = "bo") -> Correction:
    with desk.database() as db:
        return corrections.add(
            db,
            key=f"{who} {text}",
            alias="sentiment",
            model=model.id,
            dataset="reviews",
            redacted=text,
            told="positive",
            label=label,
            by=desk.user(who),
            now=datetime.now(UTC),
            keep_until=datetime.now(UTC) + timedelta(days=365),
        )


async def correct(desk: Desktop, asked: str, label: str, **typed: str) -> Message:
    """Ask as bo, press *Wrong?*, choose a label, and give what is said to it."""
    answer = await desk.say("bo", asked, "/sentiment")
    await desk.workspace.click("bo", answer, "correct")
    view = await desk.workspace.wait_for_view("bo")
    since = desk.workspace.state.new_ts()
    await desk.workspace.submit_view("bo", view["id"], {"label": label} | typed)
    return await desk.workspace.wait_for(lambda m: m.ts > since)


def everything(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())


# --- Wrong? ---------------------------------------------------------------------------------


async def test_a_correction_is_shown_and_kept_without_what_is_private(desk: Desktop) -> None:
    let_serve(desk, desk.add_dataset())
    answer = await desk.say("bo", TEXT, "/sentiment")
    await desk.workspace.click("bo", answer, "correct")
    view = await desk.workspace.wait_for_view("bo")
    shown = next(b for b in view["blocks"] if b["block_id"] == "text")["element"]["initial_value"]
    assert CANARY not in shown
    assert "[e-mail]" in shown
    assert f"<@{desk.user('ana')}>" in str(view["blocks"])
    assert "365 days" in str(view["blocks"])
    since = desk.workspace.state.new_ts()
    await desk.workspace.submit_view("bo", view["id"], {"label": "negative"})
    said = await desk.workspace.wait_for(lambda m: m.ts > since)
    assert said.ephemeral_to == desk.user("bo")
    with desk.database() as db:
        (kept,) = corrections.open_of(db, "reviews")
    assert (kept.text, kept.told, kept.label) == (shown, "positive", "negative")
    assert b"[e-mail]" in everything(desk.office.settings.data_dir)
    assert CANARY.encode() not in everything(desk.office.settings.data_dir)


async def test_the_same_text_twice_is_one_and_can_be_taken_back(desk: Desktop) -> None:
    let_serve(desk, desk.add_dataset())
    await correct(desk, TEXT, "negative")
    said = await correct(desk, TEXT, "neutral")
    with desk.database() as db:
        assert [one.label for one in corrections.open_of(db, "reviews")] == ["neutral"]
    assert "deleted" in (await desk.press("bo", said, "correct_undo")).text
    with desk.database() as db:
        assert corrections.open_of(db, "reviews") == []


async def test_a_text_that_coach_no_longer_has_is_asked_for_again(
    desk: Desktop, monkeypatch: pytest.MonkeyPatch
) -> None:
    let_serve(desk, desk.add_dataset())
    monkeypatch.setattr(pasted, "get", lambda _: None)  # an hour later
    said = await correct(desk, "good", "negative", text=f"pasted again, from {CANARY}")
    assert "pasted again, from [e-mail]" in said.text


async def test_without_its_data_there_is_nothing_to_correct(desk: Desktop) -> None:
    dataset = desk.add_dataset()
    let_serve(desk, dataset)
    answer = await desk.say("bo", "good", "/sentiment")
    with desk.database() as db:
        datasets.forget(db, dataset.hash, by="U1", now=NOON)
    assert "was deleted" in (await desk.press("bo", answer, "correct")).text


@given(st.text(max_size=5_000), st.lists(st.text(min_size=1, max_size=100), unique=True))
def test_any_text_and_labels_make_a_form_that_slack_takes(text: str, labels: list[str]) -> None:
    told = Told("sentiment", 1, "positive", "k")
    target = wrong.Target(labels or ["negative"], make_dataset())
    for block in wrong.form(told, target, text[: wrong.LONGEST], days=1, asker=ASKER)["blocks"]:
        assert_valid(block)


# --- review ---------------------------------------------------------------------------------


async def test_only_the_owner_and_admins_review(desk: Desktop) -> None:
    model = let_serve(desk, desk.add_dataset("ana"))
    add(desk, model, "good grief", "negative")
    assert (
        "only they or an admin" in (await desk.say("bo", "corrections reviews", "/sentiment")).text
    )
    assert "No correction waits" in (await desk.say("bo", "corrections", "/sentiment")).text
    shown = await desk.say("ana", "corrections", "/sentiment")
    assert "1 correction waits" in shown.text
    assert "only they or an admin" in (await desk.press("bo", shown, "corrections_review")).text


async def test_a_batch_is_decided_and_the_next_page_comes_after_it(desk: Desktop) -> None:
    model = let_serve(desk, desk.add_dataset())
    kept = [add(desk, model, f"text number {n}", "negative") for n in range(12)]
    shown = await desk.say("ana", "corrections reviews", "/sentiment")
    await desk.workspace.click("ana", shown, "corrections_review")
    view = await desk.workspace.wait_for_view("ana")
    chosen = {str(kept[0].id): "rejected", "rest": "accepted"}
    since = desk.workspace.state.new_ts()
    await desk.workspace.submit_view("ana", view["id"], chosen)
    said = await desk.workspace.wait_for(lambda m: m.ts > since)
    assert "9 accepted, 1 rejected" in said.text
    assert "2 corrections wait" in said.text
    await desk.workspace.click("ana", said, "corrections_review")
    view = await desk.workspace.wait_for_view("ana")
    with desk.database() as db:
        corrections.decide(db, "reviews", {kept[11].id: "rejected"}, by="U9", now=NOON)
    since = desk.workspace.state.new_ts()
    await desk.workspace.submit_view("ana", view["id"], {"rest": "accepted"})
    said = await desk.workspace.wait_for(lambda m: m.ts > since)
    assert "1 accepted, 0 rejected. 1 had been decided already." in said.text
    with desk.database() as db:
        assert [c.after for c in audit.find(db, "corrections")][-1] == "9 accepted, 1 rejected"


@given(st.text(max_size=3_000), st.text(min_size=1, max_size=100))
def test_any_batch_makes_a_form_that_slack_takes(text: str, label: str) -> None:
    one = make_correction(text=text, label=label)
    for block in review.form(make_dataset(), [one], ASKER)["blocks"]:
        assert_valid(block)


def make_correction(**changes: Any) -> Correction:
    values: dict[str, Any] = {
        "id": 1,
        "alias": "sentiment",
        "model": 1,
        "dataset": "reviews",
        "text": "good grief",
        "told": "positive",
        "label": "negative",
        "by": "U1",
        "at": NOON,
        "state": "open",
        "keep_until": NOON,
    }
    return Correction(**values | changes)


@pytest.mark.parametrize(
    ("accepted", "rows", "enough"),
    [(19, 100_000, False), (20, 100_000, True), (4, 200, True), (3, 200, False)],
)
def test_twenty_or_two_percent_of_the_rows_are_enough(
    accepted: int, rows: int, enough: bool
) -> None:
    assert next_version.is_enough(accepted, rows) is enough


def test_the_owner_hears_of_what_waits_until_it_is_decided() -> None:
    facts = make_facts(corrections={"U1": [Waiting("reviews", 3, 0, 7), Waiting("old", 0, 5)]})
    (one,) = obligations(facts, make_member("U1"), MONDAY)
    assert one.key == "corrections:reviews:7"
    assert one.text == "3 corrections of `reviews` wait for your decision."
    assert obligations(facts, make_member("U2"), MONDAY) == []


def test_the_report_says_what_was_corrected_and_how_much_of_it_was_accepted() -> None:
    counts = [
        CorrectionCount("negative", "positive", "accepted", 3),
        CorrectionCount("negative", "positive", "open", 4),
        CorrectionCount("neutral", "positive", "rejected", 1),
    ]
    told = [AnswerCount("sentiment", 1, "positive", True, 90)]
    scope = Scope("C1", NOON - timedelta(days=7), NOON, "UTC", BotSettings(_env_file=None))
    assert (
        "8 answers were corrected: “negative” to “positive” 7, “neutral” to “positive” 1. "
        "Of 4 reviewed 75.0% were accepted." in say(told, scope, counts).text
    )


# --- the next version, and what it changed --------------------------------------------------


def test_the_card_and_the_summary_say_what_corrections_did() -> None:
    made = CorrectionsCard(
        added=8, relabelled=2, held_out=2, left_out=0, contradicted={}, earlier=5
    )
    dataset = make_dataset(corrections=made.model_dump())
    assert "8 new training rows, 2 new labels" in dataset_card.card(dataset)["text"]
    few = OnCorrections(
        model=4, accuracy=1, other_accuracy=0, difference=NONE.model_copy(update={"n": 2})
    )
    assert "2 that neither model was trained on are too few" in summary.say_on_corrections(few)
    many = few.model_copy(update={"difference": NONE})
    assert "it is right on 100.0%, model 4 on 0.0%" in summary.say_on_corrections(many)


async def test_corrections_are_reviewed_trained_on_and_measured(desk: Desktop) -> None:
    """The whole way, with a real reading of the data and a real run."""
    data_dir, worker = desk.office.settings.data_dir, make_worker(desk.office.settings.data_dir)
    model = let_serve(desk, keep_reviews(desk))
    waiting = await accept_corrections(desk, model)

    shown = await desk.say("ana", "corrections reviews", "/sentiment")
    await desk.press("ana", shown, "corrections_use")
    assert "being made already" in (await desk.press("ana", shown, "corrections_use")).text
    await work_off(desk, worker, "intake")
    with desk.database() as db:
        version = datasets.find(db, "reviews")
        assert version is not None
        assert len(corrections.used_in(db, version.hash)) == waiting
    assert (version.version, version.added_by) == (2, desk.user("ana"))
    assert not list((data_dir / "uploads").rglob("corrections.jsonl"))
    plan = next(m for m in desk.workspace.messages("general") if "Fine-tune" in m.text)
    assert plan.ephemeral_to == desk.user("ana")
    told = (await desk.press("ana", plan, "contradicted")).text
    assert "there negative, corrected to positive" in told

    await desk.press("ana", plan, "plan_queue")
    number = await work_off(desk, worker, "train")
    with desk.database() as db:
        result, said = models.get(db, number), deliveries.get(db, f"job:{number}:a1:final")
    assert result is not None
    assert said is not None
    assert result.summary["recipe"]["method"] == "head"
    measured = result.summary["on_corrections"]
    assert measured["model"] == model.id
    assert measured["difference"]["n"] == version.card["corrections"]["held_out"] > 0
    assert "neither model was trained on" in said.body["text"]
    assert CANARY.encode() not in everything(data_dir)


def keep_reviews(desk: Desktop) -> Dataset:
    """Keep a real data set, ana's, under the name that corrections are added to."""
    data_dir = desk.office.settings.data_dir
    folder = dataset_dir(data_dir, keep_dataset(data_dir, sample_rows(**SIZES)))
    card = json.loads((folder / "card.json").read_bytes()) | {"name": "reviews"}
    with desk.database() as db:
        return datasets.register(db, card=card, added_by=desk.user("ana"), now=NOON)


async def accept_corrections(desk: Desktop, model: Model) -> int:
    """Let some texts be corrected, among them a row of the test split, and accept all."""
    rows = read_rows(dataset_dir(desk.office.settings.data_dir, model.dataset_hash))
    known = {row.text for row in rows}
    more = sample_rows(**SIZES | {"train": 16})
    for text in [text for text, *_ in more if text not in known]:
        add(desk, model, text, "negative")
    tested = next(row for row in rows if row.split == "test" and row.label == "negative")
    add(desk, model, tested.text, "positive")
    await correct(desk, TEXT, "negative")
    with desk.database() as db:
        verdicts: dict[int, Verdict] = {
            one.id: "accepted" for one in corrections.open_of(db, "reviews")
        }
        return len(corrections.decide(db, "reviews", verdicts, by="U1", now=NOON))


async def work_off(desk: Desktop, worker: Worker, kind: str) -> int:
    """Let the worker do the one queued job of a kind, and the bot tell its end."""
    with desk.database() as db:
        (job,) = [job for job in jobs.queued(db) if job.kind == kind]
    async with asyncio.timeout(120):
        while not has_ended(desk.office.settings.data_dir, job.id):
            worker.work_once(datetime.now(UTC))
            await asyncio.sleep(0.05)
    await desk.tick()
    return job.id
