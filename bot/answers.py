"""Answer a request: do it once, turn every error into words, and say what came of it."""

from __future__ import annotations

import asyncio
import logging
import secrets
import traceback
from collections.abc import Awaitable, Callable
from typing import Any

from slack_sdk.errors import SlackClientError
from slack_sdk.http_retry.builtin_async_handlers import AsyncRateLimitErrorRetryHandler
from slack_sdk.web.async_slack_response import AsyncSlackResponse
from slack_sdk.webhook.async_client import AsyncWebhookClient

from bot import language, newcomers, readers
from bot.asking import Asker, Office, RefusalError, Reply
from bot.language import tr
from storage import requests
from storage.database import opened

log = logging.getLogger(__name__)

Say = Callable[[Office, Asker, Reply | None], Awaitable[None]]
TOO_LATE = {"expired_trigger_id", "exchanged_trigger_id", "trigger_expired", "trigger_exchanged"}


async def say(office: Office, asker: Asker, reply: Reply | None) -> None:
    """Give a reply by the response_url, else by a message in the channel, else by a direct one."""
    if reply is None:
        return
    for way in (_by_response_url, _in_channel, _in_direct_message):
        try:
            if await way(office, asker, reply):
                return
        except (SlackClientError, OSError, TimeoutError) as error:
            log.warning("an answer was refused", extra={"way": way.__name__, "why": words(error)})
    log.error("an answer reached no one", extra={"request": asker.key})


async def answer(
    office: Office, asker: Asker, work: Callable[[], Awaitable[Reply | None]], say: Say = say
) -> None:
    """Do the work of a request that was not seen before, and say what came of it; never raises.

    All of it speaks the asker's language.
    """
    spoken: str = office.settings.language  # until the asker is known
    try:
        if not await asyncio.to_thread(_is_first, office, asker.key):
            return
        await newcomers.meet(office, asker)
        spoken = await asyncio.to_thread(spoken_by, office, asker.user)
        with language.use(spoken):
            reply = await work()
    except RefusalError as refusal:
        reply = Reply(str(refusal))
    except Exception as error:  # noqa: BLE001 - the one place where unknown errors become words
        with language.use(spoken):
            reply = _own_up(error)
    await say(office, asker, reply)


async def overhear(work: Callable[[], Awaitable[object]]) -> None:
    """Do what follows from something that was not said to Coach; never raises."""
    try:
        await work()
    except Exception as error:  # noqa: BLE001 - whoever spoke must not read of it
        log.error("what was overheard is lost (%s)\n%s", words(error), trace(error))  # noqa: TRY400


def spoken_by(office: Office, user: str) -> str:
    """Give the language of whoever asks."""
    with opened(office.settings.data_dir) as db:
        return readers.person_speaks(db, user, default=office.settings.language)


def words(error: BaseException) -> str:
    """Name an error without what someone typed: Slack's error name, else the type."""
    response = getattr(error, "response", None)
    named = response.get("error") if isinstance(response, AsyncSlackResponse) else None
    return str(named or type(error).__name__)


def trace(error: BaseException) -> str:
    """Tell where an error came from, without its message: that may hold what someone typed."""
    return "".join(traceback.format_tb(error.__traceback__)) + type(error).__name__


def _is_first(office: Office, key: str) -> bool:
    with opened(office.settings.data_dir) as db:
        return requests.is_first(db, key, now=office.clock())


def _own_up(error: Exception) -> Reply:
    if words(error) in TOO_LATE:
        return Reply(
            tr("Slack gives three seconds to open a form, and they were over. Try it again.")
        )
    reference = secrets.token_hex(4)
    log.error("request failed, reference %s (%s)\n%s", reference, words(error), trace(error))
    return Reply(
        tr(
            "Something went wrong here, reference `{reference}`. Try it once more; if it happens "
            "again, give an admin the reference: the log has the cause under it.",
            reference=reference,
        )
    )


# --- three ways to say it -------------------------------------------------------------------


async def _by_response_url(office: Office, asker: Asker, reply: Reply) -> bool:
    if asker.response_url is None:
        return False
    webhook = AsyncWebhookClient(
        asker.response_url,
        timeout=10,
        session=office.client.session,
        retry_handlers=[AsyncRateLimitErrorRetryHandler()],
    )
    # An answer below a message stays in its thread.
    thread = {"thread_ts": asker.thread_ts} if asker.thread_ts else {}
    kind = "in_channel" if reply.public else "ephemeral"
    body = _content(reply) | thread | {"response_type": kind, "replace_original": reply.replace}
    return (await webhook.send_dict(body)).status_code == 200  # noqa: PLR2004 - HTTP's OK


async def _in_channel(office: Office, asker: Asker, reply: Reply) -> bool:
    if not asker.channel:
        return False
    content = _content(reply) | {"channel": asker.channel}
    if reply.replace and (ts := asker.message.get("ts")):
        await office.client.chat_update(**content, ts=ts)
    elif reply.public:
        await office.client.chat_postMessage(**content, thread_ts=asker.thread_ts)
    else:
        thread_ts = asker.thread_ts
        await office.client.chat_postEphemeral(**content, user=asker.user, thread_ts=thread_ts)
    return True


async def _in_direct_message(office: Office, asker: Asker, reply: Reply) -> bool:
    await office.client.chat_postMessage(**_content(reply), channel=asker.user)
    return True


def _content(reply: Reply) -> dict[str, Any]:
    return {"text": reply.text} | ({"blocks": reply.blocks} if reply.blocks else {})
