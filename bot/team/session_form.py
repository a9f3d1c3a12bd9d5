"""The form that plans a session, and the card that says its dates before it is kept."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlite_utils import Database

from bot import blocks, recurrence, rights, when
from bot.asking import Asker, Block, FieldErrors, Office, RefusalError, Reply
from bot.calendar import WEEKDAYS
from bot.commands.team import AddSession
from bot.language import mark, tr
from bot.team import announcements, resource_form, said, session_list
from bot.team.membership import require_member
from bot.team.session_list import KINDS
from bot.team.tables import cells
from bot.when import When
from storage import resources, sessions, skills
from storage.database import immediate, opened
from storage.talent import Resource, Skill

TITLE, ABOUT, LINK = 120, 400, 300  # characters: all fits into what a button may carry
POLICIES = ("innovation-fund", "study-leave", "equity")  # dates that link to where the rules stand
LED = (*POLICIES, "competition")  # by leads and admins alone
ECHOED = 6  # dates on the card
YEAR = timedelta(days=366)
REPEATS = {
    "no": mark("doesn't repeat"),
    "weekly": mark("every week"),
    "fortnightly": mark("every other week"),
    "monthly": mark("every month, on that weekday"),
}


@dataclass(frozen=True)
class Draft:
    """A session that isn't kept yet."""

    kind: str
    title: str
    about: str
    link: str | None
    rule: str | None
    starts_at: str  # naive local
    zone: str
    minutes: int
    channel: str
    host: str | None
    pre_read: int | None
    skills: list[int]


async def open_form(office: Office, asker: Asker, _: AddSession) -> None:
    view = await asyncio.to_thread(_make_form, office, asker)
    await office.client.views_open(trigger_id=asker.trigger_id or "", view=view)


def _make_form(office: Office, asker: Asker) -> Block:
    with opened(office.settings.data_dir) as db:
        zone = require_member(db, asker.user).zone
        known, to_read = skills.all_skills(db), resources.all_open(db)
    metadata = {"channel": asker.channel, "response_url": asker.response_url or "", "zone": zone}
    return form(known, to_read, metadata=metadata)


def form(
    known: Sequence[Skill], to_read: Sequence[Resource], *, metadata: Mapping[str, str]
) -> Block:
    here = metadata["channel"] if metadata["channel"].startswith(("C", "G")) else ""
    in_zone = tr("In your time zone, {zone}.", zone=metadata["zone"])
    about = blocks.text_input("about", multiline=True)
    link = blocks.text_input("link", placeholder="https://")
    policy = tr("For a fund, leave or equity: the page with the rules.")
    anyone = tr("Leave it empty where a host is wanted.")
    fields = [
        blocks.field("kind", tr("Kind"), _menu("kind", KINDS, "lecture")),
        blocks.field("title", tr("Title"), blocks.text_input("title")),
        blocks.field("about", tr("What it is about"), about, optional=True),
        blocks.field("link", tr("Link"), link, optional=True, hint=policy),
        blocks.field("day", tr("Day"), blocks.date_picker("day")),
        blocks.field("time", tr("Time"), blocks.time_picker("time", time="15:00"), hint=in_zone),
        blocks.field("repeats", tr("Repeats"), _menu("repeats", REPEATS, "no")),
        blocks.field("minutes", tr("Minutes"), blocks.number_input("minutes", value=60)),
        blocks.field(
            "place", tr("Channel"), blocks.channel_select("place", tr("Choose"), chosen=here)
        ),
        blocks.field(
            "host",
            tr("Host"),
            blocks.person_select("host", tr("Choose")),
            optional=True,
            hint=anyone,
        ),
        *resource_form.skill_field(known),
        *_pre_read_field(to_read),
    ]
    title = tr("Plan a session")
    return blocks.modal("session_add", title, fields, submit=tr("Show dates"), metadata=metadata)


def _menu(name: str, options: Mapping[str, str], chosen: str) -> Block:
    offered = {value: tr(words) for value, words in options.items()}
    return blocks.select(name, tr("Choose"), offered, chosen=chosen)


def _pre_read_field(to_read: Sequence[Resource]) -> list[Block]:
    if not to_read:
        return []
    offered = {str(one.id): one.title for one in to_read}
    menu = blocks.select("pre_read", tr("Choose"), offered)
    return [blocks.field("pre_read", tr("Read before"), menu, optional=True)]


# --- what was filled in ---------------------------------------------------------------------


def check_form(values: Mapping[str, Any], _: str) -> FieldErrors | None:
    """Say beside each field what is wrong in it; pure."""
    checks = {
        "title": cells.text(TITLE, needed=True),
        "about": cells.text(ABOUT),
        "link": cells.link,
        "minutes": cells.whole(5, 10_000),
    }
    found = resource_form.faults(values, checks)
    if found is None and len(blocks.typed(values, "link")) > LINK:
        return FieldErrors({"link": tr("At most {most} characters.", most=LINK)})
    unlinked = blocks.typed(values, "kind") in POLICIES and not blocks.typed(values, "link")
    if found is None and unlinked:
        missing = tr("Link to the page with the rules: Coach keeps the date alone.")
        return FieldErrors({"link": missing})
    return found


