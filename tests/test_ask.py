"""Questions are answered out of the docs, or passed on, noted and listed; never kept as typed."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import pytest_asyncio
from keyword_models import write_keyword_model
from office import Desktop, open_desktop
from records import NOON, TRAIN_WORK
from results import assert_postable, assert_valid, button_values, make_dataset

from bot.ask import card, reply, routing, thumbs
from bot.ask.recent import Asked
from bot.ask.search import Docs, Results
from bot.asking import Asker
from bot.privacy import retention
from bot.report import question_groups as grouping
from bot.report import questions as report
from bot.report.kinds import Scope
from bot.sentiment import pasted, review
from bot.settings import BotSettings
from bot.workspace.records import Message
from bot.workspace.server import Workspace
from storage import answers, audit, corrections, models, questions, roles
from storage.answering import Question
from storage.records import Model
from storage.talent import AnswerCount
from trainer.intake.corrections import Correction, correct
from trainer.intake.rows import Row
from trainer.search import Entry, Found, Index
from trainer.spec import Interval, RetrievalScores

CANARY = "xyzzy.canary@example.org"
ASKER = Asker(key="k", user="U1", channel="C1")
WORDS = {"money": "refund", "parcel": "delivery", "login": "password"}
DOCS = (  # answer, its kind, half of its score
    ("Orders leave in two days.", "delivery", 0.45),
    ("Ask for it <b>within</b> 30 days.", "refund", 0.45),
    ("Reset it on the login page.", "password", 0.45),
    ("Parcels are tracked.", "delivery", 0.31),
)
HALF = Interval(value=0.5, low=0.4, high=0.6)
SCORES = RetrievalScores(
    n=40,
    answers=4,
    recall_at_1=HALF,
    recall_at_5=HALF,
    mrr=HALF,
    out_of_scope=9,
    answered_out_of_scope=HALF,
    answered=HALF,
)


@pytest_asyncio.fixture
async def desk(workspace: Workspace, tmp_path: Path) -> AsyncIterator[Desktop]:
    async with open_desktop(workspace, tmp_path) as desktop:
        yield desktop


def write_retriever(folder: Path) -> None:
    kinds = sorted(set(WORDS.values()))
    write_keyword_model(folder, WORDS, dimensions=len(kinds), threshold=0.6)
    entries = [Entry(answer=answer, source=row) for row, (answer, _, _) in enumerate(DOCS, 2)]
    rows = [half * np.eye(len(kinds))[kinds.index(kind)] for _, kind, half in DOCS]
    Index(entries, np.array(rows, np.float32)).save(folder)


def train(desk: Desktop) -> Model:
    """Register a model that finds answers, as a run leaves it; its data set is ana's."""
    dataset = desk.add_dataset(name="support", shape="pairs")
    about = {"task": "retrieval", "dataset": "support", "dataset_hash": dataset.hash}
    job = desk.add_job(work=TRAIN_WORK | about)
    write_retriever(desk.office.settings.data_dir / f"runs/{job.id}/attempt-1/model")
    found = {"task": "retrieval", "scores": SCORES, "baselines": [], "export": None}
    ended = desk.end_job(job, dataset_hash=dataset.hash, **found)
    with desk.database() as db:
        model = models.get(db, ended.id)
    assert model is not None
    return model


def let_answer(desk: Desktop) -> Model:
    model = train(desk)
    with desk.database() as db:
        models.promote(db, alias="answers", model=model.id, expected=None, by="U1", now=NOON)
    return model


async def ask(desk: Desktop, question: str, who: str = "bo") -> Message:
    return await desk.say(who, question, "/ask")


async def submit(desk: Desktop, who: str, values: Mapping[str, Any]) -> Message:
    view = await desk.workspace.wait_for_view(who)
    for block in view["blocks"]:
        assert_valid(block)
    since = desk.workspace.state.new_ts()
    await desk.workspace.submit_view(who, view["id"], values)
    return await desk.workspace.wait_for(lambda m: m.ts > since)


async def promoted(desk: Desktop, model: Model) -> None:
    """Wait until a model serves."""
    for _ in range(400):
        await desk.outbox.drain()
        if any(f"is now model {model.id}" in m.text for m in desk.workspace.messages("general")):
            return
        await asyncio.sleep(0.02)
    pytest.fail("it was not promoted")


async def direct(desk: Desktop, who: str, words: str) -> Message:
    """Send what is due and give a direct message of Coach."""
    await desk.outbox.drain()
    place = desk.workspace.dm(who).id
    return await desk.workspace.wait_for(lambda m: m.channel == place and words in m.text)


def everything(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())


# --- words, pure ----------------------------------------------------------------------------


