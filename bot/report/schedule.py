"""Let reports come by themselves: shown first, then kept, listed and stopped."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from bot import blocks, figures, recurrence, when
from bot.asking import Asker, Block, Office, RefusalError, Reply
from bot.commands.report import ListReports, ScheduleReport, StopReport
from bot.language import tr
from bot.report import draft as drafts
from bot.report import rooms
from bot.report.draft import Draft
from bot.report.kinds import Kind
from bot.report.now import find_kind
from bot.report.registry import KINDS
from bot.rights import roles_of
from bot.when import When
from storage import members, schedules
from storage.database import opened
from storage.talent import Schedule

SHOWN = 40  # of a list: a message has 50 blocks
MORNING = "09:00"
_CHANNEL = re.compile(r"\s*<#([CG][A-Z0-9]+)>\s*$")


async def schedule(office: Office, asker: Asker, command: ScheduleReport) -> Reply | None:
    """Show what was understood; without words open the form."""
    zone = await asyncio.to_thread(_zone, office, asker)
    if command.kind is None or command.when is None:
        blank = _blank(office, asker, command.kind or "", zone)
        await _open(office, asker, blank, over=False)
        return None
    words, channel = split_channel(command.when)
    found = when.read(words, now_local=office.clock().astimezone(ZoneInfo(zone)))
    return await _show(office, asker, _draft(asker, command.kind, channel, found, zone))


async def press_change(office: Office, asker: Asker, value: str) -> None:
    """Open the form with what the card shows."""
    await _open(office, asker, Draft.read(value), over=True)


async def take_form(
    office: Office, asker: Asker, values: Mapping[str, Any], metadata: str
) -> Reply:
    """Show the card of what was picked, in the place of the one that it changes."""
    given = json.loads(metadata)
    changed = drafts.read_form(values, Draft.read(given["draft"]), now=office.clock())
    shown = await _show(office, asker, changed)
    return Reply(shown.text, shown.blocks, replace=given["over"])


async def press_schedule(office: Office, asker: Asker, value: str) -> Reply:
    """Keep the schedule that the card shows, once however often it is pressed."""
    draft = Draft.read(value)
    await rooms.require_room(office, asker, find_kind(draft.kind), draft.channel)
    return await asyncio.to_thread(_keep, office, asker, draft)


def drop(_: Office, __: Asker, ___: str) -> Reply:
    return Reply(tr("Cancelled: nothing was scheduled."), replace=True)


def list_schedules(office: Office, asker: Asker, _: ListReports) -> Reply:
    """Show the schedules whose reports the asker may read, the next date first."""
    with opened(office.settings.data_dir) as db:
        found = schedules.all_open(db)
    readable = [one for one in found if _may_read(office, asker, one)]
    return _say_list(office, asker, readable)


def stop(office: Office, asker: Asker, command: StopReport) -> Reply:
    """End a schedule; what it has put and not sent yet doesn't go either."""
    with opened(office.settings.data_dir) as db:
        found = schedules.get(db, command.number)
        if found is None or found.stopped_at is not None:
            raise RefusalError(
                tr(
                    "There is no schedule {number}. `/report list` shows them.",
                    number=command.number,
                )
            )
        if not _may_stop(office, asker, found):
            raise RefusalError(
                tr(
                    "Schedule {number} is <@{owner}>'s: only they, a lead or an admin may stop it.",
                    number=found.id,
                    owner=found.created_by,
                )
            )
        schedules.stop(db, found.id, by=asker.user, now=office.clock())
    return Reply(tr("Schedule {number} is stopped: nothing comes of it any more.", number=found.id))


def press_stop(office: Office, asker: Asker, value: str) -> Reply:
    """Stop one and show those that are left in its place."""
    said = stop(office, asker, StopReport(int(value)))
    left = list_schedules(office, asker, ListReports())
    shown = [blocks.section(said.text), *(left.blocks or [blocks.section(left.text)])]
    return Reply(f"{said.text}\n{left.text}", shown, replace=True)


# --- steps ----------------------------------------------------------------------------------


def split_channel(words: str) -> tuple[str, str | None]:
    """Split `weekdays 9:30 <#C1>` into when it comes and where."""
    found = _CHANNEL.search(words)
    return (words[: found.start()], found[1]) if found else (words, None)


async def _show(office: Office, asker: Asker, draft: Draft) -> Reply:
    kind = find_kind(draft.kind)
    await rooms.require_room(office, asker, kind, draft.channel)
    return drafts.card(draft, kind, now=office.clock())


