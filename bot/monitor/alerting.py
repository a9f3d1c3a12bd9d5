"""Tell surges: one message each, edited while it lasts, with its trend and its end in the thread."""

from __future__ import annotations

import asyncio
import hashlib
import json
import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from slack_sdk.errors import SlackClientError
from sqlite_utils import Database

from bot import language, readers
from bot.answers import trace, words
from bot.asking import Office
from bot.language import tr
from bot.monitor import alert_card, audience, course, trend_chart
from bot.monitor.course import Begun, Lasting
from bot.monitor.surge import Surge
from bot.report import files
from bot.sentiment import poles
from storage import alerts, deliveries, members, monitors
from storage.answering import Alert, HourlyCount, Monitor
from storage.database import immediate, opened
from storage.records import Delivery, Json

log = logging.getLogger(__name__)

EVERY = timedelta(minutes=5)
SHOW_EVERY = timedelta(seconds=10)
SHOWN = timedelta(days=2)  # after an alert's end, while its message is kept true
DRAWN = 72  # hours


@dataclass(frozen=True)
class Edit:
    """What an alert's message should show from now on."""

    monitor: Monitor
    delivery: Delivery
    body: Json


async def look(office: Office) -> None:
    """Decide what the counts mean now, and tell it."""
    await asyncio.to_thread(_look, office)
    await refresh(office)


async def refresh(office: Office) -> None:
    """Bring the messages of alerts up to what the records say; never raises for Slack's sake."""
    for edit in await asyncio.to_thread(_compare, office):
        if await audience.why_not(office, edit.monitor):
            continue
        try:
            await office.client.chat_update(
                channel=edit.delivery.sent_to or "", ts=edit.delivery.ts or "", **edit.body
            )
        except (SlackClientError, OSError, TimeoutError) as error:
            log.warning("%s was not edited: %s", edit.delivery.key, words(error))
            continue
        await asyncio.to_thread(_note, office, edit)


async def guard(office: Office, delivery: Delivery) -> str | None:
    """Say why an alert must not go to its channel, where who is there may have changed."""
    monitor = await asyncio.to_thread(_monitor_of, office, delivery.key)
    return await audience.why_not(office, monitor) if monitor else "there is no such alert"


# --- decide and tell ------------------------------------------------------------------------


def _look(office: Office) -> None:
    with opened(office.settings.data_dir) as db:
        alerts.end_of_stopped(db, now=office.clock())
        for monitor in monitors.all_open(db):
            try:
                _follow(office, db, monitor)
            except Exception as error:  # noqa: BLE001 - one monitor never costs another
                log.error("monitor %d can't be judged\n%s", monitor.id, trace(error))  # noqa: TRY400


def _follow(office: Office, db: Database, monitor: Monitor) -> None:
    now = office.clock()
    counts = monitors.series(db, monitor.id, since=now - course.PAST, until=now)
    raised = alerts.of_monitor(db, monitor.id, since=now - course.REMEMBERED)
    steps = course.follow(
        course.by_topic(counts), raised, alarms_a_month=monitor.alarms_a_month, now=now
    )
    with language.use(_spoken(office, db, monitor)):
        for step in steps:
            if isinstance(step, Begun):
                _begin(office, db, monitor, step, counts)
            elif isinstance(step, Lasting):
                found = _figures(db, monitor, step.alert.topic, step.surge, counts)
                alerts.update(db, step.alert.id, **found)
            else:
                _end(office, db, monitor, step.alert)


def _begin(
    office: Office, db: Database, monitor: Monitor, step: Begun, counts: Sequence[HourlyCount]
) -> None:
    """Raise an alert, and put its message and its trend into the outbox.

    The message goes without the texts, which come by an edit at once: the outbox keeps what it
    posts, and what people wrote must be forgotten when its time or they say so.
    """
    picture = _draw(office, db, monitor, step.topic, counts)  # before the lock: it takes a second
    found = _figures(db, monitor, step.topic, step.surge, counts)
    with immediate(db):
        alert = alerts.add(
            db,
            monitor=monitor.id,
            topic=step.topic,
            began_at=step.surge.began_at,
            **found,
            now=office.clock(),
        )
        if alert is None:
            return
        body = alert_card.message(alert, monitor, [])
        deliveries.put(
            db,
            key=f"alert:{alert.id}",
            channel=monitor.channel,
            body=body,
            shown=_digest(body),
            now=office.clock(),
        )
        _put(office, db, alert, channel=monitor.channel, what="trend", body=picture)


