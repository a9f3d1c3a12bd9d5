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
from bot.monitor.course import Begun, Lasting, Step
from bot.monitor.surge import Surge
from bot.report import files
from bot.sentiment import poles
from storage import alerts, deliveries, members, monitors
from storage.answering import Alert, HourlyCount, Monitor
from storage.database import immediate, opened
from storage.records import Delivery, Json

log = logging.getLogger(__name__)

EVERY = timedelta(minutes=5)
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
    for step in steps:
        with immediate(db), language.use(_spoken(office, db, monitor)):
            _apply(office, db, monitor, step, counts)


def _apply(
    office: Office, db: Database, monitor: Monitor, step: Step, counts: Sequence[HourlyCount]
) -> None:
    """Note a step and put what it has to be told into the outbox, all in one transaction."""
    now = office.clock()
    if isinstance(step, Begun):
        found = _figures(db, monitor, step.topic, step.surge, counts)
        began = step.surge.began_at
        alert = alerts.add(
            db, monitor=monitor.id, topic=step.topic, began_at=began, **found, now=now
        )
        if alert is not None:
            _tell(office, db, monitor, alert, counts)
    elif isinstance(step, Lasting):
        found = _figures(db, monitor, step.alert.topic, step.surge, counts)
        alerts.update(db, step.alert.id, **found)
    elif alerts.end(db, step.alert.id, now=now):
        said = alert_card.say_over(replace(step.alert, ended_at=now), monitor)
        _put(office, db, step.alert, channel=monitor.channel, what="over", body={"text": said})


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


def _tell(
    office: Office, db: Database, monitor: Monitor, alert: Alert, counts: Sequence[HourlyCount]
) -> None:
    body = alert_card.message(alert, monitor, alerts.drivers(db, alert))
    deliveries.put(
        db,
        key=f"alert:{alert.id}",
        channel=monitor.channel,
        body=body,
        shown=_digest(body),
        now=office.clock(),
    )
    member = members.get(db, monitor.created_by)
    hours = trend_chart.steps(
        "hour", DRAWN, now=office.clock(), zone=member.zone if member else "UTC"
    )
    drawn = trend_chart.sum_up(course.by_topic(counts), hours)
    of_it = [one for one in drawn if one.topic == alert.topic]
    others = [one for one in drawn if one.topic != alert.topic and one.volume]
    picture = trend_chart.draw([*of_it, *others], "hour")
    file = files.keep_picture(
        office.settings.data_dir, f"alert-{alert.id}", picture, title=tr("Trend by topic")
    )
    _put(office, db, alert, channel=monitor.channel, what="trend", body=file)


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