def make_results(*scores: float, threshold: float = 0.6, **changes: Any) -> Results:
    newest = replace(make_dataset(name="support", shape="pairs"), name="support")
    docs = Docs("answers", 2, 14, "model", "support@2", newest)
    found = [Found(f"Answer <{n}> & co\nline two " * 99, n, s) for n, s in enumerate(scores)]
    return Results(docs, found, threshold, **changes)


def make_question(number: int = 1, **changes: Any) -> Question:
    values: dict[str, Any] = {
        "id": number,
        "key": str(number),
        "alias": "answers",
        "model": 14,
        "dataset": "support",
        "question": "Do you deliver to the Moon & <Mars>?",
        "by": f"U{number}",
        "at": NOON + timedelta(minutes=number),
        "outcome": "unanswered",
        "keep_until": NOON + timedelta(days=365),
    }
    return Question(**values | changes)


@pytest.mark.parametrize(
    ("best", "words"),
    [(0.9, "Near: 0.90, where 0.60"), (0.61, "Only just near enough: 0.61, where 0.60")],
)
def test_an_answer_says_how_near_it_is_where_it_stands_and_what_else_is_near(
    best: float, words: str
) -> None:
    said = card.say_answered(make_results(best, 0.5, 0.4, read_whole=False), key="k")
    assert_postable(said.text, said.blocks)
    assert words in str(said.blocks)
    assert "Row 2 of `support@2`, 0.40" in str(said.blocks)
    assert "An answer added in chat" in said.text  # row 0
    assert "Only the beginning" in str(said.blocks)
    assert "<2>" not in str(said.blocks)


@pytest.mark.parametrize(
    ("threshold", "words"), [(0.6, "0.50 where 0.60 is needed"), (1.01, "never answers by itself")]
)
def test_without_an_answer_the_nearest_is_a_hint_and_the_owner_can_be_asked(
    threshold: float, words: str
) -> None:
    results = make_results(0.3, 0.5, threshold=threshold)
    results = replace(results, found=results.found[1:])
    said = card.say_unanswered(results, make_question(), asker="U2", owner="Ana")
    assert_postable(said.text, said.blocks)
    assert words in said.text
    assert said.blocks is not None
    assert list(button_values(said.blocks)) == ["ask_route", "ask_undo"]
    own = card.say_unanswered(results, make_question(), asker="U1", owner="Ana")
    assert list(button_values(own.blocks or [])) == ["ask_answer", "ask_undo"]
    gone = replace(results, docs=replace(results.docs, newest=None, title=""))
    assert "weekly" not in card.say_unanswered(gone, None, asker="U2", owner="").text


def test_nearly_the_same_questions_are_one_group_the_most_frequent_first() -> None:
    asked = [
        make_question(1, question="Do you deliver to the Moon base these days?"),
        make_question(2, question="Is there a student discount?"),
        make_question(3, question="do you deliver to the moon base these days"),
        make_question(4, question="Do you deliver to the Moon base these days?"),
        make_question(5, question="Is there a student discount?", dataset="other"),
    ]
    found = grouping.group(asked)
    assert [[q.id for q in one.questions] for one in found] == [[1, 3, 4], [2], [5]]
    assert found[0].example.id == 1
    assert "*3 times* (people: 3)" in grouping.say(found[0])
    assert grouping.find_group(asked, 9) is None
    assert grouping.group([]) == []


def test_the_weekly_report_says_what_was_asked_often_and_asked_again() -> None:
    scope = Scope("C1", NOON, NOON + timedelta(days=7), "UTC", BotSettings(_env_file=None))
    groups = grouping.group([make_question(1), make_question(2), make_question(3, question="X")])
    (often,) = report.choose(groups, scope)
    assert report.choose(groups, replace(scope, since=NOON + timedelta(days=1))) == []
    counts = [
        AnswerCount("answers", 14, "answered", True, 3),
        AnswerCount("answers", 14, "unanswered", False, 1),
    ]
    said = report.say(counts, [often], scope)
    buttons = {"accessory": None}  # which slackblocks can't read
    assert_postable(said.text, [block | buttons for block in said.blocks])
    assert grouping.draw([often])[0]["accessory"]["action_id"] == "ask_answer:1"
    assert "4 questions were asked; 75.0% found an answer." in said.text
    assert said.table is not None
    assert "support,Do you deliver to the Moon & <Mars>?,2,2," in said.table


def test_forms_and_messages_hold_to_slacks_limits() -> None:
    results = make_results(0.9, 0.5, 0.4)
    asked = Asked("q", "answers", 14, "support@2", list(results.found))
    dataset = results.docs.newest
    assert dataset is not None
    long = make_question(question="& " * 1_500)
    views = [
        thumbs.form(asked, dataset, "& " * 1_500, days=1, key="k", asker=ASKER),
        reply.form(dataset, grouping.Group([long, make_question(2)]), 1, ASKER),
    ]
    for view in views:
        for block in view["blocks"]:
            assert_valid(block)
    for body in (routing.tell_owner(long), reply.tell_asker(long, "& " * 1_250, by="U1")):
        assert_postable(body["text"], body["blocks"])


