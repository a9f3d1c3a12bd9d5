"""What a reader does with a line: done, later, not relevant, why; a stale press gets a kind word."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from datetime import date, timedelta

from sqlite_utils import Database

from bot.asking import Asker, ButtonHandler, Office, RefusalError, Reply
from bot.language import mark, tr
from bot.team import facts, lines, said
from bot.team.facts import Facts
from bot.team.obligations import Obligation
from bot.team.signals import obligations
from storage import learning, members, nudges
from storage.database import immediate, opened
from storage.nudges import Answer
from storage.talent import Member

SETTLED = mark("That is settled: nothing asks for it any more.")
ANSWERED = mark("You have answered this already.")


def press_done(office: Office, asker: Asker, key: str) -> Reply:
    """Believe it; an assignment is finished by it."""
    with opened(office.settings.data_dir) as db, immediate(db):
        *_, owed = _find(office, db, asker, key)
        _respond(office, db, asker, owed, "done")
        if owed.kind == "assignment" and (number := key.removeprefix("assignment:")).isdecimal():
            learning.finish(db, int(number), by=asker.user, now=office.clock())
    return _settle(asker, key, tr("Done."))


def press_decline(office: Office, asker: Asker, key: str) -> Reply:
    with opened(office.settings.data_dir) as db, immediate(db):
        *_, owed = _find(office, db, asker, key)
        _respond(office, db, asker, owed, "declined")
    return _settle(asker, key, tr("Not relevant: you won't hear of it again."))


def press_snooze(office: Office, asker: Asker, value: str) -> Reply:
    """Let a line wait: `tomorrow`, `monday` or `run`, and its key."""
    how, _, key = value.partition(" ")
    with opened(office.settings.data_dir) as db, immediate(db):
        reader, known, owed = _find(office, db, asker, key)
        today = known.calendar.local_day(reader, office.clock())
        until, words = _until_run(known, reader) if how == "run" else _until_day(how, today)
        _respond(office, db, asker, owed, "snoozed", until=until)
    return _settle(asker, key, words)


def press_why(office: Office, asker: Asker, key: str) -> Reply:
    """Tell the reader alone the rule, and the row behind it."""
    with opened(office.settings.data_dir) as db:
        *_, owed = _compute(office, db, asker, key)
    return Reply(owed.why)


def acting(buttons: Mapping[str, ButtonHandler]) -> ButtonHandler:
    """Make the handler of a line's own button: note that it was acted on, then press that button.

    What the button would put in the place of its message is said beside it: the digest stays.
    """

    async def act(office: Office, asker: Asker, value: str) -> Reply | None:
        kind, key, action, carried = value.split(" ", 3)
        await asyncio.to_thread(_note_opened, office, asker, key, kind)
        reply = await buttons[action](office, asker, carried)
        return replace(reply, replace=False) if reply else None

    return act


# --- steps ----------------------------------------------------------------------------------


def _find(office: Office, db: Database, asker: Asker, key: str) -> tuple[Member, Facts, Obligation]:
    """Find an open line that its reader has not answered; raises RefusalError otherwise."""
    found = _compute(office, db, asker, key)
    response = nudges.responses(db, asker.user).get(key)
    if response is not None and response.response != "snoozed":
        raise RefusalError(tr(ANSWERED))
    return found


def _compute(
    office: Office, db: Database, asker: Asker, key: str
) -> tuple[Member, Facts, Obligation]:
    """Compute what the asker owes now; raises RefusalError where the line is none of it."""
    now, reader = office.clock(), members.get(db, asker.user)
    known = facts.gather(db, now, admins=office.settings.admins)
    owed = obligations(known, reader, now) if reader else []
    found = next((one for one in owed if one.key == key), None)
    if reader is None or found is None:
        raise RefusalError(tr(SETTLED))
    return reader, known, found


def _respond(
    office: Office,
    db: Database,
    asker: Asker,
    owed: Obligation,
    response: Answer,
    *,
    until: str | None = None,
) -> None:
    now = office.clock()
    nudges.respond(
        db, asker.user, owed.key, kind=owed.kind, response=response, until=until, now=now
    )


def _note_opened(office: Office, asker: Asker, key: str, kind: str) -> None:
    with opened(office.settings.data_dir) as db:
        nudges.respond(db, asker.user, key, kind=kind, response="opened", now=office.clock())


def _until_day(how: str, today: date) -> tuple[str, str]:
    ahead = 1 if how == "tomorrow" else 7 - today.weekday()
    until = today + timedelta(days=ahead)
    return until.isoformat(), tr("Snoozed until {day}.", day=said.day(until))


def _until_run(known: Facts, reader: Member) -> tuple[str, str]:
    number = lines.newest(known, reader)
    if number is None:
        raise RefusalError(tr("Your run has ended already, so there is nothing to wait for."))
    return f"run:{number}", tr("Snoozed until job {number} has ended.", number=number)


def _settle(asker: Asker, key: str, words: str) -> Reply:
    """Strike the line where it stands; on the Home tab there is no message to change."""
    shown = asker.message.get("blocks")
    if not shown:
        return Reply(words)
    after = lines.settle(shown, key, words)
    return Reply(lines.say(after), after, replace=True)
