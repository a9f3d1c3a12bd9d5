"""Thanks, said in public: no points, nobody ranked."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from typing import Any

from slack_sdk.errors import SlackApiError
from sqlite_utils import Database

from bot import blocks, language
from bot.asking import Asker, Block, Office, RefusalError, Reply
from bot.commands.team import Thanks
from bot.language import tr
from bot.wording import escape
from storage import channels, deliveries, jobs, thanks
from storage.database import immediate, opened
from storage.talent import ThankYou

WORDS = 500  # characters


async def say(office: Office, asker: Asker, command: Thanks) -> None:
    """Thank somebody in this channel."""
    if asker.channel.startswith("D"):
        raise RefusalError(tr("Thanks are for all to read: type it in a channel."))
    await _check(office, asker, command.to)
    words = command.words or ""
    await asyncio.to_thread(_put, office, asker, command.to, words, command.run)


async def open_form(office: Office, asker: Asker, value: str) -> None:
    """Open a form for `receiver job`, both chosen where the button stood."""
    receiver, _, run = value.partition(" ")
    view = form(receiver, run=run, channel=asker.channel)
    await office.client.views_open(trigger_id=asker.trigger_id or "", view=view)


def form(receiver: str, *, run: str, channel: str) -> Block:
    # From a direct message it is said elsewhere: thanks are public.
    here = channel if channel.startswith("C") else ""
    fields = [
        blocks.section(tr("Thank <@{receiver}>, for all to read.", receiver=receiver)),
        blocks.field("words", tr("For what"), blocks.text_input("words", multiline=True)),
        blocks.field(
            "channel", tr("Channel"), blocks.channel_select("channel", tr("Choose"), chosen=here)
        ),
    ]
    metadata = {"channel": channel, "receiver": receiver, "run": run}
    return blocks.modal("thanks", tr("Thanks"), fields, submit=tr("Thank"), metadata=metadata)


async def take_form(
    office: Office, asker: Asker, values: Mapping[str, Any], metadata: str
) -> Reply | None:
    meant = json.loads(metadata)
    receiver, run = str(meant["receiver"]), str(meant["run"])
    await _check(office, asker, receiver)
    words, channel = blocks.typed(values, "words"), blocks.typed(values, "channel")
    there = Asker(asker.key, asker.user, channel)
    await asyncio.to_thread(_put, office, there, receiver, words, int(run) if run else None)
    return None


def announce(thank: ThankYou) -> str:
    """Write what the channel reads."""
    who = {"sender": thank.sender, "receiver": thank.receiver}
    if thank.words and thank.run:
        return tr(
            ":clap: <@{sender}> thanks <@{receiver}> (job {run}): {words}",
            **who,
            run=thank.run,
            words=escape(thank.words),
        )
    if thank.words:
        return tr(
            ":clap: <@{sender}> thanks <@{receiver}>: {words}", **who, words=escape(thank.words)
        )
    if thank.run:
        return tr(":clap: <@{sender}> thanks <@{receiver}> for job {run}.", **who, run=thank.run)
    return tr(":clap: <@{sender}> thanks <@{receiver}>.", **who)


async def _check(office: Office, asker: Asker, receiver: str) -> None:
    """Raise RefusalError for thanks to oneself, to a bot or to nobody."""
    if receiver == asker.user:
        raise RefusalError(tr("Thanks go to somebody else."))
    try:
        found = (await office.client.users_info(user=receiver))["user"]
    except SlackApiError:
        raise RefusalError(tr("Slack knows nobody of that name here.")) from None
    if found.get("is_bot") or receiver == "USLACKBOT":
        raise RefusalError(tr("Thanks go to people; a bot has no use for them."))


def _put(office: Office, asker: Asker, receiver: str, words: str, run: int | None) -> None:
    """Keep the thanks and tell the channel, both or neither."""
    now = office.clock()
    with opened(office.settings.data_dir) as db, immediate(db):
        _check_run(db, run)
        said = thanks.give(
            db,
            sender=asker.user,
            receiver=receiver,
            words=words[:WORDS],
            channel=asker.channel,
            now=now,
            run=run,
        )
        with language.use(channels.speaks(db, asker.channel, default=office.settings.language)):
            text = announce(said)
        deliveries.put(
            db,
            key=f"thanks:{said.id}",
            channel=asker.channel,
            thread_ts=asker.thread_ts,
            user=asker.user,
            body={"text": text},
            now=now,
        )


def _check_run(db: Database, run: int | None) -> None:
    job = jobs.get(db, run) if run else None
    if run and (job is None or job.kind != "train"):
        raise RefusalError(tr("There is no job {run}. `/train list` shows the jobs.", run=run))
