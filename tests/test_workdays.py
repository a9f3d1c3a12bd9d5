"""People correct the calendar of working days, and admins hear of years that it lacks."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from functools import partial
from pathlib import Path

from office import open_desktop

from bot.calendar import uncovered_years
from bot.team import workdays
from bot.workspace.server import Workspace
from storage import members
from storage.workdays import overrides

UNKNOWN = next(year for year in range(2024, 2060) if uncovered_years("CN", date(year, 6, 1)))
EVE = datetime(UNKNOWN, 1, 1, 12, tzinfo=UTC) - timedelta(days=60)


def _give(moment: datetime) -> datetime:
    return moment


async def test_leads_correct_a_day_and_others_may_not(workspace: Workspace, tmp_path: Path) -> None:
    async with open_desktop(workspace, tmp_path) as desktop:
        said = await desktop.say("ana", "workday 2027-02-06 cn work", "/team")
        assert said.text == "2027-02-06 is a working day in CN now."
        said = await desktop.say("ana", "workday 2027-02-06 XX work", "/team")
        assert "`CN` or `DE`" in said.text
        said = await desktop.say("bo", "workday 2027-02-06 CN holiday", "/team")
        assert "may do that" in said.text
        with desktop.database() as db:
            assert overrides(db) == {("CN", date(2027, 2, 6)): True}


async def test_admins_hear_once_and_at_work_of_a_year_that_is_not_covered(
    workspace: Workspace, tmp_path: Path
) -> None:
    async with open_desktop(workspace, tmp_path) as desktop:
        ana, before = desktop.user("ana"), EVE - timedelta(days=1)
        with desktop.database() as db:
            members.ensure(
                db, ana, name="Ana", kind="person", zone="UTC", language="en", now=before
            )
            members.change(db, ana, by=ana, now=before, country="CN")
        direct = workspace.dm("ana").id

        async def warned(*hours: int) -> int:
            for ahead in hours:
                moment = EVE + timedelta(hours=ahead)
                await workdays.warn(replace(desktop.office, clock=partial(_give, moment)))
                await desktop.outbox.drain()
            return len(workspace.messages(direct))

        assert await warned(-24, 9, 14) == 0  # too early, and in two nights
        assert await warned(24, 48, 72, 96) == 1  # whichever of them are working days
        (message,) = workspace.messages(direct)
        assert f"work in CN in {UNKNOWN}" in message.text
