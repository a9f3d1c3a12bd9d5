"""A dropped file is classified: asked for once, followed in one message, told in its thread."""

from __future__ import annotations

import asyncio
import csv
import io
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from office import Desktop, open_desktop
from records import NOON
from results import assert_postable
from test_sentiment import SOURCE, let_serve
from working import make_worker

from bot.asking import Asker, RefusalError
from bot.bulk import ask, card, chart, summary
from bot.train import offer
from bot.workspace.records import Message
from bot.workspace.server import Workspace
from storage import answers, jobs
from storage.records import FINAL, Job, Run
from trainer.spec import BulkSummary, Example

CSV = (
    "text,day\nit is bad,2026-11-02\n好 good,2026-11-03\n,2026-11-03\n=bad(),2026-11-03\n".encode()
)
UNCLEAR = b"a,b\n" + b"".join(b"the %dth bad remark,another good %d\n" % (i, i) for i in range(9))


@pytest_asyncio.fixture
async def desk(workspace: Workspace, tmp_path: Path) -> AsyncIterator[Desktop]:
    async with open_desktop(workspace, tmp_path) as desktop:
        yield desktop


def bulks(desk: Desktop) -> list[Job]:
    with desk.database() as db:
        return jobs.recent(db, kind="bulk", limit=100)


async def work_off(desk: Desktop) -> None:
    """Let a real worker classify what is queued, while its messages are kept true."""
    worker = make_worker(desk.office.settings.data_dir)
    while any(job.state not in FINAL for job in bulks(desk)):
        worker.work_once(datetime.now(UTC))
        await desk.tick()
    await desk.tick()
    await desk.tick()


async def begun(desk: Desktop) -> Message:
    return await desk.workspace.wait_for(lambda m: m.text.startswith("Classifying the rows"))


def thread(desk: Desktop, ts: str, start: str = "") -> list[Message]:
    """List Coach's public messages in a thread."""
    coach = desk.workspace.state.bot_user
    found = desk.workspace.messages("general", ts)
    return [m for m in found if m.user == coach and not m.ephemeral_to and m.text.startswith(start)]


# --- by dispatch ----------------------------------------------------------------------------


async def test_a_dropped_file_is_classified_and_told_in_its_thread(desk: Desktop) -> None:
    let_serve(desk)
    dropped = await desk.workspace.upload("bo", "general", "Film reviews.csv", CSV)
    offered = await desk.workspace.wait_for(lambda m: "tell the sentiment of each row" in m.text)
    assert offered.ephemeral_to == desk.user("bo")
    await desk.workspace.click("bo", offered, "classify_file")
    await begun(desk)
    await desk.tick()
    (live,) = thread(desk, dropped.ts)
    assert "begins in a moment" in live.text
    await work_off(desk)
    live, told, drawn, sent = thread(desk, dropped.ts)
    assert "done, 3 rows" in live.text
    assert_postable(told.text, told.blocks)
    for said in (
        "Film reviews.csv is classified: 3 texts",
        "• negative: 2 (66.7%)",
        "not sure of 0.0% of them",
        "1 row has no text",
        "By sentiment v1",
        "confidences are calibrated",
    ):
        assert said in told.text
    assert "it is bad" not in told.text
    assert "Most *negative*\n> 88%  it is bad" in str(told.blocks).replace("\\n", "\n")
    assert drawn.files[0].name.endswith(".png")
    assert sent.files[0].name == f"Film reviews-classified-{bulks(desk)[0].id}.csv"
    rows = list(csv.reader(io.StringIO(sent.files[0].content.decode("utf-8-sig"))))
    assert rows[0] == ["text", "day", "label", "confidence", "sure"]
    assert [row[0] for row in rows[1:]] == ["it is bad", "好 good", "", "'=bad()"]
    assert [row[2] for row in rows[1:]] == ["negative", "positive", "", "negative"]
    with desk.database() as db:
        counted = answers.between(db, NOON, datetime.now(UTC))
    assert {(one.label, one.n) for one in counted} == {("negative", 2), ("positive", 1)}


async def test_a_mention_classifies_at_once_and_in_a_direct_message_for_its_asker_alone(
    desk: Desktop,
) -> None:
    let_serve(desk)
    talk = desk.workspace.dm("bo").id
    await desk.workspace.upload("bo", talk, "n.txt", b"good\nbad\n", comment="@coach sentiment")
    await begun(desk)
    (job,) = bulks(desk)
    assert job.channel == talk
    await work_off(desk)
    told = await desk.workspace.wait_for(lambda m: "n.txt is classified" in m.text)
    assert told.channel == talk
    assert not [m for m in desk.workspace.messages("general") if "n.txt" in m.text]
    assert not [m for m in desk.workspace.messages(talk) if "Shall Coach" in m.text]


async def test_a_file_is_classified_once_at_a_time_and_can_be_stopped(desk: Desktop) -> None:
    let_serve(desk)
    dropped = await desk.workspace.upload("bo", "general", "n.txt", b"good\n")
    offered = await desk.workspace.wait_for(lambda m: "each line of n.txt" in m.text)
    await asyncio.gather(*(desk.workspace.click("bo", offered, "classify_file") for _ in range(2)))
    await begun(desk)
    again = Asker(key="again", user=desk.user("bo"), channel=desk.channel)
    with pytest.raises(RefusalError, match="is being classified already"):
        await ask.press(desk.office, again, dropped.files[0].id)
    assert len(bulks(desk)) == 1
    await desk.tick()
    (live,) = thread(desk, dropped.ts)
    await desk.workspace.click("bo", live, "classify_stop")
    await desk.workspace.wait_for(lambda m: m.text.startswith("Stopping"))
    await work_off(desk)
    live, told = thread(desk, dropped.ts)
    assert "stopped, by" in live.text
    assert "was not classified to its end" in told.text


