"""What people in an alert's channel say of it: seen, put off, or a false alarm."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta

from bot.asking import Asker, Office, RefusalError, Reply
from bot.language import tr
from bot.monitor import alert_card, alerting
from bot.report import rooms
from storage import alerts, monitors
from storage.alerts import Decision
from storage.answering import Alert, Monitor
from storage.database import opened


async def acknowledge(office: Office, asker: Asker, value: str) -> Reply:
    return await _decide(office, asker, int(value), "acknowledged")


async def snooze(office: Office, asker: Asker, value: str) -> Reply:
    """Put a topic off; the value is the alert's number and the hours."""
    number, hours = map(int, value.split())
    until = office.clock() + timedelta(hours=hours)
    return await _decide(office, asker, number, "snoozed", until=until)


async def call_false(office: Office, asker: Asker, value: str) -> Reply:
    return await _decide(office, asker, int(value), "false")


async def _decide(
    office: Office,
    asker: Asker,
    number: int,
    decision: Decision,
    *,
    until: datetime | None = None,
) -> Reply:
    _, monitor = await asyncio.to_thread(_find, office, number)
    await _require_member(office, asker, monitor)
    decided = await asyncio.to_thread(_note, office, asker, number, decision, until)
    alert, _ = await asyncio.to_thread(_find, office, number)
    if not decided:
        return Reply(alert_card.say_known(alert))
    await alerting.refresh(office)
    return Reply(alert_card.say_thanks(alert))


def _note(
    office: Office, asker: Asker, number: int, decision: Decision, until: datetime | None
) -> bool:
    with opened(office.settings.data_dir) as db:
        return alerts.decide(db, number, decision, by=asker.user, now=office.clock(), until=until)


def _find(office: Office, number: int) -> tuple[Alert, Monitor]:
    with opened(office.settings.data_dir) as db:
        alert = alerts.get(db, number)
        monitor = monitors.get(db, alert.monitor) if alert else None
    if alert is None or monitor is None:
        raise RefusalError(tr("There is no alert {number} any more.", number=number))
    return alert, monitor


async def _require_member(office: Office, asker: Asker, monitor: Monitor) -> None:
    """Raise RefusalError where the asker isn't in the channel that the alert went to."""
    room = await rooms.find(office, monitor.channel)
    if room is None or asker.user not in room.members:
        raise RefusalError(
            tr(
                "Only those who are in {channel} decide on this alert: join it first.",
                channel=rooms.name_of(monitor.channel),
            )
        )
