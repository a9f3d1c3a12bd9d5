"""What /train does, by real dispatch: commands, buttons, forms, rights, each effect once."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest_asyncio
from office import Desktop, open_desktop
from records import NOON
from results import make_dataset

from bot.workspace.server import Workspace
from storage import datasets, deliveries, jobs, plans
from storage.records import Job
from trainer.spec import Failure, attempt_dir, dataset_dir


@pytest_asyncio.fixture
async def desk(workspace: Workspace, tmp_path: Path) -> AsyncIterator[Desktop]:
    async with open_desktop(workspace, tmp_path) as desktop:
        yield desktop


def all_jobs(desk: Desktop) -> list[Job]:
    with desk.database() as db:
        return jobs.recent(db, limit=100)


# --- queueing -------------------------------------------------------------------------------


async def test_without_data_the_first_step_is_told(desk: Desktop) -> None:
    assert "/train data sample" in (await desk.say("bo", "reviews")).text


async def test_a_misspelt_data_set_or_model_is_answered_with_what_was_meant(desk: Desktop) -> None:
    desk.add_dataset()
    assert "Did you mean `reviews`?" in (await desk.say("bo", "revews")).text
    assert "Did you mean `minilm`?" in (await desk.say("bo", "reviews model=minlm")).text
    assert not all_jobs(desk)


async def test_a_plan_is_queued_once_however_often_its_button_is_pressed(desk: Desktop) -> None:
    desk.add_dataset()
    card = await desk.say("bo", "reviews epochs=2")
    assert card.ephemeral_to == desk.user("bo")
    assert "You set epochs=2" in card.text
    presses = [desk.workspace.click("bo", card, "plan_queue") for _ in range(3)]
    await asyncio.gather(*presses)
    await desk.workspace.wait_for(lambda m: "Queued as job 1" in m.text)
    (job,) = all_jobs(desk)
    assert job.work["recipe"]["epochs"] == 2


async def test_a_dropped_plan_is_not_queued_any_more(desk: Desktop) -> None:
    desk.add_dataset()
    card = await desk.say("bo", "reviews")
    stale = list(card.blocks)
    await desk.press("bo", card, "plan_drop")
    card.blocks[:] = stale
    await desk.workspace.click("bo", card, "plan_queue")
    await desk.workspace.wait_for(lambda m: "not open any more" in m.text)
    assert not all_jobs(desk)


async def test_a_plan_of_another_is_not_queued(desk: Desktop) -> None:
    desk.add_dataset()
    card = await desk.say("bo", "reviews")
    await desk.workspace.click("ana", card, "plan_queue")
    await desk.workspace.wait_for(lambda m: "only they may queue it" in m.text)
    assert not all_jobs(desk)


async def test_now_skips_the_card(desk: Desktop) -> None:
    desk.add_dataset()
    assert "Queued as job 1" in (await desk.say("bo", "reviews now=yes priority=3")).text
    (job,) = all_jobs(desk)
    assert job.priority == 3


async def test_the_form_changes_the_card_in_its_place(desk: Desktop) -> None:
    desk.add_dataset()
    card = await desk.say("bo", "reviews")
    await desk.workspace.click("bo", card, "plan_change")
    view = await desk.workspace.wait_for_view("bo")
    wrong = await desk.workspace.submit_view("bo", view["id"], {"epochs": "many"})
    assert wrong.reply is not None
    assert "1 to 100" in wrong.reply["errors"]["epochs"]
    await desk.workspace.submit_view("bo", view["id"], {"epochs": "2", "method": "lora"})
    changed = await desk.workspace.wait_for(lambda m: "lora, 2 epochs" in m.text)
    assert changed.ts == card.ts
    await desk.press("bo", changed, "plan_queue")
    assert all_jobs(desk)[0].work["recipe"]["method"] == "lora"


# --- one message a job ----------------------------------------------------------------------


async def test_a_job_has_one_message_through_retry_and_one_end_an_attempt(desk: Desktop) -> None:
    desk.add_dataset()
    job = desk.add_job("bo")
    await desk.tick()
    live = await desk.workspace.wait_for(lambda m: m.text.startswith("Job 1: queued"))
    failure = Failure(cause="killed", evidence="signal 9").model_dump()
    desk.end_job(job, "failed", failure=failure)
    await desk.tick()
    assert live.text.startswith("Job 1: failed")
    said = await desk.press("bo", live, "retry")
    assert "queued again" in said.text
    await desk.tick()
    desk.end_job(job)
    await desk.tick()
    assert live.text.startswith("Job 1: done")
    messages = desk.workspace.messages("general")
    assert len([m for m in messages if m.text.startswith("Job 1:")]) == 1
    ends = [
        m for m in messages if m.thread_ts == live.ts and f"<@{job.requested_by}> Job 1" in m.text
    ]
    assert [m.text.split(".")[0].split(" ", 3)[3][:6] for m in ends] == ["failed", "is don"]
    pictures = [m.files[0] for m in messages if m.files]
    assert sorted(p.name for p in pictures) == [
        "job-1-attempt-2-confusion.png",
        "job-1-attempt-2-loss.png",
    ]
    assert all(p.alt_text for p in pictures)


async def test_an_end_is_told_once_however_often_it_is_looked_at(desk: Desktop) -> None:
    desk.add_dataset()
    desk.end_job(desk.add_job())
    for _ in range(3):
        await desk.tick()
    told = [m for m in desk.workspace.messages("general") if "Job 1 is done" in m.text]
    assert len(told) == 1


async def test_a_message_that_someone_deleted_does_not_hold_up_the_end(desk: Desktop) -> None:
    desk.add_dataset()
    job = desk.add_job()
    await desk.tick()
    live = await desk.workspace.wait_for(lambda m: m.text.startswith("Job 1"))
    del desk.workspace.state.channel("general").messages[live.ts]
    desk.end_job(job)
    await desk.tick()
    with desk.database() as db:
        assert deliveries.get(db, "job:1:a1:final") is not None


# --- retry, cancel, logs --------------------------------------------------------------------


async def test_the_retry_that_carries_the_fix_is_one_new_job(desk: Desktop) -> None:
    desk.add_dataset()
    fix = Failure(cause="out_of_memory", evidence="oom", fix={"batch": "8"})
    desk.end_job(desk.add_job("bo"), "failed", failure=fix.model_dump())
    await desk.tick()
    live = await desk.workspace.wait_for(lambda m: m.text.startswith("Job 1: failed"))
    await asyncio.gather(*(desk.workspace.click("bo", live, "retry:with") for _ in range(2)))
    await desk.workspace.wait_for(lambda m: "Queued as job 2" in m.text)
    first = all_jobs(desk)[0]
    assert (len(all_jobs(desk)), first.retry_of, first.work["recipe"]["batch"]) == (2, 1, 8)
    assert first.work["recipe"]["epochs"] == 3


async def test_only_its_owner_or_an_admin_stops_a_job(desk: Desktop) -> None:
    desk.add_dataset()
    desk.add_job("ana")
    desk.add_job("bo")
    assert "only they or an admin" in (await desk.say("bo", "cancel 1")).text
    assert "had not begun" in (await desk.say("ana", "cancel 2")).text
    assert "ended already" in (await desk.say("bo", "cancel 2")).text
    assert "no job 99" in (await desk.say("bo", "cancel 99")).text


async def test_logs_are_shown_to_the_asker_alone_without_tokens(desk: Desktop) -> None:
    desk.add_dataset()
    desk.end_job(desk.add_job("bo"))
    folder = attempt_dir(desk.office.settings.data_dir, 1, 1)
    (folder / "log.txt").write_text("first\nuse xoxb-1-secret\n", encoding="utf-8")
    shown = await desk.say("bo", "logs 1")
    assert shown.ephemeral_to == desk.user("bo")
    assert "first" in str(shown.blocks)
    assert "xoxb" not in str(shown.blocks)


async def test_lists_say_what_to_type_next(desk: Desktop) -> None:
    assert "/train data sample" in (await desk.say("bo", "list")).text
    desk.add_dataset()
    desk.add_model("bo")
    desk.add_job("ana")
    assert "`/train show 2`" in (await desk.say("bo", "list")).text
    assert "90.0% accuracy" in (await desk.say("bo", "models")).text
    assert "`/train reviews`" in (await desk.say("bo", "data list")).text
    assert "90.0%" in (await desk.say("bo", "show 1")).text
    assert "Data set reviews" in (await desk.say("bo", "data show reviews")).text


# --- data sets ------------------------------------------------------------------------------


async def test_a_data_set_is_renamed_by_its_owner_and_to_a_free_name(desk: Desktop) -> None:
    desk.add_dataset("ana")
    desk.add_dataset("bo", hash="e" * 64, name="chat")
    assert "only they" in (await desk.say("bo", "data rename reviews films")).text
    assert "already" in (await desk.say("bo", "data rename chat reviews")).text
    assert "means something else" in (await desk.say("ana", "data rename reviews list")).text
    assert "is called `films`" in (await desk.say("ana", "data rename reviews films")).text
    with desk.database() as db:
        assert datasets.find(db, "films") is not None


async def test_deleting_asks_names_the_models_and_spares_what_a_job_needs(desk: Desktop) -> None:
    dataset = desk.add_dataset("bo")
    folder = dataset_dir(desk.office.settings.data_dir, dataset.hash)
    folder.mkdir(parents=True)
    job = desk.add_job("bo")
    assert "Job 1 needs `reviews`" in (await desk.say("bo", "data delete reviews")).text
    desk.end_job(job)
    question = await desk.say("bo", "data delete reviews")
    assert "Model 1 learned from it" in question.text
    gone = await desk.press("bo", question, "delete_data")
    assert "are deleted" in gone.text
    assert not folder.exists()
    assert "no data set yet" in (await desk.say("bo", "reviews")).text


async def test_a_plan_whose_data_was_deleted_meanwhile_is_not_queued(desk: Desktop) -> None:
    desk.add_dataset("bo")
    card = await desk.say("bo", "reviews")
    with desk.database() as db:
        datasets.forget(db, make_dataset().hash, by="U1", now=NOON)
    assert "deleted meanwhile" in (await desk.press("bo", card, "plan_queue")).text
    with desk.database() as db:
        open_plan = plans.get(db, 1)
        assert open_plan is not None
        assert open_plan.job is None
