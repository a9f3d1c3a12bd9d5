"""What was read where Coach watches, for the report on sentiment: by monitor and topic; pure."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence

from bot import figures
from bot.language import trn
from bot.monitor import reading, trouble
from bot.sentiment import poles
from bot.wording import escape
from storage.answering import AlertCount, MonitoredCount

LINES = 12  # monitors and topics, those with the most texts


def is_for(count: MonitoredCount, channel: str) -> bool:
    """Tell whether a channel may read of it: of another channel only what is told here anyway."""
    return count.kind != "channel" or channel in {count.source, count.channel}


def say(counts: Sequence[MonitoredCount], raised: Sequence[AlertCount] = ()) -> list[str]:
    """Say of each monitor's topics how many texts were negative, and of all how many surges."""
    labels: defaultdict[tuple[int, str], Counter[str]] = defaultdict(Counter)
    sources = {count.monitor: trouble.name_source(count) for count in counts}
    for count in counts:
        labels[count.monitor, count.topic][count.label] += count.n
    most = sorted(labels.items(), key=lambda pair: -pair[1].total())[:LINES]
    lines = [_say(sources[number], topic, found) for (number, topic), found in most]
    of_these = [count for count in raised if count.monitor in sources]
    return [*lines, _say_raised(of_these)] if of_these else lines


def _say_raised(raised: Sequence[AlertCount]) -> str:
    return trn(
        "• {count:,} surge of negatives was told; false alarms among them: {false:,}",
        "• {count:,} surges of negatives were told; false alarms among them: {false:,}",
        sum(count.n for count in raised),
        false=sum(count.false for count in raised),
    )


def _say(source: str, topic: str, labels: Counter[str]) -> str:
    negative = poles.negative(labels)
    share = figures.percent(labels[negative] / labels.total() if negative else 0)
    if topic == reading.ALL:
        return trn(
            "• {source}: {count:,} text, {share} negative",
            "• {source}: {count:,} texts, {share} negative",
            labels.total(),
            source=source,
            share=share,
        )
    return trn(
        "• {source}, “{topic}”: {count:,} text, {share} negative",
        "• {source}, “{topic}”: {count:,} texts, {share} negative",
        labels.total(),
        source=source,
        topic=escape(topic),
        share=share,
    )