def _end(office: Office, db: Database, monitor: Monitor, alert: Alert) -> None:
    now = office.clock()
    with immediate(db):
        if alerts.end(db, alert.id, now=now):
            said = alert_card.say_over(replace(alert, ended_at=now), monitor)
            _put(office, db, alert, channel=monitor.channel, what="over", body={"text": said})


def _figures(
    db: Database, monitor: Monitor, topic: str, surge: Surge, counts: Sequence[HourlyCount]
) -> dict[str, Any]:
    labels = {count.label for count in counts if poles.negative([count.label])}
    keys = alerts.driving(db, monitor.id, topic=topic, labels=labels, since=surge.began_at)
    return {
        "negatives": surge.negatives,
        "texts": surge.texts,
        "expected": surge.expected,
        "drivers": keys,
    }


def _draw(
    office: Office, db: Database, monitor: Monitor, topic: str, counts: Sequence[HourlyCount]
) -> Json:
    """Draw the newest hours, the topic that surges first, for a delivery."""
    member = members.get(db, monitor.created_by)
    zone = member.zone if member else "UTC"
    hours = trend_chart.steps("hour", DRAWN, now=office.clock(), zone=zone)
    drawn = trend_chart.sum_up(course.by_topic(counts), hours)
    shown = [one for one in drawn if one.topic == topic or one.volume]
    picture = trend_chart.draw(sorted(shown, key=lambda one: one.topic != topic), "hour")
    name = f"monitor-{monitor.id}-surge"
    return files.keep_picture(office.settings.data_dir, name, picture, title=tr("Trend by topic"))


def _put(
    office: Office, db: Database, alert: Alert, *, channel: str, what: str, body: Json
) -> None:
    """Put something in the thread of an alert's message."""
    key = f"alert:{alert.id}"
    deliveries.put(
        db,
        key=f"{key}:{what}",
        kind="file" if "file" in body else "post",
        channel=channel,
        parent=key,
        body=body,
        now=office.clock(),
    )


# --- keep true ------------------------------------------------------------------------------


def _compare(office: Office) -> list[Edit]:
    """List the messages that show something else than they should."""
    edits = []
    with opened(office.settings.data_dir) as db:
        for alert in alerts.recent(db, since=office.clock() - SHOWN):
            monitor = monitors.get(db, alert.monitor)
            delivery = deliveries.get(db, f"alert:{alert.id}")
            if monitor is None or delivery is None or delivery.state != "sent":
                continue
            with language.use(_spoken(office, db, monitor)):
                body = alert_card.message(alert, monitor, alerts.drivers(db, alert))
            if delivery.shown != _digest(body):
                edits.append(Edit(monitor, delivery, body))
    return edits


def _note(office: Office, edit: Edit) -> None:
    with opened(office.settings.data_dir) as db:
        shown = _digest(edit.body)
        deliveries.mark_shown(db, edit.delivery.key, shown=shown, now=office.clock())


def _monitor_of(office: Office, key: str) -> Monitor | None:
    with opened(office.settings.data_dir) as db:
        alert = alerts.get(db, int(key.split(":")[1]))
        return monitors.get(db, alert.monitor) if alert else None


def _spoken(office: Office, db: Database, monitor: Monitor) -> str:
    by, usual = monitor.created_by, office.settings.language
    return readers.channel_speaks(db, monitor.channel, user=by, default=usual)


def _digest(body: Json) -> str:
    return hashlib.sha256(json.dumps(body, sort_keys=True).encode()).hexdigest()[:16]
