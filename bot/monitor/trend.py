"""Show a monitor's trend: the share of negatives by topic, in words and as pictures."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from bot import blocks, figures
from bot.asking import Asker, Block, Office, RefusalError, Reply
from bot.commands.sentiment import ShowTrend
from bot.language import tr, trn
from bot.monitor import audience, course, trend_chart, trouble, watch
from bot.monitor.surge import Hour
from bot.monitor.trend_chart import Step, Trend
from bot.report import files
from bot.wording import escape
from storage import deliveries, members, monitors
from storage.answering import Monitor
from storage.database import opened
from trainer.spec import Interval

WEEK = timedelta(days=7)
PICTURES: dict[Step, int] = {"day": 28, "hour": 48}  # steps of each
TOPICS = 12  # told in words


async def show(office: Office, asker: Asker, command: ShowTrend) -> Reply:
    """Tell a monitor's trend to whoever may read what it reads; the pictures come as messages."""
    monitor = await asyncio.to_thread(_find, office, command.number)
    await audience.require_reader(office, asker, monitor)
    return await asyncio.to_thread(_show, office, asker, monitor)


def _find(office: Office, number: int) -> Monitor:
    with opened(office.settings.data_dir) as db:
        return watch.find(db, number)


def _show(office: Office, asker: Asker, monitor: Monitor) -> Reply:
    now = office.clock()
    with opened(office.settings.data_dir) as db:
        since = now - timedelta(days=PICTURES["day"])
        topics = course.by_topic(monitors.series(db, monitor.id, since=since, until=now))
        member = members.get(db, asker.user)
    if not topics:
        raise RefusalError(
            tr(
                "Monitor {number} has read nothing in four weeks. `/sentiment monitor list` shows "
                "how it is doing.",
                number=monitor.id,
            )
        )
    zone = member.zone if member else "UTC"
    for step in PICTURES:
        _send(office, asker, monitor, step, _sum_up(topics, step, now=now, zone=zone))
    return card(monitor, topics, now=now)


def _sum_up(topics: course.Topics, step: Step, *, now: datetime, zone: str) -> list[Trend]:
    starts = trend_chart.steps(step, PICTURES[step], now=now, zone=zone)
    return [one for one in trend_chart.sum_up(topics, starts) if one.volume]


def _send(
    office: Office, asker: Asker, monitor: Monitor, step: Step, trends: Sequence[Trend]
) -> None:
    """Send a picture to the asker alone, where there is something to draw."""
    if not trends:
        return
    picture = trend_chart.draw(trends, step)
    title = tr("Negatives by day") if step == "day" else tr("Negatives by hour")
    name = f"monitor-{monitor.id}-by-{step}"
    body = files.keep_picture(office.settings.data_dir, name, picture, title=title)
    with opened(office.settings.data_dir) as db:
        deliveries.put(
            db,
            key=f"trend:{asker.key}:{step}",
            kind="file",
            channel=asker.user,
            body=body,
            now=office.clock(),
        )


# --- pure -----------------------------------------------------------------------------------


def card(monitor: Monitor, topics: Mapping[str, Sequence[Hour]], *, now: datetime) -> Reply:
    """Tell the last seven days of each topic against the seven before, the largest first."""
    title = tr(
        "Negatives in {source} over the last 7 days, against the 7 days before",
        source=trouble.name_source(monitor),
    )
    told = [
        (_between(hours, now - WEEK, now), _between(hours, now - 2 * WEEK, now - WEEK), name)
        for name, hours in topics.items()
    ]
    lines = [_say(name, *both) for *both, name in sorted(told, reverse=True)[:TOPICS]]
    small = tr("Pictures by day and by hour are in our direct messages.")
    said = "\n".join(lines)
    shown: list[Block] = [
        blocks.section(f"*{title}*"),
        blocks.section(said),
        blocks.context(small),
    ]
    return Reply(blocks.cut(f"{title}\n{said}\n{small}", blocks.SECTION), shown)


def _between(hours: Sequence[Hour], start: datetime, end: datetime) -> tuple[int, int]:
    """Count texts and negatives of the hours that begin in a time."""
    within = [hour for hour in hours if start <= hour.at < end]
    return sum(hour.texts for hour in within), sum(hour.negatives for hour in within)


def _say(topic: str, now: tuple[int, int], before: tuple[int, int]) -> str:
    named = escape(trend_chart.name(topic))
    if not now[0]:
        return tr("• {topic}: no texts", topic=named)
    said = trn(
        "• {topic}: {negatives:,} of {count} text, {share}",
        "• {topic}: {negatives:,} of {count:,} texts, {share}",
        now[0],
        topic=named,
        negatives=now[1],
        share=_share(*now),
    )
    if not before[0]:
        return said
    return tr("{now}; before {before}", now=said, before=_share(*before))


def _share(texts: int, negatives: int) -> str:
    low, high = trend_chart.interval([negatives], [texts])
    return figures.interval(
        Interval(value=negatives / texts, low=float(low[0]), high=float(high[0]))
    )
