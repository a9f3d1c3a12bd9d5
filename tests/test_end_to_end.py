"""The main job with real processes: file, card, train, promote, ask; and what kills can't break."""

from __future__ import annotations

import asyncio
import csv
import io
import signal
from pathlib import Path

import pytest
from running import Coach, eventually, running_coach
from short_runs import sample_rows

from bot.manifest import manifest
from bot.workspace.records import Message
from bot.workspace.server import Workspace
from storage import datasets, deliveries, models
from storage.database import opened

QUICK_RECIPE = "epochs=1 batch=8 max_length=32"
LABELS = ("negative", "neutral", "positive")


def chat_csv(**per_label: int) -> bytes:
    """Write a few rows of the sample as the file that a person drops."""
    text = io.StringIO()
    csv.writer(text).writerows([("text", "label", "split"), *sample_rows(**per_label)])
    return text.getvalue().encode()


FILE = chat_csv(train=20, validation=6, test=12)


def finals(workspace: Workspace, job: int) -> list[Message]:
    """Find the messages that tell the end of a job to its owner."""
    opening = f"> Job {job} "
    ends = ("is done", "failed", "was cancelled")
    return [
        message
        for message in workspace.messages("general")
        if message.is_reply and opening in message.text and any(e in message.text for e in ends)
    ]


async def drop_file(workspace: Workspace) -> None:
    await workspace.upload("ana", "general", "chat.csv", FILE, comment="@coach learn from this")
    await workspace.wait_for(lambda m: "rows" in m.text and "hash" in m.text, within=60)


async def done(workspace: Workspace) -> None:
    """Wait for the final message of job 2: job 1 was the reading of the file."""
    await workspace.wait_for(lambda m: m.is_reply and "Job 2 is done" in m.text, within=120)


async def say_train(workspace: Workspace, options: str = QUICK_RECIPE) -> None:
    await workspace.slash("ana", "general", "/train", f"chat now=yes {options}")


@pytest.mark.parametrize("mode", ["socket", "http"])
async def test_the_whole_loop_from_a_dropped_file_to_an_answer(
    mode: str, tmp_path: Path, unused_tcp_port: int
) -> None:
    settings = {"SLACK_MODE": mode, "HTTP_PORT": str(unused_tcp_port)}
    async with (
        Workspace(manifest()) as workspace,
        running_coach(workspace, tmp_path, "bot", "worker", **settings) as coach,
    ):
        await reach(workspace, mode, unused_tcp_port)
        await drop_file(workspace)
        await workspace.slash("ana", "general", "/train", f"chat {QUICK_RECIPE}")
        plan = await workspace.wait_for(lambda m: "Fine-tune" in m.text)
        assert plan.ephemeral_to
        await workspace.click("ana", plan, "plan_queue")
        await done(workspace)
        charts = await eventually(lambda: charts_of(workspace) if pictured(workspace) else None)
        assert sorted(charts) == ["job-2-attempt-1-confusion.png", "job-2-attempt-1-loss.png"]

        live = next(m for m in workspace.messages("general") if m.text.startswith("Job 2"))
        await workspace.click("ana", live, "promote")
        await workspace.wait_for(lambda m: "sentiment v1" in m.text, within=30)
        await workspace.slash("bo", "general", "/sentiment", "I love how quick this was")
        answer = await workspace.wait_for(
            lambda m: "model 2" in m.text and m.ephemeral_to, within=30
        )
        assert answer.ephemeral_to == workspace.state.user("bo").id
        assert any(label in answer.text.lower() for label in LABELS)
        assert "love how quick" not in coach.log("bot") + coach.log("worker")
        with opened(coach.data_dir) as db:
            serving = models.serving(db, "sentiment")
            assert serving is not None
            assert serving[0].by == workspace.state.user("ana").id
            assert datasets.find(db, "chat") is not None


async def reach(workspace: Workspace, mode: str, port: int) -> None:
    """Wait until the bot hears the workspace."""
    if mode == "socket":
        await workspace.connected(30)
        return
    workspace.use_http(f"http://127.0.0.1:{port}/slack/events")
    async with asyncio.timeout(30):
        while (await workspace.slash("ana", "general", "/coach", "status")).error:  # noqa: ASYNC110
            await asyncio.sleep(0.3)