async def test_an_unclear_column_is_asked_for_in_the_thread(desk: Desktop) -> None:
    let_serve(desk)
    dropped = await desk.workspace.upload(
        "bo", "general", "u.csv", UNCLEAR, comment="@coach sentiment"
    )
    await begun(desk)
    await work_off(desk)
    (question,) = thread(desk, dropped.ts, f"<@{desk.user('bo')}> Which column of u.csv")
    assert_postable(question.text, question.blocks)
    await desk.workspace.click("bo", question, "classify_column")
    await desk.workspace.wait_for(lambda m: "Choose the column" in m.text)
    await desk.workspace.click("ana", question, "classify_column")
    await desk.workspace.wait_for(lambda m: "'s to answer" in m.text)
    await desk.workspace.click("bo", question, "classified_column", "1")
    await desk.workspace.click("bo", question, "classify_column")
    await desk.workspace.wait_for(lambda _: len(bulks(desk)) == 2)
    await work_off(desk)
    (told,) = thread(desk, dropped.ts, f"<@{desk.user('bo')}> u.csv is classified")
    assert "• positive: 9 (100.0%)" in told.text


async def test_what_cannot_be_classified_is_said_in_words(desk: Desktop) -> None:
    await desk.workspace.upload("bo", "general", "n.txt", b"good\n", comment="@coach sentiment")
    await desk.workspace.wait_for(lambda m: "No model serves yet" in m.text)
    let_serve(desk)
    await desk.workspace.upload("bo", "general", "cat.png", b"\x89PNG", comment="@coach sentiment")
    await desk.workspace.wait_for(lambda m: "no file in this message" in m.text)
    asked = "@coach sentiment model=topic"
    await desk.workspace.upload("bo", "general", "n.txt", b"good\n", comment=asked)
    await desk.workspace.wait_for(lambda m: "No model serves `topic`" in m.text)
    dropped = await desk.workspace.upload(
        "bo", "general", "e.csv", b"text,n\n,1\n", comment="@coach sentiment"
    )
    await begun(desk)
    await work_off(desk)
    live, told = thread(desk, dropped.ts)
    assert "failed. No row has a text in the column" in live.text
    assert "e.csv was not classified. No row has a text" in told.text


# --- pure -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "classifies"),
    [
        ("<@U1> sentiment", True),
        ("please <@U1|coach> Sentiment model=topic", True),
        ("<@U1> learn the sentiment of this", False),
        ("sentiment", False),
        ("<@U1> sentiments", False),
    ],
)
def test_a_mention_says_whether_to_learn_or_to_classify(text: str, classifies: bool) -> None:
    event = {"text": text, "files": [{"id": "F1"}]}
    assert offer.wants_classifying(event) is classifies
    assert offer.wants_learning(event) is not classifies
    assert not offer.wants_classifying({"text": text})


def test_a_mention_names_the_model() -> None:
    assert ask.read_alias("<@U1> sentiment model=topic") == "topic"
    assert ask.read_alias("<@U1|coach> sentiment") == "sentiment"


def make_found(**changes: Any) -> BulkSummary:
    usual: dict[str, Any] = {
        "rows": 10,
        "empty": 0,
        "text_column": "text",
        "labels": {"positive": 8, "negative": 2},
        "unsure": {"negative": 1},
        "confidence": 0.9,
        "languages": {"en": 0.8, "fr": 0.2},
        "result": "r.csv",
        "examples": "e.json",
        "seconds": 2.0,
    }
    return BulkSummary(**usual | changes)


def make_job(state: Any = "running", **changes: Any) -> Job:
    work = {"filename": "<!here>" * 40, "alias": "sentiment", "version": 2, "model": 14}
    return Job(1, "k", "bulk", state, work, 0, "U1", "C1", NOON, 1, **changes)


def test_the_message_tells_rows_pace_and_rest() -> None:
    at = {"done": 43_000, "rows": 100_000, "rows_per_second": 1_200.0, "eta_seconds": 48.0}
    run = Run(1, 1, "running", "bulk:0", NOON, NOON, 0, phase="classifying", progress=at)
    shown = card.card(make_job(), run)
    assert "43%  43,000 of 100,000 rows" in shown["text"]
    assert "1,200 rows/s" in shown["text"]
    assert "48 seconds left" in shown["text"]
    assert_postable(**shown)


def test_the_worst_file_makes_a_summary_that_slack_takes() -> None:
    labels = {f"<!channel> {'很' * 90} {n}": 1_000 for n in range(200)}
    examples = {label: [Example(text="&" * 300, confidence=1.0)] * 5 for label in labels}
    languages = {"fr": 0.5, "zh": 0.5}
    found = make_found(rows=200_000, labels=labels, unsure={}, languages=languages)
    told = summary.message(make_job("succeeded"), found, SOURCE, examples)
    assert_postable(**told)


def test_languages_that_the_model_never_saw_are_told_with_their_share() -> None:
    source = SOURCE.__class__("p", "n", "sentiment", 1, "reviews", frozenset({"en"}))
    assert summary.unseen(make_found(), source) == {"French": 0.2}
    assert summary.unseen(make_found(), None) == {}


def test_the_chart_goes_by_day_where_there_are_days_and_else_by_label() -> None:
    by_label = chart.draw(make_found())
    assert "positive 8; negative 2" in by_label.alt
    days = {"2026-11-02": {"negative": 1, "": 1}, "2026-11-04": {"positive": 8}}
    by_day = chart.draw(make_found(days=days))
    assert "Nov 4 positive 8" in by_day.alt
    assert by_day.png.startswith(b"\x89PNG")
