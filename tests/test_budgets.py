"""A budget warns at 80%, and where it has no room a job needs an approval: once, whoever asks."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import pytest_asyncio
import time_machine
from office import Desktop, open_desktop
from records import NOON, TRAIN_WORK, start
from results import assert_postable

from bot.report import budget
from bot.train.approval import choose_judges
from bot.workspace.records import Message
from bot.workspace.server import Workspace
from storage import audit, budgets, jobs
from storage.records import Job

LATE = datetime(2031, 6, 20, 12, tzinfo=UTC)
RATES = {"cpu": 1.0}


@pytest_asyncio.fixture
async def desktop(workspace: Workspace, tmp_path: Path) -> AsyncIterator[Desktop]:
    """Open the office where an hour of the CPU costs a dollar; bo's budget is 100 of them."""
    async with open_desktop(workspace, tmp_path, gpu_hour_rates=RATES) as opened:
        with opened.database() as db:
            by = opened.user("ana")
            budgets.set_amount(db, opened.user("bo"), 100, by=by, now=NOON)
        yield opened


def spend(desktop: Desktop, hours: float) -> Job:
    """Let a run of bo's take so many hours of a CPU, up to now."""
    job, end = desktop.add_job("bo"), datetime.now(UTC)
    with desktop.database() as db:
        running = start(db, job, now=end - timedelta(hours=hours))
        jobs.finish(db, job.id, attempt=running.attempt, state="failed", now=end)
    return job


def open_jobs(desktop: Desktop) -> list[Job]:
    with desktop.database() as db:
        return jobs.queued(db)


async def last_direct(desktop: Desktop, who: str) -> Message:
    for _ in range(2):
        await desktop.outbox.drain()
    return desktop.workspace.messages(desktop.workspace.dm(who).id)[-1]


@pytest.mark.parametrize(("hours", "warnings"), [(79, 0), (80, 1), (100, 1)])
async def test_at_80_percent_its_person_is_told_once_a_month(
    desktop: Desktop, hours: float, warnings: int
) -> None:
    with time_machine.travel(LATE):
        spend(desktop, hours)
        for _ in range(2):
            await budget.warn(desktop.office)
        await desktop.outbox.drain()
    said = desktop.workspace.messages(desktop.workspace.dm("bo").id)
    assert len(said) == warnings
    assert all(f"{hours}%" in m.text or "used up" in m.text for m in said)


async def test_leads_set_budgets_and_everybody_sees_them(desktop: Desktop) -> None:
    refused = await desktop.say("bo", "budget @bo 500", "/report")
    assert "Only" in refused.text
    shown = await desktop.say("ana", "budget @bo 250", "/report")
    assert "$250.00" in shown.text
    with desktop.database() as db:
        (first, _) = audit.find(db, "report budget")
    assert (first.before, first.after) == ("100.0", "250.0")
    assert "$250.00" in (await desktop.say("bo", "budget", "/report")).text
    assert "No budget is set" in (await desktop.say("ana", "budget @bo 0", "/report")).text


async def test_beyond_a_budget_a_job_is_asked_for_and_queued_once_when_approved(
    desktop: Desktop,
) -> None:
    desktop.add_dataset("bo")
    with time_machine.travel(LATE):
        spend(desktop, 100)
        card = await desktop.say("bo", "reviews now=yes")
        assert "no room for it this month" in card.text
        assert_postable(card.text, card.blocks)
        assert open_jobs(desktop) == []
        asked = await desktop.press("bo", card, "plan_ask")
        assert f"Asked <@{desktop.user('ana')}>" in asked.text
        question = await last_direct(desktop, "ana")
        assert "asks for a job" in question.text
        refused = await desktop.workspace.click("bo", question, "plan_approve")
        assert refused.error is None
        assert open_jobs(desktop) == []
        for _ in range(2):
            await desktop.workspace.click("ana", question, "plan_approve")
        told = await desktop.workspace.wait_for(lambda m: "approved it already" in m.text)
        assert told
        assert len(open_jobs(desktop)) == 1
        decision = await last_direct(desktop, "bo")
        assert "queued as job 2" in decision.text
    with desktop.database() as db:
        assert [change.by for change in audit.find(db, "approve")] == [desktop.user("ana")]


async def test_what_is_declined_is_not_queued_and_its_asker_is_told(desktop: Desktop) -> None:
    desktop.add_dataset("bo")
    with time_machine.travel(LATE):
        spend(desktop, 100)
        card = await desktop.say("bo", "reviews")
        await desktop.press("bo", card, "plan_ask")
        question = await last_direct(desktop, "ana")
        await desktop.workspace.click("ana", question, "plan_decline")
        await desktop.workspace.wait_for(lambda m: m.text.startswith("Declined"))
        assert "declined your job" in (await last_direct(desktop, "bo")).text
    assert open_jobs(desktop) == []


async def test_a_retry_obeys_the_budget_and_once_approved_goes_on_with_the_same_job(
    desktop: Desktop,
) -> None:
    desktop.add_dataset("bo")
    with time_machine.travel(LATE):
        job = spend(desktop, 100)
        card = await desktop.say("bo", f"retry {job.id}")
        assert "no room for it this month" in card.text
        await desktop.press("bo", card, "plan_ask")
        question = await last_direct(desktop, "ana")
        await desktop.workspace.click("ana", question, "plan_approve")
        await desktop.workspace.wait_for(lambda m: m.text.startswith("Approved"))
    (again,) = open_jobs(desktop)
    assert again.id == job.id
    assert again.work == TRAIN_WORK


def test_nobody_decides_on_their_own_job_unless_they_are_the_only_one() -> None:
    assert choose_judges({"U1", "U2"}, "U1") == ["U2"]
    assert choose_judges({"U1"}, "U1") == ["U1"]
    assert choose_judges(set(), "U1") == []
