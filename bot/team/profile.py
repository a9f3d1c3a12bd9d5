"""The form of one's profile: discipline, country, manager, hours, zone, and what one takes part in."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import time
from typing import Any

from bot import blocks
from bot.asking import Asker, Block, FieldErrors, Office, Reply
from bot.calendar import WEEKDAYS
from bot.language import tr
from bot.team import prefs, said
from bot.team.membership import require_member
from bot.team.tables import cells
from bot.team.tables.cells import CellError, Known
from storage.database import immediate, opened
from storage.talent import Member

CHECKED = {"discipline": cells.text(40), "country": cells.country, "zone": cells.zone}


async def open_form(office: Office, asker: Asker, _: str) -> None:
    member = await asyncio.to_thread(_read, office, asker)
    metadata = {"channel": asker.channel, "response_url": asker.response_url or ""}
    view = form(member, metadata=metadata)
    await office.client.views_open(trigger_id=asker.trigger_id or "", view=view)


def form(member: Member, *, metadata: Mapping[str, Any]) -> Block:
    days = {day: said.weekday(day) for day in WEEKDAYS}
    worked = member.work_days.split(",")
    fields = [
        _text("discipline", tr("Discipline"), member.discipline, tr("engineer, designer, …")),
        _text("country", tr("Country"), member.country, tr("two letters, such as CN")),
        blocks.field(
            "manager",
            tr("Manager"),
            blocks.person_select("manager", tr("Choose"), chosen=member.manager or ""),
            optional=True,
        ),
        _text("zone", tr("Time zone"), member.zone, "Asia/Shanghai", optional=False),
        blocks.field(
            "days",
            tr("Working days"),
            blocks.multi_select("days", tr("Choose"), days, chosen=worked),
        ),
        _time("works_from", tr("Work starts"), member.works_from),
        _time("works_to", tr("Work ends"), member.works_to),
        prefs.company(member),
    ]
    return blocks.modal("me_edit", tr("Your profile"), fields, submit=tr("Save"), metadata=metadata)


def check_form(values: Mapping[str, Any], _: str) -> FieldErrors | None:
    """Say beside each field what is wrong in it; pure."""
    errors: dict[str, str] = {}
    for name, check in CHECKED.items():
        try:
            check(blocks.typed(values, name), Known())
        except CellError as error:
            errors[name] = str(error).replace("`", "")
    if time.fromisoformat(blocks.typed(values, "works_to")) <= time.fromisoformat(
        blocks.typed(values, "works_from")
    ):
        errors["works_to"] = tr("The working day ends after it starts.")
    return FieldErrors(errors) if errors else None


def take_form(office: Office, asker: Asker, values: Mapping[str, Any], _: str) -> Reply:
    """Save the profile; a morning message that would fall outside the new hours comes at their start."""
    fields: dict[str, Any] = {
        name: check(blocks.typed(values, name), Known()) or None for name, check in CHECKED.items()
    }
    fields |= {name: blocks.typed(values, name) for name in ("works_from", "works_to")}
    fields["manager"] = blocks.typed(values, "manager") or None
    fields["work_days"] = ",".join(sorted(blocks.ticked(values, "days"), key=WEEKDAYS.index))
    with opened(office.settings.data_dir) as db, immediate(db):
        before = require_member(db, asker.user)
        if before.digest_at and not fields["works_from"] <= before.digest_at < fields["works_to"]:
            fields["digest_at"] = fields["works_from"]
        prefs.change(db, asker, now=office.clock(), **fields, **prefs.read_company(values))
    return Reply(tr("Your profile is saved. `/team me` shows it."))


def _read(office: Office, asker: Asker) -> Member:
    with opened(office.settings.data_dir) as db:
        return require_member(db, asker.user)


def _text(
    name: str, label: str, value: str | None, placeholder: str, *, optional: bool = True
) -> Block:
    element = blocks.text_input(name, value=value or "", placeholder=placeholder)
    return blocks.field(name, label, element, optional=optional)


def _time(name: str, label: str, value: str) -> Block:
    return blocks.field(name, label, blocks.time_picker(name, time=value))
