"""Sessions: list them, say whether one comes, host, cancel and move a date."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any, cast
from zoneinfo import ZoneInfo

from sqlite_utils import Database

from bot import blocks, figures
from bot.asking import Asker, Block, FieldErrors, Office, RefusalError, Reply
from bot.commands.team import CancelSession, HostSession, ListSessions
from bot.language import mark, tr
from bot.team import announcements, said, session_list
from bot.team.membership import is_lead, require_member
from storage import sessions
from storage.database import immediate, opened
from storage.sessions import Answer
from storage.talent import Occurrence, Session

SAYS = {
    "yes": mark("{title}, {when}: you come. `/team session calendar` has it for your calendar."),
    "maybe": mark("{title}, {when}: you may come."),
    "no": mark("{title}, {when}: you don't come."),
}


def show(office: Office, asker: Asker, _: ListSessions) -> Reply:
    with opened(office.settings.data_dir) as db:
        return _list(office, db, asker)


def host(office: Office, asker: Asker, command: HostSession) -> Reply:
    """Host the next date of a session that has no host."""
    with opened(office.settings.data_dir) as db:
        find(db, command.number)
        coming = _coming(office, db, command.number)
        free = next((one for one in coming if one.host is None), None)
        if free is None:
            raise RefusalError(
                tr(
                    "Session {number} has a host on each date to come. `/team session list` shows "
                    "who it is.",
                    number=command.number,
                )
            )
        return _host(office, db, asker, free)


def ask_to_cancel(office: Office, asker: Asker, command: CancelSession) -> Reply:
    """Show what can be done about the next date of a session."""
    with opened(office.settings.data_dir) as db:
        session = find(db, command.number)
        coming = _coming(office, db, command.number)
        if not coming:
            raise RefusalError(tr("Session {number} has no date to come.", number=session.id))
        return _ask_change(office, asker, session, coming[0])


# --- what buttons do ------------------------------------------------------------------------


def press_answer(office: Office, asker: Asker, value: str) -> Reply:
    """Note whether one comes; a list that it was said in shows it."""
    number, answer, place = value.split(" ")
    with opened(office.settings.data_dir) as db:
        require_member(db, asker.user)
        one = find_date(db, number)
        now = office.clock()
        if not sessions.answer(db, one.id, asker.user, cast("Answer", answer), now=now):
            raise RefusalError(_say_gone())
        if place == "list":
            return _list(office, db, asker, replace=True)
    return Reply(tr(SAYS[answer], title=said.title(one.title), when=figures.when(one.starts_at)))


def press_host(office: Office, asker: Asker, value: str) -> Reply:
    """Host a date: its number, and where the button stood."""
    number, _, place = value.partition(" ")
    with opened(office.settings.data_dir) as db:
        said_ = _host(office, db, asker, find_date(db, number))
        return _list(office, db, asker, replace=True) if place == "list" else said_


def press_change(office: Office, asker: Asker, value: str) -> Reply:
    with opened(office.settings.data_dir) as db:
        one = find_date(db, value)
        return _ask_change(office, asker, find(db, one.session), one)


def press_cancel_date(office: Office, asker: Asker, value: str) -> Reply:
    with opened(office.settings.data_dir) as db, immediate(db):
        one, now = find_date(db, value), office.clock()
        _require_organiser(office, asker, one.organiser)
        if sessions.call_off(db, one.id, by=asker.user, now=now) is None:
            raise RefusalError(_say_gone())
        announcements.call_off(db, office.settings, one, by=asker.user, now=now)
    title, when = said.title(one.title), figures.when(one.starts_at)
    text = tr("{title}, {when}, is cancelled. Who meant to come is told.", title=title, when=when)
    return Reply(text, replace=True)


def press_cancel_all(office: Office, asker: Asker, value: str) -> Reply:
    """Cancel a session with all its dates to come."""
    with opened(office.settings.data_dir) as db, immediate(db):
        session, now = find(db, int(value)), office.clock()
        _require_organiser(office, asker, session.organiser)
        for one in sessions.cancel(db, session.id, by=asker.user, now=now):
            announcements.call_off(db, office.settings, one, by=asker.user, now=now)
    title = said.title(session.title)
    text = tr("All dates of {title} are cancelled. Who meant to come is told.", title=title)
    return Reply(text, replace=True)


async def press_move(office: Office, asker: Asker, value: str) -> None:
    """Ask for another day and time, in the session's own zone."""
    view = await asyncio.to_thread(_make_form, office, asker, value)
    await office.client.views_open(trigger_id=asker.trigger_id or "", view=view)


def _make_form(office: Office, asker: Asker, value: str) -> Block:
    with opened(office.settings.data_dir) as db:
        one = find_date(db, value)
    _require_organiser(office, asker, one.organiser)
    metadata = {"channel": asker.channel, "response_url": asker.response_url or ""}
    return form(one, metadata=metadata | {"date": str(one.id), "zone": one.zone})


