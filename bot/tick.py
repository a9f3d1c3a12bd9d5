"""Do what is due over and over: one tick of a kind at a time, and none ends the others."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import TracebackType
from typing import Self

from apscheduler.schedulers.asyncio import AsyncIOScheduler

from bot.answers import trace, words
from bot.asking import Clock
from storage import requests
from storage.database import opened

log = logging.getLogger(__name__)

Work = Callable[[], Awaitable[object]]
REQUESTS_KEPT = timedelta(days=1)


class Ticks:
    """APScheduler as a metronome: what is due is in the database, never in the scheduler."""

    def __init__(self) -> None:
        # It would warn of every tick that is skipped because the one before still runs.
        logging.getLogger("apscheduler").setLevel(logging.ERROR)
        self._scheduler = AsyncIOScheduler(timezone=UTC)

    def every(self, pause: timedelta, name: str, work: Work) -> None:
        """Run `work` at once and then after each pause; a missed tick is not made up for."""
        self._scheduler.add_job(
            _guarded,
            "interval",
            id=name,
            args=[name, work],
            seconds=pause.total_seconds(),
            next_run_time=datetime.now(UTC),
            max_instances=1,
            coalesce=True,
            misfire_grace_time=None,
        )

    def soon(self, name: str) -> None:
        """Run a tick now rather than at its time."""
        self._scheduler.modify_job(name, next_run_time=datetime.now(UTC))

    async def __aenter__(self) -> Self:
        self._scheduler.start()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        self._scheduler.shutdown(wait=False)


async def _guarded(name: str, work: Work) -> None:
    try:
        await work()
    except asyncio.CancelledError:  # the bot stops; APScheduler would log it as a fault
        return
    except Exception as error:  # noqa: BLE001 - the next tick may go well
        log.error("tick %s failed: %s\n%s", name, words(error), trace(error))  # noqa: TRY400


def purge(data_dir: Path, clock: Clock) -> None:
    """Forget the keys of requests that Slack won't deliver again."""
    with opened(data_dir) as db:
        requests.forget(db, before=clock() - REQUESTS_KEPT)
