"""A stretch of days that has been, in words: `yesterday`, `last week`, `3 days`, `上周`, `周一以来`."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from babel.dates import format_interval

from bot import chinese
from bot.asking import RefusalError
from bot.language import current, tr
from bot.when import DAYS
from bot.wording import code

LONGEST = 366  # days
UNITS = {"day": 1, "week": 7, "month": 30}  # days
BACK = {"today": 0, "yesterday": 1, "overyesterday": 2}  # days
MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")

_MONTH_DAY = re.compile(  # `3rd november 2026` or `nov 3`
    rf"(?:(\d{{1,2}})(?:st|nd|rd|th)? ({'|'.join(MONTHS)})[a-z]*|"
    rf"({'|'.join(MONTHS)})[a-z]* (\d{{1,2}})(?:st|nd|rd|th)?)(?: (\d{{4}}))?"
)
_DAY = "[一二三四五六日天]"
_WEEK, _MONTH = "(?:周|星期|礼拜)", "(?:个?月)"
# In this order: what contains another stands before it.
_WORDS = tuple(
    (re.compile(pattern), plain)
    for pattern, plain in (
        (r"前天", " overyesterday "),
        (r"昨[天日晚]", " yesterday "),
        (rf"上个?{_WEEK}(?={_DAY})", " weekbefore 周"),
        (rf"上个?{_WEEK}", " last week "),
        (rf"[本这]个?{_WEEK}(?!{_DAY})", " this week "),
        (rf"上{_MONTH}", " last month "),
        (rf"[本这]{_MONTH}", " this month "),
        (rf"([\d零一二两三四五六七八九十]+)个?{_WEEK}", r"\1 week "),
        (r"([\d零一二两三四五六七八九十]+)个月", r"\1 month "),
        (r"([\d零一二两三四五六七八九十]+)天", r"\1 day "),
        (r"[自从]?(.+?)(?:以来|至今|到现在|开始|起)$", r" since \1 "),
        (r"[最过]?[近去]的?", " last "),
        (r"[自从]|之?间$|期间$", " "),
    )
)
_ENGLISH = tuple(
    (re.compile(pattern), plain)
    for pattern, plain in (
        (r"\bday before yesterday\b", "overyesterday"),
        (r"\b(mon|tue|wed|thu|fri|sat|sun)(?:s|nes|r|rs|ur)?(?:day)?\b", r"\1"),
        (r"\blast(?=\d)", "last "),
        (r"(\d) ?(day|week|month)s?\b", r"\1 \2"),
        (r"\b(\d+) ?d\b", r"\1 day"),
        (r"\b(\d+) ?w\b", r"\1 week"),
        (r"\bpast\b|\bprevious\b", "last"),
        (r"\bcurrent\b", "this"),
        (r"\b(last|this) (day|week|month)\b", r"\1_\2"),
        (r"\bday (?=\d)", "month_"),
        (r" ?(?:\.\.|–|—| - |\b(?:to|until|through|and)\b) ?", " to "),
        (r"\b(?:the|of|on|from|between|in|for)\b|[,;]", " "),
    )
)


@dataclass(frozen=True)
class Period:
    """Whole days, both ends included, in the zone of whoever names them."""

    first: date
    last: date

    def bounds(self, zone: str) -> tuple[datetime, datetime]:
        """Give where it begins and where it is over, in UTC; `zone` is IANA's."""
        local = ZoneInfo(zone)
        first = datetime.combine(self.first, time(), local)
        over = datetime.combine(self.last + timedelta(days=1), time(), local)
        return first.astimezone(UTC), over.astimezone(UTC)