def form(one: Occurrence, *, metadata: Mapping[str, str]) -> Block:
    local = one.starts_at.astimezone(ZoneInfo(one.zone))
    in_zone = tr("In the time zone {zone}.", zone=one.zone)
    day = blocks.date_picker("day", day=local.date().isoformat())
    time = blocks.time_picker("time", time=f"{local:%H:%M}")
    fields = [
        blocks.section(session_list.say_local(one.starts_at, one.zone)),
        blocks.field("day", tr("Day"), day),
        blocks.field("time", tr("Time"), time, hint=in_zone),
    ]
    title = tr("Move a session")
    return blocks.modal("session_move", title, fields, submit=tr("Move"), metadata=metadata)


def check_form(values: Mapping[str, Any], _: str) -> FieldErrors | None:
    if not blocks.typed(values, "day") or not blocks.typed(values, "time"):
        return FieldErrors({"day": tr("Choose a day and a time.")})
    return None


def take_form(office: Office, asker: Asker, values: Mapping[str, Any], metadata: str) -> Reply:
    """Move a date, and tell who meant to come."""
    meant, now = json.loads(metadata), office.clock()
    picked = f"{blocks.typed(values, 'day')}T{blocks.typed(values, 'time')}"
    starts_at = datetime.fromisoformat(picked).replace(tzinfo=ZoneInfo(str(meant["zone"])))
    if starts_at <= now:
        raise RefusalError(tr("That time is over, so nothing was moved."))
    with opened(office.settings.data_dir) as db, immediate(db):
        one = find_date(db, str(meant["date"]))
        _require_organiser(office, asker, one.organiser)
        moved = sessions.move(db, one.id, starts_at, by=asker.user, now=now)
        if moved is None:
            raise RefusalError(
                tr("The session has a date at that time already, or this one is over.")
            )
        announcements.call_off(db, office.settings, one, by=asker.user, now=now, moved_to=moved)
    return Reply(
        tr(
            "{title} is moved to {when}. Who meant to come is told.",
            title=said.title(one.title),
            when=session_list.say_local(moved.starts_at, moved.zone),
        )
    )


# --- steps ----------------------------------------------------------------------------------


def find(db: Database, number: int) -> Session:
    """Find a session; raises RefusalError with what to type instead."""
    found = sessions.get(db, number)
    if found is None or found.cancelled_at is not None:
        raise RefusalError(
            tr("There is no session {number}. `/team session list` shows them.", number=number)
        )
    return found


def find_date(db: Database, number: str) -> Occurrence:
    found = sessions.occurrence(db, int(number))
    if found is None or found.status != "planned":
        raise RefusalError(_say_gone())
    return found


def _say_gone() -> str:
    return tr("That date is over or was cancelled. `/team session list` shows those to come.")


def _coming(office: Office, db: Database, number: int) -> list[Occurrence]:
    now = office.clock()
    dates = sessions.dates_of(db, number)
    return [one for one in dates if one.status == "planned" and one.starts_at > now]


def _list(office: Office, db: Database, asker: Asker, *, replace: bool = False) -> Reply:
    now = office.clock()
    found = session_list.gather(db, now, now + session_list.AHEAD)
    shown = session_list.say(found, viewer=asker.user, lead=is_lead(office, asker.user))
    return Reply(shown.text, shown.blocks, replace=replace)


def _host(office: Office, db: Database, asker: Asker, one: Occurrence) -> Reply:
    require_member(db, asker.user)
    title, when = said.title(one.title), figures.when(one.starts_at)
    if sessions.set_host(db, one.id, asker.user, by=asker.user, now=office.clock()) is None:
        raise RefusalError(tr("{title}, {when}, has a host by now.", title=title, when=when))
    return Reply(tr("You host {title}, {when}. Thank you!", title=title, when=when))


def _ask_change(office: Office, asker: Asker, session: Session, one: Occurrence) -> Reply:
    _require_organiser(office, asker, session.organiser)
    title = said.title(one.title)
    when = session_list.say_local(one.starts_at, one.zone)
    text = tr("{title}, {when}: what shall change?", title=title, when=when)
    told = tr("Who meant to come is told.")
    sure = blocks.confirm(tr("Cancel it?"), told, yes=tr("Cancel it"), no=tr("Leave it"))
    buttons = [
        blocks.button(tr("Move this date…"), "session_move", str(one.id)),
        blocks.button(tr("Cancel this date"), "session_cancel_date", str(one.id), confirm=sure),
    ]
    if session.rule:
        number = str(session.id)
        every = blocks.button(
            tr("Cancel all dates"), "session_cancel_all", number, style="danger", confirm=sure
        )
        buttons.append(every)
    return Reply(text, [blocks.section(text), blocks.actions(*buttons)])


def _require_organiser(office: Office, asker: Asker, organiser: str) -> None:
    """Raise RefusalError unless the asker organises it, or is a lead or an admin."""
    if asker.user != organiser and not is_lead(office, asker.user):
        raise RefusalError(
            tr("Only <@{organiser}>, a lead or an admin may do that.", organiser=organiser)
        )
