"""Preferences: when, in which language and of what somebody is reminded, and what they take part in."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from sqlite_utils import Database

from bot import blocks, calendar, language
from bot.asking import Asker, Block, FieldErrors, Office, RefusalError, Reply
from bot.commands.team import Prefs
from bot.language import LANGUAGES, mark, tr
from bot.team import me, rounds
from bot.team.membership import require_member
from bot.team.obligations import KINDS
from bot.wording import code, did_you_mean
from storage import deliveries, members
from storage.database import immediate, opened
from storage.talent import Member

COMPANY = {
    "matched": mark("Pair me with others for talks"),
    "helps": mark("Name me to colleagues I could help"),
}
OUTSIDE = mark("Your morning message comes within your working hours, {start} to {end}.")


async def choose(office: Office, asker: Asker, command: Prefs) -> Reply | None:
    """Take what was typed; with nothing typed, open the form."""
    if command == Prefs():
        await open_form(office, asker, "")
        return None
    return await asyncio.to_thread(_take_typed, office, asker, command)


async def open_form(office: Office, asker: Asker, _: str) -> None:
    member = await asyncio.to_thread(_read, office, asker)
    metadata = {
        "channel": asker.channel,
        "response_url": asker.response_url or "",
        "hours": [member.works_from, member.works_to],
    }
    view = form(member, metadata=metadata)
    await office.client.views_open(trigger_id=asker.trigger_id or "", view=view)


def form(member: Member, *, metadata: Mapping[str, Any]) -> Block:
    sent = blocks.checkboxes(
        "on", {"on": tr("Send me a morning message")}, chosen=["on"] if member.digest_at else []
    )
    kinds = {kind: tr(words) for kind, words in KINDS.items()}
    fields = [
        blocks.field("on", tr("Morning message"), sent, optional=True),
        blocks.field("at", tr("At"), blocks.time_picker("at", time=member.digest_at or "09:00")),
        blocks.field(
            "language",
            tr("Language"),
            blocks.select("language", " ", LANGUAGES, chosen=member.language),
        ),
        blocks.field(
            "pause",
            tr("Paused until"),
            blocks.date_picker("pause", day=member.paused_until or ""),
            optional=True,
            hint=tr("Until that day no reminders come and you are not paired. Today ends a pause."),
        ),
        blocks.field(
            "muted",
            tr("Don't remind me of"),
            blocks.multi_select("muted", tr("Nothing"), kinds, chosen=member.muted),
            optional=True,
        ),
        company(member),
    ]
    title = tr("Your preferences")
    return blocks.modal("prefs", title, fields, submit=tr("Save"), metadata=metadata)


def company(member: Member) -> Block:
    """Ask what one takes part in with others."""
    offered = {name: tr(words) for name, words in COMPANY.items()}
    chosen = [name for name in COMPANY if getattr(member, name)]
    boxes = blocks.checkboxes("company", offered, chosen=chosen)
    return blocks.field("company", tr("With others"), boxes, optional=True)


def read_company(values: Mapping[str, Any]) -> dict[str, bool]:
    chosen = blocks.ticked(values, "company")
    return {name: name in chosen for name in COMPANY}


def check_form(values: Mapping[str, Any], metadata: str) -> FieldErrors | None:
    """Refuse a time outside working hours; pure."""
    start, end = json.loads(metadata)["hours"]
    if blocks.ticked(values, "on") and not start <= blocks.typed(values, "at") < end:
        return FieldErrors({"at": tr(OUTSIDE, start=start, end=end)})
    return None


def take_form(office: Office, asker: Asker, values: Mapping[str, Any], _: str) -> Reply:
    day = blocks.typed(values, "pause")
    return _save(
        office,
        asker,
        digest_at=blocks.typed(values, "at") if blocks.ticked(values, "on") else None,
        language=blocks.typed(values, "language"),
        paused_until=date.fromisoformat(day) if day else None,
        muted=blocks.ticked(values, "muted"),
        **read_company(values),
    )


def _take_typed(office: Office, asker: Asker, command: Prefs) -> Reply:
    with opened(office.settings.data_dir) as db:
        member = require_member(db, asker.user)
    fields: dict[str, object] = {
        "language": command.language,
        "paused_until": command.pause,
        "matched": command.pairing,
        "helps": command.helps,
        "muted": _read_mute(member, command.mute) if command.mute else None,
    }
    chosen = {name: value for name, value in fields.items() if value is not None}
    if command.digest:
        chosen["digest_at"] = _read_time(member, command.digest)
    return _save(office, asker, **chosen)


def _read_time(member: Member, typed: str) -> str | None:
    if typed == "off":
        return None
    at = typed.rjust(5, "0")
    if not member.works_from <= at < member.works_to:
        hours = tr(OUTSIDE, start=member.works_from, end=member.works_to)
        raise RefusalError(hours + tr(" `/team me` changes these."))
    return at


def _read_mute(member: Member, typed: str) -> list[str]:
    """Add a kind to those that are muted; `none` hears of all again."""
    kind = typed.lower()
    if kind == "none":
        return []
    if kind not in KINDS:
        raise RefusalError(
            tr(
                "{kind} is no kind of reminder.{meant} There are: {known}. `mute=none` mutes none.",
                kind=code(typed),
                meant=did_you_mean(typed, KINDS),
                known=language.listed(code(one) for one in KINDS),
            )
        )
    return sorted({*member.muted, kind})


# --- saving ---------------------------------------------------------------------------------


def _save(office: Office, asker: Asker, **fields: Any) -> Reply:  # noqa: ANN401 - a member's fields
    now = office.clock()
    with opened(office.settings.data_dir) as db, immediate(db):
        member = require_member(db, asker.user)
        today = calendar.read(db).local_day(member, now)
        if "paused_until" in fields:
            fields["paused_until"] = _day_after(fields["paused_until"], today)
        member = change(db, asker, now=now, **fields)
    with language.use(member.language):
        return Reply(tr("Saved.") + "\n" + me.say_profile(member))


def change(db: Database, asker: Asker, *, now: datetime, **fields: object) -> Member:
    """Change the asker's own record, and in the same transaction what hangs on it.

    Who turned reminders off gets none that was on its way; who isn't to be paired is let out of
    their pair, whose partner is matched anew.
    """
    with immediate(db):
        member = members.change(db, asker.user, by=asker.user, now=now, **fields)
        if member.digest_at is None or member.paused_until:
            deliveries.cancel(db, f"digest:{member.user}:", why="turned off")
        rounds.mend(db, now=now)
        return member


def _day_after(day: date | None, today: date) -> str | None:
    """Keep the end of a pause that is still to come."""
    return day.isoformat() if day and day > today else None


def _read(office: Office, asker: Asker) -> Member:
    with opened(office.settings.data_dir) as db:
        return require_member(db, asker.user)
