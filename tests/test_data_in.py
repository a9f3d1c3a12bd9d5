"""Files become data sets: only tables, only Slack's, each once, and only its owner is asked."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from aiohttp import web
from hypothesis import given
from hypothesis import strategies as st
from office import Desktop, open_desktop
from results import assert_postable, make_dataset

from bot.asking import RefusalError
from bot.train import dataset_card, names, offer, uploads
from bot.workspace.records import Message
from bot.workspace.server import Workspace
from storage import datasets, jobs
from storage.datasets import is_name
from storage.records import Job
from trainer import data
from trainer.spec import IntakeWork, RunSpec

CSV = b"text,label\n" + b"".join(b"text %d,%d\n" % (i, i % 2) for i in range(20))
UNCLEAR = b"a,b,c\n" + b"".join(
    b"the %dth long remark,another remark %d,%d\n" % (i, i, i % 2) for i in range(30)
)


@pytest_asyncio.fixture
async def desk(workspace: Workspace, tmp_path: Path) -> AsyncIterator[Desktop]:
    async with open_desktop(workspace, tmp_path) as desktop:
        yield desktop


def intakes(desk: Desktop) -> list[Job]:
    with desk.database() as db:
        return jobs.recent(db, kind="intake", limit=100)


async def read(desk: Desktop) -> Job:
    """Let the newest intake be read, as the worker does, and its answer be posted."""
    job, now = intakes(desk)[0], datetime.now(UTC)
    data_dir = desk.office.settings.data_dir
    work = IntakeWork.model_validate(job.work)
    spec = RunSpec(job=job.id, attempt=1, data_dir=data_dir, work=work, device="cpu")
    ended = await asyncio.to_thread(data.read, spec)
    with desk.database() as db:
        jobs.claim(db, job.id, slot="reader:0", now=now)
        result = ended.intake.model_dump(mode="json") if ended.intake else None
        if result and result["card"]:
            datasets.register(
                db, card=result["card"], added_by=job.requested_by, now=datetime.now(UTC)
            )
        failure = ended.failure.model_dump() if ended.failure else None
        jobs.finish(
            db, job.id, attempt=1, state=ended.state, now=now, result=result, failure=failure
        )
    await desk.tick()
    return job


def is_reading(name: str, message: Message) -> bool:
    return f"Reading `{name}`" in message.text


# --- pure -----------------------------------------------------------------------------------


@given(st.text(max_size=80))
def test_any_file_name_suggests_a_name_that_can_be_typed(filename: str) -> None:
    assert is_name(names.suggest(filename))


@pytest.mark.parametrize(
    ("filename", "name"),
    [
        ("Film Reviews (2).csv", "film-reviews-2"),
        ("評価.csv", "data-set"),
        (".csv", "data-set"),
        ("a" * 90 + ".jsonl", "a" * 40),
        ("v1.2.parquet", "v1-2"),
        ("list.csv", "data-set"),
    ],
)
def test_a_data_set_is_named_after_its_file(filename: str, name: str) -> None:
    assert names.suggest(filename) == name


@pytest.mark.parametrize(
    ("url", "ok"),
    [
        ("https://files.slack.com/files-pri/T1-F1/download/a.csv", True),
        ("http://127.0.0.1:4000/files-pri/T1-F1/a.csv", True),
        ("http://files.slack.com/a.csv", False),
        ("https://files.slack.com.evil.example/a.csv", False),
        ("https://evilslack.com/a.csv", False),
        ("http://127.0.0.1:4001/a.csv", False),
        ("http://169.254.169.254/latest/meta-data", False),
        ("file:///etc/passwd", False),
        ("", False),
    ],
)
def test_the_token_goes_to_slack_alone(url: str, ok: bool) -> None:
    assert uploads.is_slacks(url, "http://127.0.0.1:4000/api/") is ok


def test_a_large_or_foreign_file_is_refused_before_it_is_fetched() -> None:
    with pytest.raises(RefusalError, match="at most 50 MB"):
        uploads.check({"name": "a.csv", "size": 50_000_001}, max_mb=50)
    with pytest.raises(RefusalError, match="is no table"):
        uploads.check({"name": "a.png", "size": 1}, max_mb=50)


def test_the_newest_share_tells_the_thread_of_a_file() -> None:
    shares = {"public": {"C1": [{"ts": "1.0"}, {"ts": "3.0", "thread_ts": "2.0"}]}}
    assert offer.find_share({"shares": shares}, "C1") == ("3.0", "2.0")
    assert offer.find_share({}, "C1") == ("", "")


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        (
            {"shape": "tags", "counts": {"several_labels": 30, "no_label": 2}},
            ["3 labels", "30 rows carry several, 2 none", "texts that carried two sets of labels"],
        ),
        (
            {"shape": "pairs", "counts": {"answers": 9, "answers_asked_twice": 4, "unanswered": 3}},
            ["9 answers", "4 of 9 answer several questions; 3 questions have none", "two answers"],
        ),
        (
            {"shape": "clicks", "counts": {"users": 8, "items": 40, "without_history": 1}},
            ["8 people, 40 items", "1 of 8 chose nothing", "people kept apart"],
        ),
        (
            {"suspects": 12, "redacted": 7, "personal_data": {}},
            ["12 rows may have a wrong one: `/train data review reviews`", "redacted in 7 rows"],
        ),
    ],
)
def test_the_card_says_what_its_shape_holds(changes: dict[str, Any], words: list[str]) -> None:
    card = dataset_card.card(make_dataset(conflicts=5, **changes))
    assert_postable(**card)
    assert all(said in card["text"] for said in words)


def test_the_card_shows_balance_and_warnings_within_slacks_limits() -> None:
    labels = [f"<!here> {'评' * 60} {i}" for i in range(200)]
    many = make_dataset(labels, warnings=["<!channel> " * 50] * 9, personal_data={"e-mail": 3})
    card = dataset_card.card(many, note="known")
    assert_postable(**card)
    assert "and 185 more labels" in str(card)
    assert "e-mail in 3 rows" in card["text"]


# --- by dispatch ----------------------------------------------------------------------------


async def test_a_dropped_table_is_offered_to_its_uploader_alone_and_read_once(
    desk: Desktop,
) -> None:
    dropped = await desk.workspace.upload("bo", "general", "Film Reviews.csv", CSV)
    offer = await desk.workspace.wait_for(lambda m: "Shall Coach learn" in m.text)
    assert offer.ephemeral_to == desk.user("bo")
    assert not intakes(desk)
    await asyncio.gather(*(desk.workspace.click("bo", offer, "use_file") for _ in range(3)))
    await desk.workspace.wait_for(lambda m: m.text.startswith("Reading"))
    (job,) = intakes(desk)
    assert job.work["name"] == "film-reviews"
    assert (desk.office.settings.data_dir / job.work["upload"]).read_bytes() == CSV
    await read(desk)
    card = await desk.workspace.wait_for(lambda m: m.text.startswith("Data set film-reviews"))
    assert (card.thread_ts, card.ephemeral_to) == (dropped.ts, None)
    plan = await desk.press("ana", card, "train_on")
    assert "Fine-tune minilm on film-reviews?" in plan.text


async def test_pictures_and_coachs_own_files_are_left_alone(desk: Desktop) -> None:
    await desk.workspace.upload("bo", "general", "cat.png", b"\x89PNG")
    await desk.office.client.files_upload_v2(
        channel=desk.channel, filename="own.csv", content="a,b\n"
    )
    await desk.say("bo", "list")
    assert not [m for m in desk.workspace.messages("general") if "Shall Coach" in m.text]


async def test_a_mention_reads_the_file_at_once(desk: Desktop) -> None:
    await desk.workspace.upload("bo", "general", "chat.csv", CSV, comment="@coach learn this")
    await desk.workspace.wait_for(lambda m: m.text.startswith("Reading"))
    await read(desk)
    messages = desk.workspace.messages("general")
    assert not [m for m in messages if "Shall Coach" in m.text]
    assert len([m for m in messages if m.text.startswith("Reading")]) == 1


async def test_the_shortcut_reads_the_file_of_its_message(desk: Desktop) -> None:
    dropped = await desk.workspace.upload("bo", "general", "chat.csv", CSV)
    await desk.workspace.shortcut("ana", "use_as_data_set", dropped)
    await desk.workspace.wait_for(lambda m: m.text.startswith("Reading"))
    assert intakes(desk)[0].requested_by == desk.user("ana")
    empty = await desk.workspace.say("bo", "general", "no file here")
    await desk.workspace.shortcut("ana", "use_as_data_set", empty)
    await desk.workspace.wait_for(lambda m: "no table in this message" in m.text)


async def test_the_form_takes_a_file_and_a_name(desk: Desktop) -> None:
    await desk.workspace.slash("bo", "general", "/train", "data add")
    view = await desk.workspace.wait_for_view("bo")
    file = desk.workspace.keep("bo", "chat.csv", CSV)
    filled: dict[str, Any] = {"file": [file.id], "name": "no spaces please"}
    wrong = await desk.workspace.submit_view("bo", view["id"], filled)
    assert wrong.reply is not None
    assert "a-z" in wrong.reply["errors"]["name"]
    await desk.workspace.submit_view("bo", view["id"], filled | {"name": "Films"})
    await desk.workspace.wait_for(lambda m: m.text.startswith("Reading"))
    assert intakes(desk)[0].work["name"] == "films"


async def test_a_bad_file_is_refused_to_its_uploader_and_may_be_sent_again(desk: Desktop) -> None:
    await desk.workspace.upload("bo", "general", "bad.csv", b"text\nonly\n", comment="@coach")
    await desk.workspace.wait_for(lambda m: m.text.startswith("Reading"))
    await read(desk)
    refusal = await desk.workspace.wait_for(lambda m: "bad.csv was not read." in m.text)
    assert refusal.ephemeral_to == desk.user("bo")


async def test_unclear_columns_are_asked_and_the_answer_is_read(desk: Desktop) -> None:
    await desk.workspace.upload("bo", "general", "notes.csv", UNCLEAR, comment="@coach")
    await desk.workspace.wait_for(lambda m: m.text.startswith("Reading"))
    await read(desk)
    question = await desk.workspace.wait_for(lambda m: "Which columns" in m.text)
    assert question.ephemeral_to == desk.user("bo")
    assert_postable(question.text, question.blocks)
    assert "the 0th long remark" in str(question.blocks)
    await desk.workspace.click("bo", question, "text_column", "0")
    await desk.workspace.click("bo", question, "label_column", "0")
    await desk.workspace.click("bo", question, "use_columns")
    await desk.workspace.wait_for(lambda m: "can't be both" in m.text)
    await desk.workspace.click("bo", question, "label_column", "2")
    await desk.workspace.click("bo", question, "use_columns")
    await desk.workspace.wait_for(lambda _: len(intakes(desk)) == 2)
    await read(desk)
    card = await desk.workspace.wait_for(lambda m: m.text.startswith("Data set notes"))
    assert "from the column “a”, label from “c”" in card.text


async def test_its_owner_says_that_a_file_holds_questions_and_answers(desk: Desktop) -> None:
    lines = (
        b"the %dth question,answer %d,topic %d\n" % (i * 7_919, i % 9, i % 2) for i in range(60)
    )
    asked = b"question,answer,topic\n" + b"".join(lines)
    await desk.workspace.upload("bo", "general", "faq.csv", asked, comment="@coach")
    await desk.workspace.wait_for(lambda m: m.text.startswith("Reading"))
    await read(desk)
    question = await desk.workspace.wait_for(lambda m: "Which columns" in m.text)
    await desk.workspace.click("bo", question, "data_shape", "clicks")
    await desk.workspace.click("bo", question, "text_column", "0")
    await desk.workspace.click("bo", question, "label_column", "1")
    await desk.workspace.click("bo", question, "use_columns")
    await desk.workspace.wait_for(lambda m: "Choose three columns" in m.text)
    await desk.workspace.click("bo", question, "data_shape", "pairs")
    await desk.workspace.click("bo", question, "use_columns")
    await desk.workspace.wait_for(lambda _: len(intakes(desk)) == 2)
    await read(desk)
    card = await desk.workspace.wait_for(lambda m: m.text.startswith("Data set faq"))
    assert "60 rows, 9 answers" in card.text
    assert "question from the column “question”, answer from “answer”" in card.text


async def test_the_same_rows_under_another_name_are_recognised(desk: Desktop) -> None:
    for name in ("first.csv", "second.csv"):
        await desk.workspace.upload("bo", "general", name, CSV, comment="@coach")
        await desk.workspace.wait_for(partial(is_reading, name))
        await read(desk)
    await desk.workspace.wait_for(lambda m: "they are the data set first" in m.text)
    with desk.database() as db:
        assert [known.name for known in datasets.all_newest(db)] == ["first"]


async def test_the_sample_is_read_like_a_file_and_once(desk: Desktop) -> None:
    assert "Reading" in (await desk.say("bo", "data sample")).text
    assert "being read already" in (await desk.say("ana", "data sample")).text
    await read(desk)
    await desk.workspace.wait_for(lambda m: m.text.startswith("Data set sample"))
    assert "is the data set `sample` already" in (await desk.say("ana", "data sample")).text


async def test_the_sample_of_support_questions_is_a_data_set_of_answers(desk: Desktop) -> None:
    assert "Reading `support.csv`" in (await desk.say("bo", "data sample support")).text
    await read(desk)
    card = await desk.workspace.wait_for(lambda m: m.text.startswith("Data set support"))
    assert "63 rows, 25 answers" in card.text
    assert "10 questions have none" in card.text
    listed = await desk.say("bo", "data list")
    assert "*support*  63 rows, 25 answers, from" in listed.text


async def test_a_file_that_grows_or_hides_elsewhere_leaves_nothing(
    desk: Desktop, tmp_path: Path
) -> None:
    async def endless(request: web.Request) -> web.StreamResponse:
        answer = web.StreamResponse()
        await answer.prepare(request)
        for _ in range(60):
            await answer.write(b"x" * 1_000_000)
        return answer

    async def elsewhere(_: web.Request) -> web.Response:
        raise web.HTTPFound("http://127.0.0.1:9/")

    app = web.Application()
    app.router.add_get("/endless.csv", endless)
    app.router.add_get("/elsewhere.csv", elsewhere)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    host = f"http://127.0.0.1:{runner.addresses[0][1]}"
    partial = tmp_path / "x.part"
    with pytest.raises(RefusalError, match="more than 50 MB"):
        await uploads.download(f"{host}/endless.csv", partial, token="t", max_mb=50)  # noqa: S106
    with pytest.raises(RefusalError, match="HTTP 302"):
        await uploads.download(f"{host}/elsewhere.csv", partial, token="t", max_mb=50)  # noqa: S106
    file = {"id": "F1", "name": "a.csv", "url_private_download": f"{host}/endless.csv"}
    with pytest.raises(RefusalError, match="isn't kept by Slack"):
        await uploads.fetch(desk.office, file)
    await runner.cleanup()
    assert not list((desk.office.settings.data_dir / "uploads").glob("**/*.part"))
