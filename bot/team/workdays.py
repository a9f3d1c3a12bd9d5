"""Working days corrected by people, and admins told of years that no calendar covers yet."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import datetime

from sqlite_utils import Database

from bot import calendar, language
from bot.asking import Asker, Office, RefusalError, Reply
from bot.calendar import WorkCalendar
from bot.commands.team import SetWorkday
from bot.language import tr
from bot.rights import require
from bot.wording import code
from storage import deliveries, members, roles, workdays
from storage.database import opened


def correct(office: Office, asker: Asker, command: SetWorkday) -> Reply:
    """Keep whether people of a country work on a day."""
    require(office, asker, "lead", "admin")
    country, day, works = command.country.upper(), command.day, command.kind == "work"
    if not calendar.is_known(country):
        raise RefusalError(
            tr(
                "I know no country {country}. Give its two letters, such as `CN` or `DE`.",
                country=code(country),
            )
        )
    with opened(office.settings.data_dir) as db:
        workdays.set_override(db, country, day, works=works, by=asker.user, now=office.clock())
    if works:
        return Reply(tr("{day} is a working day in {country} now.", day=day, country=country))
    return Reply(tr("{day} is a day off in {country} now.", day=day, country=country))


async def warn(office: Office) -> None:
    """Tell the admins, each once, of years for which make-up days aren't announced yet."""
    await asyncio.to_thread(_warn, office)


def _warn(office: Office) -> None:
    now = office.clock()
    with opened(office.settings.data_dir) as db:
        missing = list(_uncovered(db, now))
        if not missing:
            return
        days = calendar.read(db)
        for admin in sorted({*roles.having(db, "admin"), *office.settings.admins}):
            for country, year in missing:
                _tell(db, office, admin, country, year, days=days, now=now)


def _uncovered(db: Database, now: datetime) -> Iterator[tuple[str, int]]:
    """Go through the countries of members and their years that nobody has corrected by hand."""
    mended = {(country, day.year) for country, day in workdays.overrides(db)}
    countries = {member.country.upper() for member in members.all_active(db) if member.country}
    for country in sorted(countries):
        for year in calendar.uncovered_years(country, now.date()):
            if (country, year) not in mended:
                yield country, year


def _tell(
    db: Database,
    office: Office,
    admin: str,
    country: str,
    year: int,
    *,
    days: WorkCalendar,
    now: datetime,
) -> None:
    member = members.get(db, admin)
    if member and days.is_quiet(member, now):
        return  # a later tick finds them at work
    with language.use(member.language if member else office.settings.language):
        text = tr(
            "The calendar doesn't know yet which days people work in {country} in {year}: its "
            "make-up days aren't announced, or Coach is older than they are. Update Coach, or "
            "correct the days that differ: `/team workday {year}-02-06 {country} work`.",
            country=country,
            year=year,
        )
    key = f"holidays:{country}:{year}:{admin}"
    deliveries.put(db, key=key, channel=admin, body={"text": text}, now=now)