def test_a_review_shows_question_and_both_answers(desk: Desktop) -> None:
    model = let_answer(desk)
    with desk.database() as db:
        kept = corrections.add(
            db,
            key="k",
            alias="answers",
            model=model.id,
            dataset="support",
            redacted="Where is my <parcel>?",
            told="Orders leave in two days.",
            label="",
            by="U2",
            now=NOON,
            keep_until=NOON,
        )
        assert corrections.between(db, NOON, NOON + timedelta(days=1)) == []  # of labels
    view = review.form(make_dataset(shape="pairs"), [kept], ASKER)
    for block in view["blocks"]:
        assert_valid(block)
    said = view["blocks"][0]["text"]["text"]
    assert "Where is my &lt;parcel&gt;?" in said
    assert "Orders leave in two days." in said
    assert "(nothing in the docs answers it)" in said


def test_a_new_answer_becomes_a_training_row_and_is_never_held_out() -> None:
    rows = [Row(f"question number {n}?", f"answer {n % 3}", "train") for n in range(9)]
    texts = ("delivery to islands", "gift wrapping", "student rebate", "vegan leather", "my repair")
    new = [Correction(n, text, f"new {n}") for n, text in enumerate(texts)]
    found = correct(rows, [], new, shape="pairs")
    assert (found.added, found.newly_held_out, found.left_out) == (5, 0, 0)
    known = [one._replace(label="answer 1") for one in new]
    assert correct(rows, [], known, shape="pairs").newly_held_out == 1


# --- in chat --------------------------------------------------------------------------------


async def test_an_answer_is_quoted_to_its_asker_alone_and_counted(desk: Desktop) -> None:
    model = train(desk)
    said = await ask(desk, "Where is my parcel?")
    assert "`/train support`" in said.text
    await desk.workspace.slash("ana", "general", "/train", f"promote {model.id}")
    await promoted(desk, model)
    said = await ask(desk, f"Where is my parcel, {CANARY}?")
    assert said.ephemeral_to == desk.user("bo")
    assert said.text.startswith("Row 2 of `support` says:\n> Orders leave in two days.")
    assert "Parcels are tracked. (Row 5 of `support`, 0.62)" in said.text
    with desk.database() as db:
        counted = answers.between(db, NOON, datetime.now(UTC), searched=True)
        assert [(one.label, one.sure, one.n) for one in counted] == [("answered", True, 1)]
        assert answers.between(db, NOON, datetime.now(UTC)) == []
        assert questions.open_of(db) == []
    assert CANARY.encode() not in everything(desk.office.settings.data_dir)
    shared = await desk.press("bo", said, "ask_share")
    assert shared.ephemeral_to is None
    assert CANARY in shared.text  # as its asker wished


async def test_what_can_not_be_asked_is_said(desk: Desktop) -> None:
    let_answer(desk)
    desk.add_dataset(hash="e" * 64)
    other = desk.add_model(dataset_hash="e" * 64)
    with desk.database() as db:
        models.promote(db, alias="sentiment", model=other.id, expected=None, by="U1", now=NOON)
    assert "can't find answers" in (await ask(desk, "parcel? model=sentiment")).text
    assert "No model serves `x`" in (await ask(desk, "parcel? model=x")).text
    await desk.workspace.slash("bo", "general", "/ask", "")
    assert "no question in it" in (await submit(desk, "bo", {"question": "？？"})).text
    await desk.workspace.slash("bo", "general", "/ask", "")
    assert "Orders leave" in (await submit(desk, "bo", {"question": "我的 parcel 在哪里"})).text
    await desk.workspace.say("bo", "general", "@coach ask")
    await desk.workspace.wait_for(lambda m: "Write the question behind it" in m.text)


