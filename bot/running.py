"""The bot as a process: its parts put together, running until it is told to stop."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Coroutine, Iterable
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, cast

import aiohttp
from pydantic import SecretStr
from slack_sdk.errors import SlackApiError, SlackClientError
from slack_sdk.http_retry.builtin_async_handlers import AsyncRateLimitErrorRetryHandler
from slack_sdk.web.async_client import AsyncWebClient

from bot import (
    app,
    ask,
    bulk,
    chat,
    coach,
    connect,
    monitor,
    privacy,
    report,
    sentiment,
    team,
    tick,
    train,
)
from bot.answers import words
from bot.asking import Feature, Office
from bot.outbox import Guard, Outbox
from bot.sentiment import answer
from bot.sentiment.serving import Serving
from bot.settings import BotSettings
from bot.supervise import MistakeError
from bot.tick import Ticks
from bot.train import live

FEATURES: tuple[Feature, ...] = (
    team.FEATURE,  # the order is that of the Home tab
    train.FEATURE,
    sentiment.FEATURE,
    bulk.FEATURE,
    ask.FEATURE,
    chat.FEATURE,
    monitor.FEATURE,
    report.FEATURE,
    privacy.FEATURE,
    coach.FEATURE,
)
# What ends the bot though nothing is wrong with it.
PASSING = (connect.DeafError, SlackClientError, aiohttp.ClientError, TimeoutError)
SECOND, DAY = timedelta(seconds=1), timedelta(days=1)


async def run_bot(settings: BotSettings, stop: asyncio.Event) -> None:
    """Answer Slack until `stop` is set. Raises MistakeError, or what a restart may mend."""
    _require_secrets(settings)
    async with aiohttp.ClientSession() as session:
        client = _client(settings, session)
        client.retry_handlers.append(AsyncRateLimitErrorRetryHandler(max_retry_count=2))
        team = await _introduce(client)
        office = Office(
            settings=settings,
            client=client,
            serving=Serving(settings.data_dir),
            clock=_utc_now,
            bot_user=team["user_id"],
        )
        outbox = Outbox(
            data_dir=settings.data_dir,
            client=_client(settings, session),
            clock=_utc_now,
            guards=guards_of(office, FEATURES),
            default_language=settings.language,
        )
        ticks = Ticks()
        ticks.every(SECOND, "outbox", outbox.flush)
        ticks.every(SECOND, "live", partial(live.refresh, office))
        ticks.every(DAY, "purge", partial(_purge, settings))
        ticks.every(DAY, "warm", partial(answer.warm, office))
        for feature in FEATURES:
            for name, due in feature.ticks.items():
                ticks.every(due.every, name, partial(due.work, office))
        desk = app.Desk(office, FEATURES, after=partial(ticks.soon, "outbox"))
        bolt = app.build(
            office, desk, signing_secret=_plain(settings.slack_signing_secret), team=team
        )
        # What was loaded stays: going through it all again and again stalls acks by 300 ms.
        gc.collect()
        gc.freeze()
        async with ticks:
            await _until(stop, app.reach(bolt, office))
            await desk.finish()
        await outbox.close()
        office.serving.close()


def guards_of(office: Office, features: Iterable[Feature]) -> dict[str, Guard]:
    """Give what the features ask before a delivery goes, by the first part of its key."""
    return {
        name: partial(guard, office)
        for feature in features
        for name, guard in feature.guards.items()
    }


def _require_secrets(settings: BotSettings) -> None:
    """Refuse to start without what the chosen mode needs."""
    needed = {"SLACK_BOT_TOKEN": settings.slack_bot_token}
    if settings.slack_mode == "socket":
        needed["SLACK_APP_TOKEN"] = settings.slack_app_token
    else:
        needed["SLACK_SIGNING_SECRET"] = settings.slack_signing_secret
    missing = [name for name, secret in needed.items() if not secret.get_secret_value()]
    if missing:
        raise MistakeError(
            f"{' and '.join(missing)} must be set, in .env or in the environment. "
            "docs/install.md says where Slack shows them; `coach try` needs none."
        )


def _client(settings: BotSettings, session: aiohttp.ClientSession) -> AsyncWebClient:
    """Make a client that retries nothing: a call whose reply was lost may have worked."""
    return AsyncWebClient(
        token=_plain(settings.slack_bot_token),
        base_url=settings.slack_api_url,
        session=session,
        retry_handlers=[],
    )


async def _introduce(client: AsyncWebClient) -> dict[str, Any]:
    try:
        return cast("dict[str, Any]", (await client.auth_test()).data)
    except SlackApiError as error:
        if words(error) in {"invalid_auth", "not_authed", "account_inactive", "token_revoked"}:
            raise MistakeError(
                f"Slack refuses SLACK_BOT_TOKEN ({words(error)}). Copy it again from Install App."
            ) from None
        raise


async def _until(stop: asyncio.Event, work: Coroutine[Any, Any, None]) -> None:
    """Run `work` until it ends by an error, which is raised, or until `stop` is set."""
    working, stopped = asyncio.create_task(work), asyncio.create_task(stop.wait())
    await asyncio.wait([working, stopped], return_when=asyncio.FIRST_COMPLETED)
    if working.done():
        stopped.cancel()
        await working
        return
    working.cancel()
    await asyncio.gather(working, return_exceptions=True)


async def _purge(settings: BotSettings) -> None:
    await asyncio.to_thread(tick.purge, settings.data_dir, _utc_now)


def _plain(secret: SecretStr) -> str:
    return secret.get_secret_value()


def _utc_now() -> datetime:
    return datetime.now(UTC)
