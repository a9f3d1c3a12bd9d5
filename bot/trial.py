"""`coach try`: workspace, bot and worker on this machine, with the tour, until Ctrl-C."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Coroutine
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bot.manifest import manifest
from bot.supervise import coach_parts, stop_on_signals, supervise
from bot.tour import Tour, TourError, narrate
from bot.workspace.server import Workspace
from storage import jobs
from storage.database import opened

Say = Callable[[str], None]
RUNS_END_S = 30


async def try_out(folder: Path, *, port: int, once: bool, say: Say) -> int:
    """Play the tour, then stay up unless `once`; 0 where every step of the tour went well."""
    interrupted, stop = asyncio.Event(), asyncio.Event()
    stop_on_signals(interrupted)
    async with Workspace(manifest(), port=port) as workspace:
        say(f"The workspace is at {workspace.url}")
        narrating = asyncio.create_task(narrate(workspace, say))
        parts = coach_parts(environment(workspace, folder))
        coach = asyncio.create_task(supervise(parts, stop))
        tour = asyncio.create_task(Tour(workspace, folder, say).play())
        await _first(interrupted.wait(), tour, coach)
        status = _end_of(tour, say)
        if not (once or interrupted.is_set() or coach.done()):
            say(f"Now it is yours: {workspace.url} (Ctrl-C ends it)")
            await _first(interrupted.wait(), coach)
        await end_runs(folder)
        stop.set()
        await coach
        narrating.cancel()
        return status


async def _first(*awaited: Coroutine[Any, Any, Any] | asyncio.Task[Any]) -> None:
    """Wait for the first of several to end; what was not a task is given up."""
    made = [asyncio.ensure_future(one) for one in awaited]
    await asyncio.wait(made, return_when=asyncio.FIRST_COMPLETED)
    for task, one in zip(made, awaited, strict=True):
        if task is not one:
            task.cancel()


def _end_of(tour: asyncio.Task[None], say: Say) -> int:
    if not tour.done():
        tour.cancel()
        return 1
    error = tour.exception()
    if error is None:
        say("The tour is over, and every step went well.")
        return 0
    if not isinstance(error, TourError):
        raise error
    say(f"The tour ended early. {error}")
    return 1


async def end_runs(folder: Path) -> None:
    """Stop what still trains: a run outlives the worker, but not its workspace."""
    deadline = asyncio.get_running_loop().time() + RUNS_END_S
    with opened(folder) as db:
        for job in [*jobs.queued(db), *jobs.running(db)]:
            jobs.request_cancel(db, job.id, by="coach try", now=datetime.now(UTC))
        # The worker is another process: there is no event to wait for.
        while jobs.running(db) and asyncio.get_running_loop().time() < deadline:  # noqa: ASYNC110
            await asyncio.sleep(0.2)


def environment(workspace: Workspace, folder: Path) -> dict[str, str]:
    """Say where Slack is: nothing else tells this workspace from it."""
    return dict(os.environ) | {
        "SLACK_MODE": "socket",
        "SLACK_API_URL": workspace.api_url,
        "SLACK_BOT_TOKEN": workspace.bot_token,
        "SLACK_APP_TOKEN": workspace.app_token,
        "DATA_DIR": str(folder),
        "ADMINS": workspace.state.user("ana").id,
        "LOG_LEVEL": "WARNING",
    }