async def test_thumbs_are_kept_redacted_and_the_right_answer_is_reviewed(desk: Desktop) -> None:
    let_answer(desk)
    said = await ask(desk, f"parcel for {CANARY}")
    assert "365 days" in (await desk.press("bo", said, "ask_helped")).text
    await desk.workspace.click("bo", said, "ask_wrong")
    kept = await submit(desk, "bo", {"right": "2"})
    assert "Parcels are tracked." in kept.text
    with desk.database() as db:
        (one,) = corrections.open_of(db, "support")
        (judged,) = db.query("SELECT * FROM questions")
    assert (one.told, one.label) == ("Orders leave in two days.", "Parcels are tracked.")
    assert (judged["outcome"], judged["answer_row"]) == ("wrong", 2)
    assert judged["question"] == one.text == "parcel for [e-mail]"
    await desk.workspace.click("bo", said, "ask_wrong")
    view = await desk.workspace.wait_for_view("bo")
    refused = await desk.workspace.submit_view("bo", view["id"], {})
    assert "right" in (refused.reply or {})["errors"]
    await submit(desk, "bo", {"right": thumbs.NOTHING})
    with desk.database() as db:
        assert [one.label for one in corrections.open_of(db, "support")] == [""]
    assert CANARY.encode() not in everything(desk.office.settings.data_dir)
    assert "deleted" in (await desk.press("bo", kept, "correct_undo")).text


async def test_an_hour_later_the_question_is_asked_again(
    desk: Desktop, monkeypatch: pytest.MonkeyPatch
) -> None:
    let_answer(desk)
    said = await ask(desk, "parcel")
    monkeypatch.setattr(pasted, "get", lambda _: None)
    assert "ask it again" in (await desk.press("bo", said, "ask_helped")).text


async def test_a_question_goes_to_the_owner_only_when_its_asker_presses(desk: Desktop) -> None:
    let_answer(desk)
    said = await ask(desk, f"Do you ship pianos to {CANARY}?")
    assert "*Not in the docs*" in said.text
    assert "“Do you ship pianos to [e-mail]?”" in said.text
    await desk.outbox.drain()
    assert not [m for m in desk.workspace.messages(desk.user("ana")) if m.text]
    gone = await desk.press("bo", said, "ask_route")
    assert "answer comes to you" in gone.text
    asked = await direct(desk, "ana", "pianos")
    assert f"<@{desk.user('bo')}>" in asked.text
    assert CANARY not in asked.text
    await desk.workspace.click("ana", asked, "ask_answer")
    done = await submit(desk, "ana", {"answer": "Yes, for 20 more.", "row": ["row"]})
    assert "1 person gets your answer." in done.text
    assert "1 accepted correction is in no version yet." in done.text
    answer = await direct(desk, "bo", "Yes, for 20 more.")
    assert f"<@{desk.user('ana')}> answers your question" in answer.text
    with desk.database() as db:
        (pair,) = corrections.accepted_of(db, "support")
        assert (pair.text, pair.label) == ("Do you ship pianos to [e-mail]?", "Yes, for 20 more.")
        assert questions.open_of(db) == []
        assert {c.action for c in audit.find(db, "ask")} == {"ask route", "ask answer"}
    assert CANARY.encode() not in everything(desk.office.settings.data_dir)


async def test_what_is_noted_can_be_taken_back_and_goes_in_time(desk: Desktop) -> None:
    let_answer(desk)
    said = await ask(desk, "Do you ship pianos?")
    assert "deleted" in (await desk.press("bo", said, "ask_undo")).text
    await ask(desk, "Do you ship harps?")
    assert "kept question" in (await desk.say("bo", "privacy forget", "/coach")).text
    with desk.database() as db:
        (one,) = questions.open_of(db)
        db.execute("UPDATE questions SET keep_until = '2026-01-01T00:00:00+00:00'")
    await retention.keep_to_times(desk.office)
    with desk.database() as db:
        assert one.question == "Do you ship harps?"
        assert questions.open_of(db) == []


async def test_the_owner_answers_from_the_list_and_others_do_not_see_it(desk: Desktop) -> None:
    let_answer(desk)
    for who in ("bo", "ana", "bo"):
        await ask(desk, "Do you ship grand pianos?", who)
    assert "Only" in (await ask(desk, "unanswered")).text
    listed = await ask(desk, "unanswered", "ana")
    assert "*3 times* (people: 2)" in listed.text
    with desk.database() as db:
        (first, *_) = questions.open_of(db)
    await desk.workspace.click("ana", listed, f"ask_answer:{first.id}")
    done = await submit(desk, "ana", {"answer": "We do.", "row": []})
    assert done.text == "3 questions are answered."
    assert "No question waits" in (await ask(desk, "unanswered", "ana")).text
    with desk.database() as db:
        assert corrections.accepted_of(db, "support") == []


async def test_a_guest_may_ask_and_take_back_alone(desk: Desktop) -> None:
    let_answer(desk)
    await ask(desk, "parcel")
    with desk.database() as db:
        roles.give(db, desk.user("bo"), "guest", by="U1", now=NOON)
    said = await ask(desk, "Do you ship pianos?")
    assert "guest" in (await desk.press("bo", said, "ask_route")).text
    assert "deleted" in (await desk.press("bo", said, "ask_undo")).text
    assert "guest" in (await ask(desk, "unanswered")).text
