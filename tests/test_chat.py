"""A model that writes answers mentions in the threads of channels that chose it."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from office import Desktop, open_desktop
from records import NOON, TRAIN_WORK, start
from results import assert_postable
from tiny_writers import write_folder, write_tiny
from written import make_written

from bot.chat import bounds, conversation, mention, writing
from bot.workspace.records import Message
from bot.workspace.server import Workspace
from storage import audit, chats, jobs, models
from storage.answering import Mention
from storage.records import Model
from trainer.spec import Turn


@pytest_asyncio.fixture
async def desk(workspace: Workspace, tmp_path: Path) -> AsyncIterator[Desktop]:
    async with open_desktop(workspace, tmp_path) as desktop:
        yield desktop


def let_write(desk: Desktop, *, task: str = "generation", alias: str = "chat") -> Model:
    """Register a model that writes, and let it serve."""
    work = TRAIN_WORK | {"task": task}
    job = desk.add_job(work=work)
    found = make_written().model_dump(mode="json")
    with desk.database() as db:
        running = start(db, job, now=NOON)
        path = f"runs/{running.id}/attempt-1/model"
        model = models.register(db, job=running, path=path, summary=found, now=NOON)
        jobs.finish(db, running.id, attempt=1, state="succeeded", now=NOON, result=found)
        expected = models.serving(db, alias)
        models.promote(
            db,
            alias=alias,
            model=model.id,
            expected=expected[1].id if expected else None,
            by="U1",
            now=NOON,
        )
    return model


async def ask(desk: Desktop, text: str, thread_ts: str | None = None) -> Message:
    said = await desk.workspace.say("bo", "general", f"@coach {text}", thread_ts=thread_ts)
    await desk.workspace.wait_for(lambda m: m.ts == said.ts)
    return said


async def answer_to(desk: Desktop, said: Message) -> Message:
    return await desk.workspace.wait_for(lambda m: m.ts > said.ts)


async def heard(desk: Desktop, said: Message) -> None:
    """Wait until a mention is noted."""
    for _ in range(400):
        with desk.database() as db:
            if any(one.ts == said.ts for one in chats.known(db, since=NOON)):
                return
        await asyncio.sleep(0.02)
    pytest.fail("the mention was not taken")


async def written(desk: Desktop) -> list[Message]:
    """Write what waits and deliver it; gives what Coach has said in public in threads."""
    await writing.write_waiting(desk.office)
    await desk.outbox.drain()
    coach = desk.workspace.state.bot_user
    return [
        m
        for m in desk.workspace.messages("general")
        if m.user == coach and m.thread_ts and not m.ephemeral_to
    ]


# --- choosing -------------------------------------------------------------------------------


async def test_a_channel_chooses_a_model_that_writes_and_ends_it(desk: Desktop) -> None:
    model = let_write(desk)
    said = await desk.say("bo", "chat on", "/coach")
    assert said.ephemeral_to is None
    assert f"model {model.id}" in said.text
    assert "already" in (await desk.say("bo", "chat on", "/coach")).text
    assert "no model answers here" in (await desk.say("bo", "chat off", "/coach")).text
    assert (await desk.say("bo", "chat off", "/coach")).text == "No model answers here."
    with desk.database() as db:
        changes = [(c.before, c.after) for c in audit.find(db, "chat")]
    assert sorted(changes, key=str) == [("chat", None), (None, "chat")]


async def test_only_a_model_that_writes_can_be_chosen(desk: Desktop) -> None:
    assert "No model serves `chat`" in (await desk.say("bo", "chat on", "/coach")).text
    desk.add_dataset()
    model = desk.add_model()
    with desk.database() as db:
        models.promote(db, alias="sentiment", model=model.id, expected=None, by="U1", now=NOON)
    assert "can't write" in (await desk.say("bo", "chat on model=sentiment", "/coach")).text


# --- mentions -------------------------------------------------------------------------------


async def test_without_a_choice_a_mention_that_is_no_command_is_refused_as_ever(
    desk: Desktop,
) -> None:
    said = await ask(desk, "what is a lamp?")
    told = await desk.workspace.wait_for(lambda m: m.ts > said.ts)
    assert "Coach has no command" in told.text


async def test_commands_go_before_the_model(desk: Desktop) -> None:
    let_write(desk)
    await desk.say("bo", "chat on", "/coach")
    for text in ("train list", "sentiment", "coach who"):
        said = await ask(desk, text)
        await answer_to(desk, said)
    with desk.database() as db:
        assert chats.known(db, since=NOON) == []


async def test_a_model_answers_in_the_thread_once_marked_as_its_words(
    desk: Desktop, tmp_path: Path
) -> None:
    """One that hangs is killed, that is said, and the next mention is answered by another."""
    model = let_write(desk)
    tiny = write_tiny(tmp_path / "tiny")
    write_folder(desk.office.settings.data_dir / model.path, tiny)
    await desk.say("bo", "chat on", "/coach")
    said = await ask(desk, "What colour is the lamp?")
    await heard(desk, said)
    (answer,) = await written(desk)
    assert answer.thread_ts == said.ts
    assert f"model {model.id}, writes; check it" in answer.text.splitlines()[0]
    assert "Written by a model" in str(answer.blocks)
    assert_postable(answer.text, answer.blocks)
    assert await written(desk) == [answer]

    writer = desk.office.serving.writer
    hung = writer._process
    assert hung is not None
    os.kill(hung.pid, signal.SIGSTOP)
    writer.write_s = writer.grace_s = 0.1
    said = await ask(desk, "And the door?", said.ts)
    await heard(desk, said)
    assert "could not answer this time" in (await written(desk))[-1].text
    assert hung.wait() == -signal.SIGKILL

    writer.write_s = 60
    said = await ask(desk, "Again: the door?", said.thread_ts)
    await heard(desk, said)
    assert "writes; check it" in (await written(desk))[-1].text


async def test_what_waits_is_answered_after_a_restart_and_in_words_where_the_model_is_gone(
    desk: Desktop,
) -> None:
    let_write(desk)
    await desk.say("bo", "chat on", "/coach")
    said = await ask(desk, "hello there")
    await heard(desk, said)  # and the bot dies here: nothing but the record tells of it
    (told,) = await written(desk)
    assert (told.thread_ts, "could not answer" in told.text) == (said.ts, True)
    with desk.database() as db:
        assert chats.next_waiting(db) is None


async def test_nobody_is_answered_who_took_the_mention_back_or_where_it_was_ended(
    desk: Desktop,
) -> None:
    let_write(desk)
    await desk.say("bo", "chat on", "/coach")
    gone = await ask(desk, "hello there")
    await heard(desk, gone)
    await desk.workspace.delete(gone)
    assert await written(desk) == []
    late = await ask(desk, "hello once more")
    await heard(desk, late)
    await desk.say("bo", "chat off", "/coach")
    assert await written(desk) == []


async def test_a_second_mention_in_a_thread_waits_its_turn_in_words(desk: Desktop) -> None:
    let_write(desk)
    await desk.say("bo", "chat on", "/coach")
    first = await ask(desk, "hello there")
    await heard(desk, first)
    again = await ask(desk, "are you there?", first.ts)
    told = await desk.workspace.wait_for(lambda m: m.ts > again.ts)
    assert told.ephemeral_to == desk.user("bo")
    assert "still writing in this thread" in told.text


async def test_samples_are_shown_to_the_jobs_owner_alone(desk: Desktop) -> None:
    """They are rows of the data, and who asks may be of another channel."""
    model = let_write(desk)
    assert "Bo &amp; co" in str((await desk.say("ana", f"show {model.id}")).blocks)
    assert "Bo &amp; co" not in str((await desk.say("bo", f"show {model.id}")).blocks)


# --- pure -----------------------------------------------------------------------------------

ASKED = Mention(key="chat:C1:9", channel="C1", thread_ts="9", ts="9", user="U1", at=NOON)


def before_it(i: int) -> dict[str, Any]:
    at = NOON - timedelta(minutes=i)
    return {"key": f"k{i}", "thread_ts": f"{i}", "at": at, "answered_at": NOON}


def earlier(n: int, **changes: Any) -> list[Mention]:
    """Give mentions of the minutes before, each in a thread of its own and answered."""
    return [
        replace(
            ASKED,
            **before_it(i) | changes,
        )
        for i in range(1, n + 1)
    ]


@pytest.mark.parametrize(
    ("known", "why"),
    [
        (earlier(5), None),
        (earlier(6), "answered you 6 times"),
        (earlier(6, at=NOON - timedelta(hours=1)), None),
        (earlier(19, user="U2"), None),
        (earlier(20, user="U2"), "answered 20 times here"),
        (earlier(20, user="U2", channel="C2"), None),
        (earlier(1, user="U2", thread_ts="9", answered_at=None), "still writing"),
        (earlier(5, user="U2", channel="C2", answered_at=None), "5 answers have to"),
    ],
)
def test_how_often_a_model_answers_is_bounded(known: list[Mention], why: str | None) -> None:
    said = bounds.objection(ASKED, known)
    assert said is None if why is None else why in str(said)


def message(text: str, user: str = "U1", **about: Any) -> dict[str, Any]:
    return {"ts": "1", "user": user, "text": text, **about}


def model_says(text: str) -> dict[str, Any]:
    payload = {"event_type": "coach_delivery", "event_payload": {"key": f"{mention.KEY}C1:1"}}
    return message(f"a model writes:\n{text}", "UBOT", bot_id="B1", metadata=payload)


def test_a_thread_becomes_turns_of_people_and_the_model() -> None:
    said = [
        model_says("a rest of before"),
        message("<@UBOT> is it &lt;red&gt;?"),
        message("I think so", "U2"),
        message("*Jobs* …", "UBOT", bot_id="B1"),
        model_says("Yes &amp; no.\nBoth."),
        message("joined", "U3", subtype="channel_join"),
        message("<@UBOT> why?"),
    ]
    assert conversation.make_turns(said, coach="UBOT") == [
        Turn(role="user", text="is it <red>?\nI think so"),
        Turn(role="assistant", text="Yes & no.\nBoth."),
        Turn(role="user", text="why?"),
    ]


def test_of_a_long_thread_the_last_turns_are_read() -> None:
    said = [message(f"text {i}") for i in range(40)]
    (turn,) = conversation.make_turns(said, coach="UBOT")
    assert turn.text.splitlines() == [f"text {i}" for i in range(40 - conversation.TURNS, 40)]
