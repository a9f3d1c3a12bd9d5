"""Tell the sentiment of a channel over a period, to someone who is in it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from slack_sdk.errors import SlackClientError

from bot import blocks
from bot.answers import words
from bot.asking import Asker, Block, Office, RefusalError, Reply
from bot.commands.sentiment import SentimentOf
from bot.language import tr, trn
from bot.report import rooms
from bot.sentiment import answer, judged, long_text, messages, mood_chart, period
from bot.sentiment.answer import Source
from bot.sentiment.card import draw_labels, quote
from bot.sentiment.judged import Judged
from bot.sentiment.period import Period
from bot.wording import escape
from storage import members
from storage.database import opened

log = logging.getLogger(__name__)

MOST = 2_000  # messages answered: some ten pages
QUOTED = 300  # characters of a message
DRAWN = 10  # messages, from which on there is a chart


@dataclass(frozen=True)
class Asked:
    """What is told of: a channel over days of a zone (IANA)."""

    channel: str
    period: Period
    zone: str


async def tell(office: Office, asker: Asker, command: SentimentOf) -> Reply:
    """Answer what people said in a channel, where the asker is in it now."""
    asked = await asyncio.to_thread(_read, office, asker, command)
    source = await answer.find(office, command.model)
    await _require_member(office, asker, command.channel)
    first, over = asked.period.bounds(asked.zone)
    said = await messages.of_channel(
        office.client, command.channel, first, over, coach=office.bot_user, most=MOST
    )
    if not said:
        raise RefusalError(
            tr(
                "Nobody said anything in <#{channel}> in {period}; replies in threads are not "
                "counted.",
                channel=asked.channel,
                period=period.say(asked.period),
            )
        )
    answered = await answer.ask(office, command.model, [one.text for one in said])
    found = [Judged(*pair) for pair in zip(said, answered.predictions, strict=True)]
    links = await _link(office, asked.channel, [one for _, one in long_text.telling(found)])
    charted = await _send_chart(office, asker, found, asked)
    notes = await asyncio.to_thread(judged.note_languages, found, source.languages)
    notes += _notes(found, charted=charted)
    return card(found, source, asked, links=links, notes=notes)


def _read(office: Office, asker: Asker, command: SentimentOf) -> Asked:
    with opened(office.settings.data_dir) as db:
        member = members.get(db, asker.user)
    zone = member.zone if member else "UTC"
    today = office.clock().astimezone(ZoneInfo(zone)).date()
    return Asked(command.channel, period.read(command.period, today=today), zone)


async def _require_member(office: Office, asker: Asker, channel: str) -> None:
    """Raise RefusalError unless both Coach and the asker are in the channel at this moment."""
    room = await rooms.find(office, channel)
    if room is not None and asker.user not in room.members:
        raise RefusalError(
            tr("You are not in <#{channel}>: name a channel that you are in.", channel=channel)
        )
    if room is None or not room.has_coach:
        raise RefusalError(
            tr("I am not in <#{channel}>: type `/invite @Coach` there first.", channel=channel)
        )


async def _link(office: Office, channel: str, found: Sequence[Judged]) -> dict[str, str]:
    """Give links to messages by their ts; one that is gone has none."""
    links: dict[str, str] = {}
    for one in found:
        try:
            got = await office.client.chat_getPermalink(channel=channel, message_ts=one.said.ts)
            links[one.said.ts] = got["permalink"]
        except SlackClientError as error:
            log.warning("a message has no link", extra={"why": words(error)})
    return links


async def _send_chart(office: Office, asker: Asker, found: Sequence[Judged], asked: Asked) -> bool:
    """Send a picture of the days to the asker alone, where there is something to draw."""
    days = judged.by_day(found, asked.zone)
    if len(found) < DRAWN or len(days) < 2:  # noqa: PLR2004 - one day is one bar
        return False
    picture = await asyncio.to_thread(mood_chart.draw, days, period.say(asked.period))
    try:
        opened_with = await office.client.conversations_open(users=asker.user)
        await office.client.files_upload_v2(
            channel=opened_with["channel"]["id"],
            content=picture.png,
            filename="sentiment.png",
            title=tr("Sentiment by day"),
            alt_txt=picture.alt,
        )
    except SlackClientError as error:
        log.warning("a chart was refused", extra={"why": words(error)})
        return False
    return True


# --- pure -----------------------------------------------------------------------------------


def card(
    found: Sequence[Judged],
    source: Source,
    asked: Asked,
    *,
    links: Mapping[str, str],
    notes: Sequence[str],
) -> Reply:
    """Sum a channel up: labels, days, what tells most, and what was not read."""
    title = trn(
        "*Sentiment in <#{channel}>*, {period} ({zone}): {count} message",
        "*Sentiment in <#{channel}>*, {period} ({zone}): {count:,} messages",
        len(found),
        channel=asked.channel,
        period=period.say(asked.period),
        zone=asked.zone,
    )
    drawn = draw_labels([label for one in found for label in one.labels])
    days = judged.by_day(found, asked.zone)
    tables = [drawn, judged.draw_days(days)] if len(days) > 1 else [drawn]
    quotes = [_quote(label, one, links) for label, one in long_text.telling(found)]
    small = " · ".join([*notes, escape(source.name)])
    shown: list[Block] = [
        blocks.section(title),
        *(blocks.section(f"```{escape(table)}```") for table in tables),
        *map(blocks.section, quotes),
        blocks.context(small),
    ]
    text = "\n".join([title.replace("*", ""), *map(escape, tables), *quotes, small])
    return Reply(blocks.cut(text, blocks.SECTION), shown)


def _quote(label: str, one: Judged, links: Mapping[str, str]) -> str:
    told = {
        "label": escape(label),
        "share": one.prediction.probabilities[label],
        "author": f"<@{one.said.author}>",
        "text": quote(one.said.text, QUOTED),
    }
    link = links.get(one.said.ts)
    if link is None:
        return tr("Most *{label}* ({share:.0%}), {author}\n> {text}", **told)
    return tr(
        "Most *{label}* ({share:.0%}), {author}, <{link}|message>\n> {text}", **told, link=link
    )


def _notes(found: Sequence[Judged], *, charted: bool) -> list[str]:
    notes = [tr("Replies in threads are not counted.")]
    if len(found) == MOST:
        notes.append(
            tr("These are the newest {count:,} messages: name a shorter time.", count=MOST)
        )
    if charted:
        notes.append(tr("A chart by day is in our direct messages."))
    return notes
