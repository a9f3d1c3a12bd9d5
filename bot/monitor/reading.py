"""Read texts for a monitor: topic and sentiment by its models, then redacted, kept and counted."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from bot.asking import Office, RefusalError
from bot.sentiment import answer
from storage import monitors
from storage.answering import Monitor, Monitored
from storage.database import opened
from trainer.intake.redaction import redact
from trainer.predict import Prediction

LONGEST = 4_000  # characters that are read and kept of a text
BATCH = 64  # texts; what was read stays read where the next ones fail
ALL, OTHER = "all", "other"  # topics: without a model of topics, and where it isn't sure


class NoModelError(Exception):
    """No model serves what a monitor asks, or its files are gone."""


@dataclass(frozen=True)
class Item:
    """A text as a monitor's source has it."""

    key: str  # the same each time the source tells of it
    at: datetime
    text: str
    link: str | None = None
    author: str | None = None  # of a channel alone, so that they can have it forgotten


async def note(office: Office, monitor: Monitor, items: Sequence[Item]) -> int:
    """Read texts, and keep and count them; gives how many were new or had changed.

    What is too old to be kept is left out: it could be counted again. Raise NoModelError, and
    `bot.sentiment.serving.BusyError` where people's questions go first: what isn't noted by then
    has to be brought again.
    """
    kept = timedelta(days=office.settings.monitored_kept_days)
    fresh = [item for item in items if office.clock() - kept < item.at and item.text.strip()]
    noted = 0
    for start in range(0, len(fresh), BATCH):
        batch = fresh[start : start + BATCH]
        texts = [item.text[:LONGEST] for item in batch]
        labels = await _classify(office, monitor.alias, texts)
        topics = await _classify(office, monitor.topics, texts) if monitor.topics else None
        read = [
            _join(monitor, item, label, topics[number] if topics else None, kept)
            for number, (item, label) in enumerate(zip(batch, labels, strict=True))
        ]
        noted += await asyncio.to_thread(_keep, office, monitor, read)
    return noted


async def _classify(office: Office, alias: str, texts: Sequence[str]) -> list[Prediction]:
    try:
        source = await answer.find(office, alias)
        return await office.serving.classify(source.path, texts)
    except (RefusalError, OSError):
        raise NoModelError from None


def _join(
    monitor: Monitor, item: Item, label: Prediction, topic: Prediction | None, kept: timedelta
) -> Monitored:
    return Monitored(
        monitor=monitor.id,
        key=item.key,
        at=item.at,
        topic=name_topic(topic),
        label=label.label,
        confidence=label.confidence,
        text=item.text[:LONGEST],
        keep_until=item.at + kept,
        link=item.link,
        author=item.author,
    )


def name_topic(topic: Prediction | None) -> str:
    """Name the topic of a text; pure."""
    if topic is None:
        return ALL
    return topic.label if topic.sure else OTHER


def _keep(office: Office, monitor: Monitor, read: Sequence[Monitored]) -> int:
    redacted = [replace(one, text=redact(one.text)) for one in read]
    with opened(office.settings.data_dir) as db:
        return monitors.note_texts(db, monitor.id, redacted)
