"""The bot in the test's own process: the real app with all features on a local workspace."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

import aiohttp
from keyword_models import write_keyword_model
from pydantic import SecretStr
from records import NOON, TRAIN_WORK, start
from results import make_dataset, make_result
from slack_sdk.web.async_client import AsyncWebClient
from sqlite_utils import Database

from bot.app import Desk, build, socket_client
from bot.asking import Clock, Office
from bot.connect import hold_socket
from bot.outbox import Outbox
from bot.running import FEATURES, guards_of
from bot.sentiment.serving import Serving
from bot.settings import BotSettings
from bot.train import live
from bot.workspace.records import Message
from bot.workspace.server import Workspace
from storage import datasets, jobs, models
from storage.database import migrate, opened
from storage.records import Dataset, Job, Json, Model

WORDS = {"good": "positive", "bad": "negative"}


@dataclass
class Desktop:
    """A bot that answers, whose ticks are made by hand."""

    workspace: Workspace
    office: Office
    outbox: Outbox

    async def tick(self) -> None:
        """Do what a few seconds of ticks do: post what is missing, edit, end, post again."""
        for _ in range(3):
            await live.refresh(self.office)
            await self.outbox.drain()

    @contextmanager
    def database(self) -> Iterator[Database]:
        with opened(self.office.settings.data_dir) as db:
            yield db

    async def say(self, who: str, text: str, command: str = "/train") -> Message:
        """Type a command and give the first message that answers it."""
        since = self.workspace.state.new_ts()
        await self.workspace.slash(who, "general", command, text)
        return await self.workspace.wait_for(lambda m: m.ts > since)

    async def press(self, who: str, message: Message, action: str) -> Message:
        """Press a button and give what is said about it, in a new message or in its place."""
        before = {m.ts: m.text for m in self.workspace.messages("general")}
        await self.workspace.click(who, message, action)
        return await self.workspace.wait_for(lambda m: before.get(m.ts) != m.text)

    def user(self, name: str) -> str:
        return self.workspace.state.user(name).id

    @property
    def channel(self) -> str:
        return self.workspace.state.channel("general").id

    # --- records ----------------------------------------------------------------------------

    def add_dataset(self, who: str = "ana", **changes: Any) -> Dataset:
        card = make_dataset(**changes).card
        with self.database() as db:
            return datasets.register(db, card=card, added_by=self.user(who), now=NOON)

    def add_job(self, who: str = "ana", **changes: Any) -> Job:
        values: Json = {"work": TRAIN_WORK, "requested_by": self.user(who)} | changes
        with self.database() as db:
            number = len(jobs.recent(db, limit=1_000))
            return jobs.enqueue(
                db, key=f"made {number}", channel=self.channel, now=datetime.now(UTC), **values
            )

    def end_job(self, job: Job, state: Any = "succeeded", **result: Any) -> Job:
        """Run a queued job to its end; a success registers a model that knows two words."""
        now = datetime.now(UTC)
        with self.database() as db:
            running = start(db, job, now=now)
            number, attempt = running.id, running.attempt
            if state == "succeeded":
                found = make_result(**result).model_dump(mode="json")
                path = f"runs/{number}/attempt-{attempt}/model"
                if not (self.office.settings.data_dir / path).exists():
                    write_keyword_model(self.office.settings.data_dir / path, WORDS)
                models.register(db, job=running, path=path, summary=found, now=now)
                result = {"result": found, "model": number}
            jobs.finish(db, number, attempt=attempt, state=state, now=now, **result)
            ended = jobs.get(db, number)
        assert ended is not None
        return ended

    def add_model(self, who: str = "ana", **result: Any) -> Model:
        job = self.end_job(self.add_job(who), **result)
        with self.database() as db:
            model = models.get(db, job.id)
        assert model is not None
        return model


@asynccontextmanager
async def open_desktop(
    workspace: Workspace, folder: Path, *, clock: Clock | None = None, **changes: Any
) -> AsyncIterator[Desktop]:
    """Connect the bot over Socket Mode; ana is an admin, bo is not. `changes` are of the settings."""
    data_dir = folder / "data"
    migrate(data_dir)
    async with aiohttp.ClientSession() as session:
        client = AsyncWebClient(
            token=workspace.bot_token,
            base_url=workspace.api_url,
            session=session,
            retry_handlers=[],
        )
        settings = BotSettings(
            _env_file=None,
            data_dir=data_dir,
            slack_signing_secret=SecretStr(workspace.signing_secret),
            slack_api_url=workspace.api_url,
            admins=frozenset({workspace.state.user("ana").id}),
            **changes,
        )
        team = cast("dict[str, Any]", (await client.auth_test()).data)
        office = Office(
            settings=settings,
            client=client,
            serving=Serving(data_dir, threads=1),
            clock=clock or (lambda: datetime.now(UTC)),
            bot_user=team["user_id"],
        )
        desk = Desk(office, FEATURES)
        app = build(office, desk, signing_secret=workspace.signing_secret, team=team)
        outbox = Outbox(
            data_dir=data_dir,
            client=client,
            clock=office.clock,
            guards=guards_of(office, FEATURES),
        )
        holding = asyncio.create_task(
            hold_socket(socket_client(app, office, app_token=workspace.app_token))
        )
        await workspace.connected()
        yield Desktop(workspace, office, outbox)
        await desk.finish()
        holding.cancel()
        await asyncio.gather(holding, return_exceptions=True)
        await outbox.close()
        office.serving.close()
