"""Take a mention that is no command, where a channel lets a model answer it."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

from bot.asking import Asker, Office, RefusalError
from bot.chat import bounds
from bot.rights import refuse_guest
from bot.sentiment.messages import readable
from storage import chats
from storage.answering import Mention
from storage.database import immediate, opened

KEY = "chat:"  # begins the keys of what a model wrote


async def take(office: Office, asker: Asker, event: Mapping[str, Any]) -> bool:
    """Note a mention that a model is to answer; False where none answers in its channel.

    Raise RefusalError where it is too much: then it is not answered.
    """
    return await asyncio.to_thread(_take, office, asker, event)


def _take(office: Office, asker: Asker, event: Mapping[str, Any]) -> bool:
    ts = str(event["ts"])
    mention = Mention(
        key=f"{KEY}{asker.channel}:{ts}",
        channel=asker.channel,
        thread_ts=str(event.get("thread_ts") or ts),
        ts=ts,
        user=asker.user,
        at=office.clock(),
    )
    with opened(office.settings.data_dir) as db:
        if not readable(str(event["text"])) or chats.get(db, asker.channel) is None:
            return False
        refuse_guest(office, asker)
        with immediate(db):
            known = chats.known(db, since=mention.at - bounds.HOUR)
            if objection := bounds.objection(mention, known):
                raise RefusalError(objection)
            chats.add(db, mention)
    return True
