"""Steering a job from Slack, by real dispatch, down to what its run will read; each effect once."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
import pytest_asyncio
from office import Desktop, open_desktop
from records import TRAIN_WORK, start

from bot.asking import RefusalError
from bot.train import draft
from bot.workspace.records import Message
from bot.workspace.server import Workspace
from storage import audit, hosts, jobs, runs
from storage.records import Host, Job
from trainer.control import Control, read
from trainer.engines.local import LocalEngine
from trainer.events import EventWriter
from trainer.follow import follow
from trainer.spec import Ended, TrainWork, attempt_dir, run_dir
from trainer.worker import Worker, WorkerSettings


@pytest_asyncio.fixture
async def desk(workspace: Workspace, tmp_path: Path) -> AsyncIterator[Desktop]:
    async with open_desktop(workspace, tmp_path) as desktop:
        yield desktop


def begin(desk: Desktop) -> Job:
    """Let a job of bo's run, as far as the records say."""
    job = desk.add_job("bo")
    with desk.database() as db:
        return start(db, job, now=datetime.now(UTC))


def get(desk: Desktop, number: int) -> Job:
    with desk.database() as db:
        job = jobs.get(db, number)
    assert job is not None
    return job


async def live_message(desk: Desktop, number: int) -> Message:
    await desk.tick()
    return await desk.workspace.wait_for(lambda m: f"Job {number}:" in m.text)


def asked_of_the_run(desk: Desktop, job: Job) -> Control:
    """Let a worker tell the run what it should, twice; give what the run reads."""
    data_dir = desk.office.settings.data_dir
    worker = Worker(
        WorkerSettings(data_dir), LocalEngine(data_dir, cpu_slots=1), started_at=datetime.now(UTC)
    )
    for _ in range(2):
        worker._tell_wishes(get(desk, job.id))
    return read(run_dir(data_dir, job.id))


def end_as_paused(desk: Desktop, job: Job) -> None:
    data_dir, now = desk.office.settings.data_dir, datetime.now(UTC)
    folder = attempt_dir(data_dir, job.id, job.attempt)
    folder.mkdir(parents=True)
    (folder / "runner.lock").touch()
    with EventWriter(folder / "events") as events:
        events.write(Ended(state="cancelled", paused=True))
    with desk.database() as db:
        run = runs.get(db, job.id, job.attempt)
        assert run is not None
        engine = LocalEngine(data_dir, cpu_slots=1)
        follow(db, run, engine=engine, data_dir=data_dir, now=now)


async def test_a_job_is_paused_waits_and_goes_on(desk: Desktop) -> None:
    job = begin(desk)
    message = await live_message(desk, job.id)
    assert "saves a checkpoint first" in (await desk.press("bo", message, "pause")).text
    assert asked_of_the_run(desk, job) == Control(pause=True)
    end_as_paused(desk, job)
    waiting = get(desk, job.id)
    assert (waiting.state, waiting.paused_by) == ("queued", desk.user("bo"))
    with desk.database() as db:
        assert (jobs.queued(db), [job.id for job in jobs.paused(db)]) == ([], [job.id])
        assert jobs.claim(db, job.id, slot="cpu:0", now=datetime.now(UTC)) is None
        assert [run.state for run in runs.of_job(db, job.id)] == ["cancelled"]
    assert "paused by" in (await desk.say("bo", "list")).text
    assert "goes on as soon" in (await desk.say("bo", f"resume {job.id}")).text
    assert "not paused" in (await desk.say("bo", f"resume {job.id}")).text
    assert asked_of_the_run(desk, job) == Control()
    with desk.database() as db:
        assert [job.id for job in jobs.queued(db)] == [job.id]
        done = [change.action for change in audit.find(db)]
    assert sorted(done) == ["pause", "resume"]


async def test_a_job_that_waits_can_be_paused_and_stopped(desk: Desktop) -> None:
    job = desk.add_job("bo")
    assert "waits" in (await desk.say("bo", f"pause {job.id}")).text
    assert "paused or stopping" in (await desk.say("bo", f"pause {job.id}")).text
    assert "had not begun" in (await desk.say("bo", f"cancel {job.id}")).text
    assert get(desk, job.id).state == "cancelled"


async def test_an_epoch_is_added_once_however_often_its_button_is_pressed(desk: Desktop) -> None:
    job = begin(desk)
    message = await live_message(desk, job.id)
    await asyncio.gather(*(desk.workspace.click("bo", message, "extend") for _ in range(2)))
    await desk.workspace.wait_for(lambda m: "1 epoch more, 4 in all" in m.text)
    await desk.workspace.wait_for(lambda m: "was changed meanwhile" in m.text)
    assert "2 epochs more, 6 in all" in (await desk.say("bo", f"extend {job.id} epochs=2")).text
    assert asked_of_the_run(desk, job) == Control(extra_epochs=3)
    assert get(desk, job.id).extra_epochs == 3


async def test_a_checkpoint_is_asked_for_by_running_jobs_alone(desk: Desktop) -> None:
    waiting, running = desk.add_job("bo"), begin(desk)
    assert "not running" in (await desk.say("bo", f"save {waiting.id}")).text
    assert "saves a checkpoint" in (await desk.say("bo", f"save {running.id}")).text
    assert asked_of_the_run(desk, running) == Control(saves=1)


async def test_what_cannot_be_steered_says_why(desk: Desktop) -> None:
    ended = desk.end_job(desk.add_job("bo"), "cancelled")
    assert "ended already" in (await desk.say("bo", f"pause {ended.id}")).text
    theirs = desk.add_job("ana")
    assert "only they or an admin" in (await desk.say("bo", f"extend {theirs.id}")).text
    measured = begin(desk)
    with desk.database() as db:
        db.execute("UPDATE runs SET phase = 'testing' WHERE job = ?", (measured.id,))
    assert "taken its last step" in (await desk.say("bo", f"extend {measured.id}")).text


# --- several devices ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "wanted", "said"),
    [
        ({}, 2, None),
        ({}, 3, "one job can have 2 devices"),
        ({"batch": 15}, 2, "type `batch=16`"),
        ({"method": "auto"}, 2, "method=auto uses one device"),
    ],
)
def test_devices_are_checked_before_a_plan_is_shown(
    changes: dict[str, object], wanted: int, said: str | None
) -> None:
    now = datetime.now(UTC)
    slots = [{"kind": kind} for kind in ("gpu", "gpu", "reader", "reader", "reader")]
    host = Host("gpu-box", 1, now, now, slots, 0, 0, 0)
    work = TrainWork.model_validate(
        TRAIN_WORK | {"devices": wanted, "recipe": TRAIN_WORK["recipe"] | changes}
    )
    if said is None:
        draft.check_devices(work, [host])
        return
    with pytest.raises(RefusalError, match=said):
        draft.check_devices(work, [host])


async def test_devices_and_trackers_that_were_typed_are_kept_in_the_plan(desk: Desktop) -> None:
    desk.add_dataset()
    now = datetime.now(UTC)
    slots = [{"kind": "cpu", "name": f"cpu:{n}", "memory_bytes": 1} for n in range(2)]
    with desk.database() as db:
        hosts.describe(db, Host("box", 1, now, now, slots, 1, 1, 1))
    card = await desk.say("bo", "reviews gpus=2 track=tensorboard")
    assert "2 at once, which share each batch" in card.text
    await desk.press("bo", card, "plan_queue")
    work = TrainWork.model_validate(get(desk, 1).work)
    assert (work.devices, work.trackers) == (2, ("tensorboard",))
