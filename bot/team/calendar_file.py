"""The sessions to come as a calendar file for whoever asks."""

from __future__ import annotations

import asyncio

from bot.asking import Asker, Office, RefusalError, Reply
from bot.commands.team import SessionCalendar
from bot.language import tr
from bot.team import ics
from bot.team.handover import hand_over
from storage import sessions
from storage.database import opened


async def send(office: Office, asker: Asker, _: SessionCalendar) -> Reply:
    content = await asyncio.to_thread(_write, office)
    return await hand_over(office, asker.user, content, filename="sessions.ics")


def _write(office: Office) -> bytes:
    now = office.clock()
    with opened(office.settings.data_dir) as db:
        listed = [(session, sessions.dates_of(db, session.id)) for session in sessions.all_open(db)]
    coming = [
        (session, dates)
        for session, dates in listed
        if any(one.status == "planned" and one.starts_at > now for one in dates)
    ]
    if not coming:
        raise RefusalError(tr("No session is planned. `/team session add` plans one."))
    return ics.write(coming)
