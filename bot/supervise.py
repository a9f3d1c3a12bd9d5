"""Keep processes alive: start them, start a dead one again, stop them all together."""

from __future__ import annotations

import asyncio
import itertools
import logging
import signal
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

log = logging.getLogger(__name__)

MISTAKE = 2  # the exit status of what a restart can't mend, such as a missing token
LONGEST_PAUSE_S = 60
HEALTHY_S = 60  # who lived so long has earned a quick restart
STOP_S = 20  # between SIGTERM and SIGKILL


class MistakeError(Exception):
    """What a person has to mend before Coach can run, in a whole sentence."""


@dataclass(frozen=True)
class Part:
    """A process to keep alive."""

    name: str
    command: Sequence[str]
    environment: Mapping[str, str]


def coach_parts(environment: Mapping[str, str]) -> list[Part]:
    """Give Coach's two processes; each ends with the one that started it."""
    coach = [sys.executable, "-m", "bot"]
    return [Part(name, [*coach, name, "--with-parent"], environment) for name in ("bot", "worker")]


async def supervise(parts: Sequence[Part], stop: asyncio.Event, *, first_pause_s: float = 1) -> int:
    """Keep all parts alive until `stop` is set: 0; or until one ends by a mistake of use: 2."""
    keepers = [asyncio.create_task(_keep(part, first_pause_s)) for part in parts]
    stopped = asyncio.create_task(stop.wait())
    done, _ = await asyncio.wait([*keepers, stopped], return_when=asyncio.FIRST_COMPLETED)
    for task in (*keepers, stopped):
        task.cancel()
    await asyncio.gather(*keepers, stopped, return_exceptions=True)
    return 0 if stopped in done else MISTAKE


def stop_on_signals(stop: asyncio.Event) -> None:
    """Set `stop` on SIGTERM and Ctrl-C."""
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)


async def _keep(part: Part, first_pause_s: float) -> None:
    """Run a part again and again; returns only when it ends by a mistake of use."""
    failures = 0
    for _ in itertools.count():
        began = time.monotonic()
        status = await _run(part)
        if status == MISTAKE:
            return
        failures = 0 if time.monotonic() - began > HEALTHY_S else failures + 1
        pause = min(LONGEST_PAUSE_S, first_pause_s * 2 ** min(failures, 10))
        log.error("%s ended with status %s; it starts again in %.0f s", part.name, status, pause)
        await asyncio.sleep(pause)


async def _run(part: Part) -> int:
    process = await asyncio.create_subprocess_exec(
        *part.command,
        env=dict(part.environment),
        start_new_session=True,  # Ctrl-C comes here alone, and the parts are stopped from here
    )
    log.info("%s runs as process %d", part.name, process.pid)
    try:
        return await process.wait()
    except asyncio.CancelledError:
        await _stop(process)
        raise


async def _stop(process: asyncio.subprocess.Process) -> None:
    try:
        process.terminate()
        async with asyncio.timeout(STOP_S):
            await process.wait()
    except ProcessLookupError:
        return
    except TimeoutError:
        process.kill()
        await process.wait()
