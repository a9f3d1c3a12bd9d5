"""How often a model answers: an hour's bounds by channel and person, one answer a thread at a time."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from bot.language import tr, trn
from storage.answering import Mention

HOUR = timedelta(hours=1)
PER_CHANNEL, PER_PERSON = 20, 6  # mentions in an hour
MOST_WAITING = 5  # mentions, in all channels: an answer takes seconds


def objection(mention: Mention, known: Sequence[Mention]) -> str | None:
    """Say why a mention is not answered now; None where it is.

    `known` are the other mentions of the last hour, and all that wait.
    """
    waiting = [one for one in known if one.answered_at is None]
    if any(one.thread_ts == mention.thread_ts for one in waiting):
        return tr("I am still writing in this thread. Mention me again once that answer is here.")
    if len(waiting) >= MOST_WAITING:
        return trn(
            "{count} answer has to be written before yours. Mention me again in a minute.",
            "{count} answers have to be written before yours. Mention me again in a minute.",
            len(waiting),
        )
    lately = [one for one in known if mention.at - one.at < HOUR]
    if sum(one.user == mention.user for one in lately) >= PER_PERSON:
        return tr(
            "A model has answered you {count} times within the hour, which is as often as it may. "
            "Mention me again later.",
            count=PER_PERSON,
        )
    if sum(one.channel == mention.channel for one in lately) >= PER_CHANNEL:
        return tr(
            "A model has answered {count} times here within the hour, which is as often as it may. "
            "Mention me again later.",
            count=PER_CHANNEL,
        )
    return None
