"""A schedule as it was understood, shown with its next dates before it is kept; and the form for it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from babel.dates import format_skeleton

from bot import blocks, recurrence, when
from bot.asking import Block, RefusalError, Reply
from bot.language import current, mark, tr
from bot.report import rooms
from bot.report.kinds import Kind
from bot.when import When

DATES = 5  # shown
MINUTE = timedelta(minutes=1)
REPEATS = {
    "once": mark("once"),
    "daily": mark("every day"),
    "weekdays": mark("on weekdays"),
    "weekly": mark("every week"),
    "biweekly": mark("every other week"),
    "monthly": mark("every month"),
}
# In the words that `when` reads; the day is the one that was picked.
_WORDS = {
    "once": "{day}",
    "daily": "daily",
    "weekdays": "weekdays",
    "weekly": "every {weekday}",
    "biweekly": "every other {weekday}",
    "monthly": "monthly day {number}",
}
_WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


@dataclass(frozen=True)
class Draft:
    """A schedule that isn't kept yet, as its buttons carry it."""

    key: str  # of the request: pressed twice, it is kept once
    kind: str
    channel: str
    rule: str | None
    starts_at: str
    zone: str

    def write(self) -> str:
        return json.dumps(asdict(self))

    @classmethod
    def read(cls, value: str) -> Draft:
        return cls(**json.loads(value))

    @property
    def when(self) -> When:
        return When(self.rule, self.starts_at)


def card(draft: Draft, kind: Kind, *, now: datetime) -> Reply:
    """Echo what was understood, with the dates that it gives."""
    title = tr(
        "Let the report “{kind}” come to {channel} {when}?",
        kind=tr(kind.title),
        channel=rooms.name_of(draft.channel),
        when=when.say(draft.when),
    )
    dates = "\n".join(f"• {date}" for date in say_dates(draft, now=now))
    small = tr("Times of {zone}. What has nothing to say is not sent.", zone=draft.zone)
    value = draft.write()
    shown: list[Block] = [
        blocks.section(f"*{title}*"),
        blocks.section(tr("It comes next:\n{dates}", dates=dates)),
        blocks.context(small),
        blocks.actions(
            blocks.button(tr("Schedule it"), "report_schedule", value, style="primary"),
            blocks.button(tr("Change…"), "report_change", value),
            blocks.button(tr("Cancel"), "report_drop", value),
        ),
    ]
    return Reply(f"{title}\n{dates}\n{small}", shown)


def say_dates(draft: Draft, *, now: datetime) -> list[str]:
    """Write the next dates in the zone that they were meant in."""
    found = recurrence.upcoming(draft.rule, draft.starts_at, draft.zone, after=now, count=DATES)
    return [_say_date(at.astimezone(ZoneInfo(draft.zone))) for at in found]


def _say_date(local: datetime) -> str:
    return f"{format_skeleton('yMMMEd', local, locale=current())} {local:%H:%M}"


# --- the form -------------------------------------------------------------------------------


def form(draft: Draft, kinds: Mapping[str, Kind], *, metadata: Mapping[str, Any]) -> Block:
    """Make the form; the day it shows is the first that the draft gives."""
    titles = {name: tr(kind.title) for name, kind in kinds.items()}
    repeats = {name: tr(words) for name, words in REPEATS.items()}
    choose, day, at = tr("Choose"), draft.starts_at[:10], draft.starts_at[11:16]
    inputs = [
        blocks.field(
            "kind", tr("Report"), blocks.select("kind", choose, titles, chosen=draft.kind or None)
        ),
        blocks.field(
            "repeat",
            tr("How often"),
            blocks.select("repeat", choose, repeats, chosen=repeat_of(draft.rule)),
        ),
        blocks.field("day", tr("First on"), blocks.date_picker("day", day=day)),
        blocks.field("time", tr("At"), blocks.time_picker("time", time=at)),
        blocks.field(
            "to", tr("Channel"), blocks.channel_select("to", choose, chosen=draft.channel)
        ),
        blocks.context(tr("Times of {zone}, your time zone.", zone=draft.zone)),
    ]
    return blocks.modal(
        "report_schedule", tr("Schedule a report"), inputs, submit=tr("Next"), metadata=metadata
    )


def read_form(values: Mapping[str, Any], draft: Draft, *, now: datetime) -> Draft:
    """Read what was picked; raises RefusalError for a time that is over."""
    day = date.fromisoformat(blocks.typed(values, "day"))
    repeat, at = blocks.typed(values, "repeat"), blocks.typed(values, "time")
    found = when.read(
        f"{words_of(repeat, day)} {at}",
        now_local=_before(day, now.astimezone(ZoneInfo(draft.zone)), once=repeat == "once"),
    )
    channel = blocks.typed(values, "to")
    kind = blocks.typed(values, "kind")
    return replace(draft, kind=kind, channel=channel, rule=found.rule, starts_at=found.starts_at)


def words_of(repeat: str, day: date) -> str:
    """Say a choice in the words that `when` reads, such as `every other tuesday`."""
    if repeat not in _WORDS:
        raise RefusalError(tr("Choose how often it should come."))
    return _WORDS[repeat].format(day=day, weekday=_WEEKDAYS[day.weekday()], number=day.day)


def repeat_of(rule: str | None) -> str:
    """Find the choice that comes closest to a rule."""
    parts = dict(part.split("=") for part in (rule or "").split(";") if part)
    frequency, days = parts.get("FREQ", "ONCE"), parts.get("BYDAY", "").count(",")
    if frequency != "WEEKLY":
        return frequency.lower()
    if "INTERVAL" in parts:
        return "biweekly"
    return "weekdays" if days else "weekly"


def _before(day: date, now_local: datetime, *, once: bool) -> datetime:
    """Give the time from which on the first date is looked for: not before the day picked."""
    eve = datetime.combine(day, time.min, now_local.tzinfo) - MINUTE
    return now_local if once else max(now_local, eve)
