"""A learning plan as it is read: what is open with its day and buttons, and how far each track is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from sqlite_utils import Database

from bot import blocks, calendar
from bot.asking import Block, Office, Reply
from bot.calendar import WorkCalendar
from bot.language import listed, mark, tr, trn
from bot.team import said
from storage import learning, members, resources
from storage.talent import Assignment, Member, Resource, Track

SHOWN, SHOWN_AT_HOME = 12, 5
TRACKS: dict[Track, str] = {
    "technical": mark("technical"),
    "industry": mark("industry"),
    "soft": mark("soft skills"),
}


@dataclass(frozen=True)
class LearningPlan:
    """What one person has to learn and has learnt."""

    member: Member
    assignments: Sequence[Assignment]
    resources: Mapping[int, Resource]
    calendar: WorkCalendar

    @property
    def open(self) -> list[Assignment]:
        return [one for one in self.assignments if one.state == "open"]

    def progress(self) -> dict[Track, tuple[int, int]]:
        """Count by track what is done, and all that wasn't dropped."""
        kept = [one for one in self.assignments if one.state != "dropped"]
        return {
            track: (sum(one.state == "done" for one in mine), len(mine))
            for track in TRACKS
            if (mine := [one for one in kept if one.track == track])
        }


def gather(db: Database, member: Member) -> LearningPlan:
    known = {one.id: one for one in resources.all_open(db)}
    return LearningPlan(member, learning.of(db, member.user), known, calendar.read(db))


def home(db: Database, _: Office, user: str) -> list[Block]:
    """Show one's own plan on the Home tab."""
    member = members.get(db, user)
    if member is None or not (plan := gather(db, member)).assignments:
        return []
    head = "\n".join([tr("*My plan*"), say_progress(plan.progress())])
    return [blocks.section(head), *_rows(plan, own=True, most=SHOWN_AT_HOME)]


def say(plan: LearningPlan, *, viewer: str) -> Reply:
    own = viewer == plan.member.user
    if not plan.assignments:
        return Reply(_say_empty(plan.member, own=own))
    title = tr("*Your plan*") if own else tr("*The plan of <@{user}>*", user=plan.member.user)
    count = trn("{count} thing is open.", "{count} things are open.", len(plan.open))
    head = "\n".join([title, say_progress(plan.progress())])
    text = f"{head.replace('*', '')}\n{count}"
    return Reply(text, [blocks.section(head), *_rows(plan, own=own, most=SHOWN)])


def say_progress(progress: Mapping[Track, tuple[int, int]]) -> str:
    """Say how far each track is: `technical 2/5, soft skills 0/1`."""
    return listed(f"{tr(TRACKS[track])} {done}/{n}" for track, (done, n) in progress.items())


def say_due(due_on: str | None, member: Member, working: WorkCalendar) -> str:
    """Say the day it is due, and the working day before where that is a day off."""
    if due_on is None:
        return tr("no date")
    due = date.fromisoformat(due_on)
    reminded = working.working_day_on_or_before(member, due)
    if reminded == due:
        return tr("due {day}", day=said.day(due))
    return tr(
        "due {day}, a day off: counts as {before}", day=said.day(due), before=said.day(reminded)
    )


def _rows(plan: LearningPlan, *, own: bool, most: int) -> list[Block]:
    rows = [block for one in plan.open[:most] for block in _row(plan, one, own=own)]
    more = len(plan.open) - most
    if more > 0:
        rows.append(blocks.context(tr("and {count} more", count=more)))
    return rows


def _row(plan: LearningPlan, one: Assignment, *, own: bool) -> list[Block]:
    found = plan.resources.get(one.resource)
    named = said.resource(found) if found else said.title(one.title)
    minutes = [tr("{minutes} min", minutes=found.minutes)] if found else []
    due = say_due(one.due_on, plan.member, plan.calendar)
    given = [tr("from <@{by}>", by=one.assigned_by)] if own and one.assigned_by != one.user else []
    parts = listed([*minutes, tr(TRACKS[one.track]), due, *given])
    buttons = [blocks.button(tr("Done"), "assignment_done", str(one.id), style="primary")]
    if not own or one.assigned_by == one.user:
        buttons.append(blocks.button(tr("Drop"), "assignment_drop", str(one.id), confirm=_sure()))
    return [blocks.section(f"{named}\n{parts}"), blocks.actions(*buttons)]


def _sure() -> Block:
    said_ = tr("It goes from the plan, and nobody is reminded of it.")
    return blocks.confirm(tr("Drop it?"), said_, yes=tr("Drop"), no=tr("Keep"))


def _say_empty(member: Member, *, own: bool) -> str:
    if own:
        return tr(
            "Your plan is empty. `/team learn` shows what would suit you, "
            "`/team plan add` with your own name puts it into your plan."
        )
    return tr(
        "The plan of <@{user}> is empty. `/team plan add` puts something into it.", user=member.user
    )
