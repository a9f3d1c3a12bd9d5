"""Choose whether a model that writes answers in a channel, and which one."""

from __future__ import annotations

import asyncio

from bot.asking import Asker, Office, RefusalError, Reply
from bot.chat.bounds import PER_CHANNEL, PER_PERSON
from bot.commands.coach import ChatOff, ChatOn
from bot.language import tr
from bot.report import rooms
from bot.wording import code
from storage import chats, models
from storage.database import opened
from storage.records import Model, Promotion


async def choose(office: Office, asker: Asker, command: ChatOn) -> Reply:
    """Let the model of an alias answer mentions in the channel where this is typed."""
    await _require_member(office, asker)
    return await asyncio.to_thread(_choose, office, asker, command.model)


async def end(office: Office, asker: Asker, _: ChatOff) -> Reply:
    """Let no model answer there any more."""
    await _require_member(office, asker)
    return await asyncio.to_thread(_end, office, asker)


def find(office: Office, alias: str) -> tuple[Promotion, Model]:
    """Find the model that writes under an alias. Raise RefusalError where there is none."""
    with opened(office.settings.data_dir) as db:
        found = models.serving(db, alias)
    if found is None:
        raise RefusalError(
            tr(
                "No model serves {alias}. `/train <dataset> task=generation` trains one that "
                "writes, on questions and answers; `/train promote 12 as={name}` lets job 12's "
                "serve.",
                alias=code(alias),
                name=alias,
            )
        )
    if found[1].task != "generation":
        raise RefusalError(
            tr(
                "{alias} serves {task}: that model can't write. `/coach chat on model=…` takes the "
                "name of one that can.",
                alias=code(alias),
                task=found[1].task,
            )
        )
    return found


async def _require_member(office: Office, asker: Asker) -> None:
    """Raise RefusalError unless the asker and Coach are both in this channel."""
    room = await rooms.find(office, asker.channel)
    if room is None or not room.has_coach or asker.channel.startswith("D"):
        raise RefusalError(
            tr("This works in a channel that I am in: type `/invite @Coach` there first.")
        )
    if asker.user not in room.members:
        raise RefusalError(tr("Only somebody who is in this channel may choose that."))


def _choose(office: Office, asker: Asker, alias: str) -> Reply:
    promotion, model = find(office, alias)
    with opened(office.settings.data_dir) as db:
        chosen = chats.choose(db, asker.channel, alias, by=asker.user, now=office.clock())
    if not chosen:
        return Reply(tr("{alias} answers here already.", alias=code(alias)))
    return Reply(
        tr(
            "<@{user}> let {alias} answer here (v{version}, model {number}). Mention me with a "
            "question, in a thread or not: I answer in the thread, from what was last said in it. "
            "A model writes that, so check it before you rely on it. It answers {person} mentions "
            "an hour of one person, {channel} of this channel. `/coach chat off` ends it.",
            user=asker.user,
            alias=code(alias),
            version=promotion.version,
            number=model.id,
            person=PER_PERSON,
            channel=PER_CHANNEL,
        ),
        public=True,
    )


def _end(office: Office, asker: Asker) -> Reply:
    with opened(office.settings.data_dir) as db:
        ended = chats.choose(db, asker.channel, None, by=asker.user, now=office.clock())
    if not ended:
        return Reply(tr("No model answers here."))
    return Reply(tr("<@{user}> ended it: no model answers here.", user=asker.user), public=True)