def charts_of(workspace: Workspace) -> list[str]:
    return [f.name for m in workspace.messages("general") for f in m.files if ".png" in f.name]


def pictured(workspace: Workspace) -> bool:
    return len(charts_of(workspace)) == 2


async def test_the_same_command_delivered_five_times_makes_one_job(
    workspace: Workspace, tmp_path: Path
) -> None:
    async with running_coach(workspace, tmp_path, "bot", "worker") as coach:
        await workspace.connected(30)
        await drop_file(workspace)
        workspace.faults.duplicate(5)
        await say_train(workspace)
        await workspace.wait_for(lambda m: "Queued as job" in m.text)
        await workspace.slash("ana", "general", "/train", "cancel 2")
        await workspace.wait_for(lambda m: "Job 2 was cancelled" in m.text, within=60)
        assert len(coach.jobs()) == 1
        assert len(finals(workspace, 2)) == 1


async def test_a_bot_killed_at_each_stage_tells_every_end_once(
    workspace: Workspace, tmp_path: Path
) -> None:
    """Killed while the job waits, while it runs, and when it has ended but was not told."""
    async with running_coach(workspace, tmp_path, "bot", "worker") as coach:
        await workspace.connected(30)
        await drop_file(workspace)
        coach.kill("worker")
        await say_train(workspace)
        await workspace.wait_for(lambda m: m.text.startswith("Job 2"))
        coach.kill("bot")
        coach.start("bot", "worker")
        await workspace.wait_for(lambda m: m.text.startswith("Job 2") and "running" in m.text, 60)
        coach.kill("bot")
        await eventually(lambda: is_final(coach, 2))
        workspace.faults.lose_reply("chat.postMessage")  # the first final message, and its reply
        coach.start("bot")
        await eventually(lambda: finals(workspace, 2), within=60)
        coach.kill("bot")
        coach.start("bot")
        await eventually(lambda: all_sent(coach), within=60)
        assert coach.job(2) is not None
        assert [m.text for m in workspace.messages("general")].count(live_text(workspace)) == 1
        assert len(finals(workspace, 2)) == 1
        assert len(charts_of(workspace)) == 2


def is_final(coach: Coach, number: int) -> bool:
    job = coach.job(number)
    return job is not None and job.state == "succeeded"


def all_sent(coach: Coach) -> bool:
    with opened(coach.data_dir) as db:
        final = deliveries.get(db, "job:2:a1:loss")
        return final is not None and deliveries.waiting(db) == 0


def live_text(workspace: Workspace) -> str:
    (live,) = [
        m for m in workspace.messages("general") if m.text.startswith("Job 2") and not m.is_reply
    ]
    return live.text


# The others are killed in test_kill.py too, which takes a tenth of the time.
OTHERS = [pytest.param(name, marks=pytest.mark.slow) for name in ("worker", "trainer.runner")]


@pytest.mark.parametrize("victim", ["trainer.train", *OTHERS])
async def test_whatever_is_killed_while_training_the_job_ends_once_and_nothing_stays(
    victim: str, workspace: Workspace, tmp_path: Path
) -> None:
    async with running_coach(workspace, tmp_path, "bot", "worker", CHECKPOINT_SECONDS="1") as coach:
        await workspace.connected(30)
        await drop_file(workspace)
        await say_train(workspace, "epochs=3 batch=8 max_length=32")
        await workspace.wait_for(lambda m: m.text.startswith("Job 2") and "step" in m.text, 60)
        if victim == "worker":
            coach.kill("worker")
            coach.start("worker")
        else:
            for process in coach.run_processes(victim):
                process.send_signal(signal.SIGKILL)
        await done(workspace)
        await eventually(lambda: not coach.run_processes(), within=20)
        job = coach.job(2)
        assert job is not None
        assert job.state == "succeeded"
        assert job.attempt == (1 if victim == "worker" else 2)
        assert len(finals(workspace, 2)) == 1
        assert len(coach.jobs()) == 1
