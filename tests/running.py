"""Coach as people run it: real processes on a data directory, against a local workspace."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

import psutil

from bot.workspace.server import Workspace
from storage import jobs
from storage.database import opened
from storage.records import Job

T = TypeVar("T")
ROOT = Path(__file__).parent.parent
QUICK = {"OMP_WAIT_POLICY": "passive", "GOMP_SPINCOUNT": "0", "HF_HUB_OFFLINE": "1"}
ENDS_WITHIN_S = 20


@dataclass
class Coach:
    """Bot and worker as processes of their own, each to be killed and started again."""

    data_dir: Path
    environment: dict[str, str]
    processes: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    def start(self, *parts: str) -> None:
        for part in parts:
            with (self.data_dir.parent / f"{part}.log").open("ab") as log:
                self.processes[part] = subprocess.Popen(
                    [sys.executable, "-m", "bot", part],
                    cwd=self.data_dir.parent,  # no `.env` of the developer's is read
                    env=self.environment,
                    stdout=log,
                    stderr=log,
                )

    def kill(self, part: str) -> None:
        """End a part as a power cut would."""
        process = self.processes.pop(part)
        process.kill()
        process.wait()

    def stop(self) -> None:
        """Stop everything, runs included; the tests after this one start on an idle machine."""
        for process in self.processes.values():
            process.terminate()
        for process in self.processes.values():
            try:
                process.wait(ENDS_WITHIN_S)
            except subprocess.TimeoutExpired:
                process.kill()
        for leftover in self.run_processes():
            leftover.kill()

    def run_processes(self, module: str = "trainer.") -> list[psutil.Process]:
        """Find the living runners and trainers of this data directory."""
        return [
            process
            for process in psutil.process_iter(["cmdline", "status"])
            if (words := process.info["cmdline"])
            and process.info["status"] != psutil.STATUS_ZOMBIE
            and any(word.startswith(module) for word in words)
            and any(str(self.data_dir) in word for word in words)
        ]

    def job(self, number: int) -> Job | None:
        with opened(self.data_dir) as db:
            return jobs.get(db, number)

    def jobs(self, kind: str = "train") -> list[Job]:
        with opened(self.data_dir) as db:
            return jobs.recent(db, kind=kind, limit=100)

    def log(self, part: str) -> str:
        return (self.data_dir.parent / f"{part}.log").read_text(encoding="utf-8")


@asynccontextmanager
async def running_coach(
    workspace: Workspace, directory: Path, *parts: str, **settings: str
) -> AsyncIterator[Coach]:
    """Run parts of Coach (`bot`, `worker`) against a workspace until the block ends."""
    data_dir = directory / "data"
    data_dir.mkdir(exist_ok=True)
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(directory),
        "PYTHONPATH": str(ROOT),
        "SLACK_API_URL": workspace.api_url,
        "SLACK_BOT_TOKEN": workspace.bot_token,
        "SLACK_APP_TOKEN": workspace.app_token,
        "SLACK_SIGNING_SECRET": workspace.signing_secret,
        "DATA_DIR": str(data_dir),
        "ADMINS": workspace.state.user("ana").id,
        **QUICK,
        **settings,
    }
    coach = Coach(data_dir, environment)
    coach.start(*parts)
    try:
        yield coach
    finally:
        await asyncio.to_thread(coach.stop)


async def eventually(look: Callable[[], T | None], within: float = 120) -> T:
    """Wait until `look` finds something; `within` is in seconds."""
    async with asyncio.timeout(within):
        while not (found := look()):  # noqa: ASYNC110 - other processes do the work
            await asyncio.sleep(0.1)
        return found