async def _open(office: Office, asker: Asker, draft: Draft, *, over: bool) -> None:
    """Open the form; `over` a card, whose place the next card takes."""
    offered = await asyncio.to_thread(_readable, office, asker)
    metadata = {
        "draft": draft.write(),
        "over": over and asker.response_url is not None,
        "channel": asker.channel,
        "response_url": asker.response_url or "",
    }
    view = drafts.form(draft, offered, metadata=metadata)
    await office.client.views_open(trigger_id=asker.trigger_id or "", view=view)


def _keep(office: Office, asker: Asker, draft: Draft) -> Reply:
    now = office.clock()
    with opened(office.settings.data_dir) as db:
        kept = schedules.add(
            db,
            key=draft.key,
            kind=draft.kind,
            channel=draft.channel,
            rule=draft.rule,
            starts_at=draft.starts_at,
            zone=draft.zone,
            by=asker.user,
            now=now,
        )
    said = tr(
        "Schedule {number}: the report “{kind}” comes to {channel} {when}. "
        "`/report stop {number}` ends it.",
        number=kept.id,
        kind=tr(KINDS[kept.kind].title),
        channel=rooms.name_of(kept.channel),
        when=when.say(draft.when),
    )
    return Reply(said, replace=True)


def _zone(office: Office, asker: Asker) -> str:
    with opened(office.settings.data_dir) as db:
        member = members.get(db, asker.user)
    return member.zone if member else "UTC"


def _blank(office: Office, asker: Asker, kind: str, zone: str) -> Draft:
    tomorrow = office.clock().astimezone(ZoneInfo(zone)) + timedelta(days=1)
    start = When("FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR", f"{tomorrow:%Y-%m-%d}T{MORNING}")
    return _draft(asker, kind, None, start, zone)


def _draft(asker: Asker, kind: str, channel: str | None, found: When, zone: str) -> Draft:
    return Draft(asker.key, kind, channel or asker.channel, found.rule, found.starts_at, zone)


def _readable(office: Office, asker: Asker) -> dict[str, Kind]:
    roles = roles_of(office, asker.user)
    return {
        name: kind
        for name, kind in KINDS.items()
        if not kind.readers or not roles.isdisjoint(kind.readers)
    }


def _may_read(office: Office, asker: Asker, found: Schedule) -> bool:
    return found.kind in _readable(office, asker)


def _may_stop(office: Office, asker: Asker, found: Schedule) -> bool:
    roles = roles_of(office, asker.user)
    return asker.user == found.created_by or not roles.isdisjoint({"lead", "admin"})


# --- the list -------------------------------------------------------------------------------


def _say_list(office: Office, asker: Asker, found: list[Schedule]) -> Reply:
    if not found:
        return Reply(
            tr("No report is scheduled. For example: `/report schedule training weekdays 9:30`.")
        )
    now = office.clock()
    lines = [_line(one, now) for one in found[:SHOWN]]
    shown: list[Block] = [
        blocks.section(line, accessory=_stop_button(one) if _may_stop(office, asker, one) else None)
        for line, one in zip(lines, found, strict=False)
    ]
    title = tr("Scheduled reports")
    text = blocks.cut("\n".join([title, *lines]), blocks.SECTION)
    return Reply(text, [blocks.section(f"*{title}*"), *shown])


def _line(found: Schedule, now: datetime) -> str:
    return tr(
        "*{number}*  {kind} in {channel}, {when} ({zone}), by <@{owner}>; next {next}",
        number=found.id,
        kind=tr(KINDS[found.kind].title),
        channel=rooms.name_of(found.channel),
        when=when.say(When(found.rule, found.starts_at)),
        zone=found.zone,
        owner=found.created_by,
        next=_next(found, now),
    )


def _next(found: Schedule, now: datetime) -> str:
    dates = recurrence.upcoming(found.rule, found.starts_at, found.zone, after=now, count=1)
    return figures.when(dates[0]) if dates else tr("never")


def _stop_button(found: Schedule) -> Block:
    sure = blocks.confirm(
        tr("Stop it?"),
        tr("Schedule {number} would not come any more.", number=found.id),
        yes=tr("Stop it"),
        no=tr("Leave it"),
    )
    return blocks.button(tr("Stop"), f"report_stop:{found.id}", str(found.id), confirm=sure)
