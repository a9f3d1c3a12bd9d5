"""Tell the sentiment of a thread, message by message: to whoever asks in it, or to all in it."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence

from slack_sdk.errors import SlackApiError

from bot import blocks
from bot.answers import words
from bot.asking import Asker, Block, Office, RefusalError, Reply
from bot.language import tr, trn
from bot.sentiment import answer, judged, messages
from bot.sentiment.answer import Source
from bot.sentiment.card import draw_labels, quote
from bot.sentiment.judged import Judged
from bot.wording import escape

MOST = 500  # messages answered
LINES, QUOTED = 40, 60  # messages told one by one; characters of each
PUBLIC = {"public", "公开"}
HIDDEN = {"not_in_channel", "channel_not_found", "thread_not_found", "missing_scope"}


async def tell(office: Office, asker: Asker, *, alias: str, public: bool) -> Reply:
    """Answer what people said in the thread that Coach was mentioned in."""
    source = await answer.find(office, alias)
    try:
        said = await messages.of_thread(
            office.client, asker.channel, asker.thread_ts or "", coach=office.bot_user, most=MOST
        )
    except SlackApiError as error:
        if words(error) not in HIDDEN:
            raise
        raise RefusalError(
            tr("I can't read this thread: type `/invite @Coach` in its channel first.")
        ) from None
    if not said:
        raise RefusalError(tr("Nobody has said anything in this thread yet."))
    answered = await answer.ask(office, alias, [one.text for one in said])
    found = [Judged(*pair) for pair in zip(said, answered.predictions, strict=True)]
    names = await messages.names(office.client, said) if public else {}
    notes = await asyncio.to_thread(judged.note_languages, found, source.languages)
    return card(found, source, names=names, notes=notes, public=public)


def card(
    found: Sequence[Judged],
    source: Source,
    *,
    names: Mapping[str, str],
    notes: Sequence[str],
    public: bool,
) -> Reply:
    """Sum a thread up, with a line a message.

    In public people are named by `names`, user -> name: a mention would call them.
    """
    title = trn(
        "*Sentiment of this thread*, {count} message",
        "*Sentiment of this thread*, {count:,} messages",
        len(found),
    )
    drawn = draw_labels([label for one in found for label in one.labels])
    trend = judged.say_trend(found)
    lines = [_line(one, names) for one in found[:LINES]]
    rest = len(found) - len(lines)
    more = [tr("and {count} more", count=f"{rest:,}")] if rest else []
    shown: list[Block] = [
        blocks.section(f"{title}\n```{escape(drawn)}```"),
        *([blocks.section(trend)] if trend else []),
        *_sections([*lines, *more]),
        *(blocks.context(f":warning: {note}") for note in notes),
        blocks.context(escape(source.name)),
    ]
    text = "\n".join(
        filter(None, [title.replace("*", ""), escape(drawn), trend, *notes, *lines, *more])
    )
    return Reply(blocks.cut(text, blocks.SECTION), shown, public=public)


def _line(one: Judged, names: Mapping[str, str]) -> str:
    return tr(
        "• {author}: *{label}*, {share:.0%} — {text}",
        author=escape(names[one.said.author]) if names else f"<@{one.said.author}>",
        label=escape(one.label),
        share=one.prediction.confidence,
        text=quote(one.said.text, QUOTED),
    )


def _sections(lines: Sequence[str]) -> list[Block]:
    """Put lines into sections of which none is cut."""
    a_section = 10
    return [
        blocks.section("\n".join(lines[start : start + a_section]))
        for start in range(0, len(lines), a_section)
    ]
