"""Days, hours and titles as the lines of a digest say them."""

from __future__ import annotations

from datetime import date, datetime

from babel.dates import format_date, format_skeleton, get_day_names

from bot.blocks import cut
from bot.calendar import WEEKDAYS, zone_of
from bot.language import current
from bot.wording import escape
from storage.talent import Member, Resource

TITLE = 120  # characters of a title in a line


def title(text: str) -> str:
    """Give a title in bold, cut and escaped."""
    return f"*{escape(cut(' '.join(text.split()), TITLE)).replace('*', '∗')}*"


def resource(found: Resource) -> str:
    """Give a resource's title, with its link where it has one."""
    return link(found.link, found.title) if found.link else title(found.title)


def link(address: str, text: str) -> str:
    """Give a text that leads to an address; in bold alone where that is none for a browser."""
    if not address.startswith(("https://", "http://")) or "|" in address:
        return title(text)
    name = title(text).strip("*").replace("|", "¦")
    return f"<{escape(address).replace('>', '')}|{name}>"


def day(on: date) -> str:
    """Say a day: `Tue, Dec 1`."""
    noon = datetime(on.year, on.month, on.day, 12)  # noqa: DTZ001 - a day has no zone
    return str(format_skeleton("MMMEd", noon, locale=current()))


def date_of(on: date) -> str:
    """Say a day of any year: `Dec 1, 2025`."""
    return format_date(on, "medium", locale=current())


def weekday(name: str) -> str:
    """Say `MO` as `Mon`."""
    at = WEEKDAYS.index(name)
    return str(get_day_names("abbreviated", locale=current())[at])


def clock(at: datetime, reader: Member) -> str:
    """Say a time in the reader's zone: `15:00`."""
    return f"{at.astimezone(zone_of(reader)):%H:%M}"