def read(text: str, *, today: date) -> Period:
    """Read a period that ends today at the latest; `today` is the asker's.

    Raise RefusalError where it isn't understood, lies ahead, or is longer than a year.
    """
    found = _read(_normal(text), today)
    if found is None:
        raise RefusalError(
            tr(
                "I don't understand when {text} is. Write for example `today`, `last week`, "
                "`3 days`, `since Monday`, `2026-11-02 to 2026-11-06`, `上周` or `最近3天`.",
                text=code(text),
            )
        )
    if found.first > today or found.first > found.last:
        raise RefusalError(
            tr("{text} is no time that has been. Name one up to today.", text=code(text))
        )
    if (found.last - found.first).days >= LONGEST:
        raise RefusalError(
            tr("{text} is longer than a year. Name a shorter time.", text=code(text))
        )
    return Period(found.first, min(found.last, today))


def say(period: Period) -> str:
    """Say it as dates: `Nov 16 – 22, 2026`."""
    return str(format_interval(period.first, period.last, "yMMMd", locale=current()))


# --- reading --------------------------------------------------------------------------------


def _normal(text: str) -> str:
    said = unicodedata.normalize("NFKC", text).lower()
    said = re.sub(rf"(?<={chinese.HAN})\s+|\s+(?={chinese.HAN})", "", said)
    for pattern, plain in _WORDS:
        said = pattern.sub(plain, said)
    said = f" {chinese.to_english(said)} "
    for pattern, plain in _ENGLISH:
        said = pattern.sub(plain, said)
    return " ".join(said.split())


def _read(said: str, today: date) -> Period | None:
    since = said.removeprefix("since ")
    if since != said:
        begun = _read(since, today)
        return begun and Period(begun.first, today)
    first, to, last = said.partition(" to ")
    if to:
        one, other = _read(first, today), _read(last, today)
        return Period(one.first, other.last) if one and other else None
    return _counted(said, today) or _named(said, today) or _one_day(said, today)


def _counted(said: str, today: date) -> Period | None:
    """Read `3 day` or `last 2 week`: so many days up to today."""
    found = re.fullmatch(r"(?:last )?(\d{1,3}) (day|week|month)", said)
    if not found or not int(found[1]):
        return None
    days = int(found[1]) * UNITS[found[2]]
    return Period(today - timedelta(days=days - 1), today)


def _named(said: str, today: date) -> Period | None:
    monday, first = today - timedelta(days=today.weekday()), today.replace(day=1)
    day = timedelta(days=1)
    known = {
        "this_week": Period(monday, today),
        "last_week": Period(monday - 7 * day, monday - day),
        "this_month": Period(first, today),
        "last_month": Period((first - day).replace(day=1), first - day),
        "last_day": Period(today - day, today - day),
    }
    return known.get(said)


def _one_day(said: str, today: date) -> Period | None:
    day = _day(said, today)
    return Period(day, day) if day else None


def _day(said: str, today: date) -> date | None:
    """Read a day that has been: `yesterday`, `mon`, `last mon`, `2026-11-02`, `11-02`, `nov 2`."""
    if said in BACK:
        return today - timedelta(days=BACK[said])
    if found := re.fullmatch(rf"(weekbefore |last |this )?({'|'.join(DAYS)})", said):
        return _weekday(DAYS.index(found[2]), (found[1] or "").strip(), today)
    if found := _MONTH_DAY.fullmatch(said):
        month, day = found[2] or found[3], found[1] or found[4]
        return _date(found[5], MONTHS.index(month) + 1, int(day), today)
    if found := re.fullmatch(r"(?:(\d{4})[-/.])?(\d{1,2})[-/.](\d{1,2})", said):
        return _date(found[1], int(found[2]), int(found[3]), today)
    return None


def _weekday(number: int, which: str, today: date) -> date:
    monday = today - timedelta(days=today.weekday())
    if which == "weekbefore":
        return monday + timedelta(days=number - 7)
    past = (today.weekday() - number) % 7
    return today - timedelta(days=past or (7 if which == "last" else 0))


def _date(year: str | None, month: int, day: int, today: date) -> date | None:
    """Read a date; without its year it is the newest that has been."""
    try:
        if year:
            return date(int(year), month, day)
        this_year = date(today.year, month, day)
        return this_year if this_year <= today else date(today.year - 1, month, day)
    except ValueError:
        return None
