"""The form that adds a candidate, by code, and plans an interview."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlite_utils import Database

from bot import blocks, figures
from bot.asking import Asker, Block, FieldErrors, Office, RefusalError, Reply
from bot.commands.team import AddInterview
from bot.language import tr
from bot.team.hiring import ROLES, SOURCES, STAGES, read_code, require_panel
from bot.team.interviews import PLANNED, tell
from storage import hiring, members, roles
from storage.database import immediate, opened
from storage.talent import Candidate, Interview

SHORTEST, LONGEST = 10, 480  # minutes
ROUNDS = 9


async def open_form(office: Office, asker: Asker, _: AddInterview) -> None:
    """Open the form, with the next free code in it."""
    view = await asyncio.to_thread(_make_form, office, asker)
    await office.client.views_open(trigger_id=asker.trigger_id or "", view=view)


def _make_form(office: Office, asker: Asker) -> Block:
    require_panel(office, asker)
    with opened(office.settings.data_dir) as db:
        code, zone = hiring.next_code(db), _zone(db, asker.user)
    metadata = {"channel": asker.channel, "response_url": asker.response_url or "", "zone": zone}
    return form(code, metadata=metadata)


def _zone(db: Database, user: str) -> str:
    member = members.get(db, user)
    return member.zone if member else "UTC"


def form(code: str, *, metadata: Mapping[str, str]) -> Block:
    """Make the form; without an interviewer it adds the candidate alone."""
    known = tr("For a known candidate, role, channel and stage stay as they are.")
    in_zone = tr("In the time zone {zone}.", zone=metadata["zone"])
    fields = [
        blocks.field(
            "code",
            tr("Candidate's code, never a name"),
            blocks.text_input("code", value=code),
            hint=known,
        ),
        _menu("role", tr("Role"), ROLES, "algorithm engineer"),
        _menu("source", tr("Came by"), SOURCES, "referral"),
        _menu("stage", tr("Stage"), STAGES, "screen"),
        blocks.field(
            "interviewer",
            tr("Interviewer"),
            blocks.person_select("interviewer", tr("One of the panel")),
            optional=True,
        ),
        blocks.field("day", tr("Day"), blocks.date_picker("day"), optional=True, hint=in_zone),
        blocks.field("time", tr("Time"), blocks.time_picker("time"), optional=True),
        blocks.field("minutes", tr("Minutes"), blocks.text_input("minutes", value="60")),
        blocks.field("round", tr("Round"), blocks.text_input("round", value="1")),
    ]
    title = tr("Add an interview")
    return blocks.modal("interview_add", title, fields, submit=tr("Add"), metadata=metadata)


def _menu(name: str, label: str, options: Mapping[str, str], chosen: str) -> Block:
    offered = {value: tr(words) for value, words in options.items()}
    return blocks.field(name, label, blocks.select(name, label, offered, chosen=chosen))


def check_form(values: Mapping[str, Any], _: str) -> FieldErrors | None:
    """Say beside each field what is wrong in it, without repeating it; pure."""
    errors: dict[str, str] = {}
    try:
        read_code(blocks.typed(values, "code"))
    except RefusalError as refusal:
        errors["code"] = str(refusal).replace("`", "")
    if blocks.typed(values, "interviewer"):
        for name in ("day", "time"):
            if not blocks.typed(values, name):
                errors[name] = tr("When is the interview?")
    for name, least, most in (("minutes", SHORTEST, LONGEST), ("round", 1, ROUNDS)):
        typed = blocks.typed(values, name)
        if not typed.isdecimal() or not least <= int(typed) <= most:
            errors[name] = tr("A whole number from {least} to {most}.", least=least, most=most)
    return FieldErrors(errors) if errors else None


def take_form(office: Office, asker: Asker, values: Mapping[str, Any], metadata: str) -> Reply:
    """Keep the candidate where there is none of that code, and plan the interview."""
    require_panel(office, asker)
    interviewer, now = blocks.typed(values, "interviewer"), office.clock()
    with opened(office.settings.data_dir) as db, immediate(db):
        if interviewer and interviewer not in roles.having(db, "panel"):
            raise RefusalError(_not_of_the_panel(interviewer))
        candidate = _keep(office, db, asker, values)
        if not interviewer:
            return Reply(tr("The candidate is kept. `/team interview list` shows all."))
        starts = read_start(values, str(json.loads(metadata)["zone"]))
        planned = hiring.plan(
            db,
            candidate,
            round_=int(blocks.typed(values, "round")),
            interviewer=interviewer,
            starts_at=starts,
            ends_at=starts + timedelta(minutes=int(blocks.typed(values, "minutes"))),
            by=asker.user,
            now=now,
        )
        if interviewer != asker.user:
            tell(office, db, planned, PLANNED)
    return Reply(_say_planned(planned))


def read_start(values: Mapping[str, Any], zone: str) -> datetime:
    """Read the day and time that were picked, in the zone that the form named."""
    picked = f"{blocks.typed(values, 'day')}T{blocks.typed(values, 'time')}"
    return datetime.fromisoformat(picked).replace(tzinfo=ZoneInfo(zone))


def _keep(office: Office, db: Database, asker: Asker, values: Mapping[str, Any]) -> Candidate:
    now = office.clock()
    return hiring.add(
        db,
        code=read_code(blocks.typed(values, "code")),
        role=blocks.typed(values, "role"),
        source=blocks.typed(values, "source"),
        stage=blocks.typed(values, "stage"),
        by=asker.user,
        purge_on=now.date() + timedelta(days=office.settings.candidates_kept_days),
        now=now,
    )


def _not_of_the_panel(user: str) -> str:
    return tr(
        "<@{user}> is not of the hiring panel, so nothing was planned. An admin can type "
        "`/team role give @… panel`.",
        user=user,
    )


def _say_planned(planned: Interview) -> str:
    return tr(
        "Interview {number} is planned: round {round}, with <@{interviewer}>, {when}.",
        number=planned.id,
        round=planned.round,
        interviewer=planned.interviewer,
        when=figures.when(planned.starts_at),
    )