def make_rule(repeats: str, day: date) -> str | None:
    """Write how a session repeats that begins on a day, as RRULE text.

    A month without a fifth such weekday has the last one instead.
    """
    weekday = WEEKDAYS[day.weekday()]
    nth = (day.day - 1) // 7 + 1
    return {
        "weekly": f"FREQ=WEEKLY;BYDAY={weekday}",
        "fortnightly": f"FREQ=WEEKLY;INTERVAL=2;BYDAY={weekday}",
        "monthly": f"FREQ=MONTHLY;BYDAY={nth if nth <= 4 else -1}{weekday}",  # noqa: PLR2004
    }.get(repeats)


def read_draft(values: Mapping[str, Any], zone: str) -> Draft:
    day = date.fromisoformat(blocks.typed(values, "day"))
    return Draft(
        kind=blocks.typed(values, "kind"),
        title=blocks.typed(values, "title"),
        about=blocks.typed(values, "about"),
        link=blocks.typed(values, "link") or None,
        rule=make_rule(blocks.typed(values, "repeats"), day),
        starts_at=f"{day}T{blocks.typed(values, 'time')}",
        zone=zone,
        minutes=int(blocks.typed(values, "minutes")),
        channel=blocks.typed(values, "place"),
        host=blocks.typed(values, "host") or None,
        pre_read=int(blocks.typed(values, "pre_read") or 0) or None,
        skills=[int(number) for number in blocks.ticked(values, "skills")],
    )


def take_form(office: Office, asker: Asker, values: Mapping[str, Any], metadata: str) -> Reply:
    """Say the dates that were meant; nothing is kept yet."""
    draft = read_draft(values, str(json.loads(metadata)["zone"]))
    _refuse_unled(office, asker, draft)
    return card(draft, now=office.clock())


def card(draft: Draft, *, now: datetime) -> Reply:
    """Show the dates of a draft, with the button that keeps it. RefusalError: all are over."""
    dates = dates_of(draft, now=now)
    rhythm = tr(
        "{title}, {when}, {zone}:",
        title=said.title(draft.title),
        zone=draft.zone,
        when=when.say(When(draft.rule, draft.starts_at)),
    )
    lines = [f"• {session_list.say_local(at, draft.zone)}" for at in dates[:ECHOED]]
    more = ["• …"] if len(dates) > ECHOED else []
    text = "\n".join([rhythm, *lines, *more])
    carried = json.dumps(asdict(draft), ensure_ascii=False, separators=(",", ":"))
    buttons = blocks.actions(
        blocks.button(tr("Plan it"), "session_keep", carried, style="primary"),
        blocks.button(tr("Cancel"), "session_forget", "draft"),
    )
    return Reply(text, [blocks.section(text), buttons])


def dates_of(draft: Draft, *, now: datetime) -> list[datetime]:
    found = recurrence.occurrences(
        draft.rule, draft.starts_at, draft.zone, after=now, until=now + YEAR
    )
    if not found:
        raise RefusalError(
            tr(
                "Nothing was planned: {day} is over, or more than a year ahead.",
                day=draft.starts_at.replace("T", " "),
            )
        )
    return found


def press_keep(office: Office, asker: Asker, value: str) -> Reply:
    """Keep the session with its dates."""
    draft, now = Draft(**json.loads(value)), office.clock()
    _refuse_unled(office, asker, draft)
    dates_of(draft, now=now)
    with opened(office.settings.data_dir) as db, immediate(db):
        require_member(db, asker.user)
        _refuse_twice(db, draft)
        fields = asdict(draft) | {"starts_at": datetime.fromisoformat(draft.starts_at)}
        made = sessions.add(db, **fields, organiser=asker.user, now=now)
        announcements.materialise(db, made, now=now)
    text = tr(
        "Session {number} is planned. It is announced in <#{channel}> on the working day before "
        "and 15 minutes before.",
        number=made.id,
        channel=made.channel,
    )
    return Reply(text, replace=True)


def press_forget(_: Office, __: Asker, ___: str) -> Reply:
    return Reply(tr("Nothing was planned."), replace=True)


def _refuse_twice(db: Database, draft: Draft) -> None:
    """Raise RefusalError where the session is planned already: a button may be pressed twice."""
    for one in sessions.all_open(db):
        same = (one.title, one.starts_at, one.channel)
        if same == (draft.title, draft.starts_at, draft.channel):
            raise RefusalError(tr("That is planned already, as session {number}.", number=one.id))


def _refuse_unled(office: Office, asker: Asker, draft: Draft) -> None:
    if draft.kind in LED:
        rights.require(office, asker, "lead", "admin")
