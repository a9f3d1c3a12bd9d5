"""Learning plans: give something to learn, show who has what to do, finish it, drop it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

from sqlite_utils import Database

from bot import blocks, calendar, readers
from bot.asking import Asker, Block, Office, RefusalError, Reply
from bot.commands.team import Assign, ShowPlan
from bot.language import tr, use
from bot.team import plan_card, said
from bot.team.membership import require_lead_of, require_member
from bot.wording import code, did_you_mean
from storage import deliveries, learning, resources
from storage.database import immediate, opened
from storage.talent import Assignment, Member, Resource, Track

EVIDENCE = 1000  # characters


def show(office: Office, asker: Asker, command: ShowPlan) -> Reply:
    """Show one's own plan; another's to their manager and the leads."""
    with opened(office.settings.data_dir) as db:
        member = require_member(db, command.who or asker.user)
        if member.user != asker.user:
            require_lead_of(office, asker, member)
        return plan_card.say(plan_card.gather(db, member), viewer=asker.user)


def assign(office: Office, asker: Asker, command: Assign) -> Reply:
    """Put something into one's own plan, or into another's as their manager or a lead."""
    with opened(office.settings.data_dir) as db, immediate(db):
        member = require_member(db, command.who)
        if member.user != asker.user:
            require_lead_of(office, asker, member)
        resource = find(db, command.resource)
        _refuse_past(office, member, command.due)
        return _assign(office, db, asker, member, resource, due=command.due, track=command.track)


def press_take(office: Office, asker: Asker, value: str) -> Reply:
    """Put the resource of that number into one's own plan."""
    with opened(office.settings.data_dir) as db, immediate(db):
        member = require_member(db, asker.user)
        return _assign(office, db, asker, member, find(db, value), due=None, track=None)


def press_drop(office: Office, asker: Asker, value: str) -> Reply:
    """Take it out of a plan, as who gave it, or the person's manager or a lead."""
    with opened(office.settings.data_dir) as db, immediate(db):
        given = _get_open(db, value)
        if given.assigned_by != asker.user:
            require_lead_of(office, asker, require_member(db, given.user))
        learning.drop(db, given.id, by=asker.user, now=office.clock())
    return Reply(tr("{title} is dropped.", title=said.title(given.title)))


async def press_done(office: Office, asker: Asker, value: str) -> None:
    """Ask what came of it; an empty answer will do."""
    given = await asyncio.to_thread(_check_done, office, asker, value)
    view = form(given, channel=asker.channel, response_url=asker.response_url)
    await office.client.views_open(trigger_id=asker.trigger_id or "", view=view)


def form(given: Assignment, *, channel: str, response_url: str | None) -> Block:
    typed = blocks.text_input("evidence", multiline=True)
    hint = tr("A link or a sentence. Your manager and the leads can read it.")
    metadata = {"channel": channel, "response_url": response_url or "", "assignment": given.id}
    fields = [
        blocks.section(said.title(given.title)),
        blocks.field("evidence", tr("What came of it"), typed, optional=True, hint=hint),
    ]
    title = tr("Done")
    return blocks.modal("plan_done", title, fields, submit=tr("Done"), metadata=metadata)


def take_form(office: Office, asker: Asker, values: Mapping[str, Any], metadata: str) -> Reply:
    number = str(json.loads(metadata)["assignment"])
    given = _check_done(office, asker, number)
    evidence = blocks.typed(values, "evidence")[:EVIDENCE] or None
    with opened(office.settings.data_dir) as db, immediate(db):
        learning.finish(db, given.id, by=asker.user, evidence=evidence, now=office.clock())
        plan = plan_card.gather(db, require_member(db, given.user))
    return Reply(
        tr(
            "{title} is done. {progress}.",
            title=said.title(given.title),
            progress=plan_card.say_progress(plan.progress()),
        )
    )


# --- steps ----------------------------------------------------------------------------------


def find(db: Database, number_or_title: str) -> Resource:
    """Find a resource; raises RefusalError with the title that was probably meant."""
    found = resources.find(db, number_or_title)
    if found is None:
        titles = [one.title for one in resources.all_open(db)]
        raise RefusalError(
            tr(
                "There is nothing to learn called {title}.{meant} `/team learn` finds what there "
                "is, `/team learn add` adds something.",
                title=code(number_or_title),
                meant=did_you_mean(number_or_title, titles),
            )
        )
    return found


def _refuse_past(office: Office, member: Member, due: date | None) -> None:
    today = office.clock().astimezone(ZoneInfo(member.zone)).date()
    if due is not None and due < today:
        raise RefusalError(tr("{day} is over. Choose a day to come.", day=said.day(due)))


def _assign(
    office: Office,
    db: Database,
    asker: Asker,
    member: Member,
    resource: Resource,
    *,
    due: date | None,
    track: Track | None,
) -> Reply:
    made = learning.assign(
        db,
        member.user,
        resource.id,
        track=track or resource.track,
        due_on=due,
        by=asker.user,
        now=office.clock(),
    )
    if made is None:
        raise RefusalError(
            tr(
                "{title} is in the plan of <@{user}> already.",
                title=said.resource(resource),
                user=member.user,
            )
        )
    working = calendar.read(db)
    if member.user != asker.user:
        with use(readers.person_speaks(db, member.user, default=office.settings.language)):
            _tell(office, db, made, resource, plan_card.say_due(made.due_on, member, working))
    return Reply(
        tr(
            "{title} is in the plan of <@{user}>, {due}.",
            title=said.resource(resource),
            user=member.user,
            due=plan_card.say_due(made.due_on, member, working),
        )
    )


def _tell(office: Office, db: Database, made: Assignment, resource: Resource, due: str) -> None:
    """Tell somebody what they were given."""
    text = tr(
        "<@{by}> put {title} into your learning plan, {due}. `/team plan` shows it.",
        by=made.assigned_by,
        title=said.resource(resource),
        due=due,
    )
    deliveries.put(
        db,
        key=f"assigned:{made.id}",
        channel=made.user,
        user=made.user,
        body={"text": text},
        now=office.clock(),
    )


def _get_open(db: Database, number: str) -> Assignment:
    given = learning.get(db, int(number))
    if given is None or given.state != "open":
        raise RefusalError(tr("That has ended already. `/team plan` shows what is open."))
    return given


def _check_done(office: Office, asker: Asker, number: str) -> Assignment:
    """Give an open assignment that the asker may call done."""
    with opened(office.settings.data_dir) as db:
        given = _get_open(db, number)
        if given.user != asker.user:
            require_lead_of(office, asker, require_member(db, given.user))
        return given
