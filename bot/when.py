"""When something comes, in words: English and Chinese are read, and said back."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Literal

from babel.dates import get_day_names
from babel.lists import format_list

from bot import chinese
from bot.asking import RefusalError
from bot.language import current, mark, tr
from bot.recurrence import local_days
from bot.wording import code

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
GROUPS = {"weekdays": DAYS[:5], "weekends": DAYS[5:]}
PERIODS = ("monthly", "quarterly")
FIRST_MONTHS, LAST_MONTHS = "BYMONTH=1,4,7,10;", "BYMONTH=3,6,9,12;"  # of the quarters
NTH = {
    "1": mark("first"),
    "2": mark("second"),
    "3": mark("third"),
    "4": mark("fourth"),
    "-1": mark("last"),
}
SHORTEST_MONTH, LONGEST_MONTH = 28, 31  # days
FARTHEST = timedelta(days=200)  # any rule comes round within it
# Hours that are said on the twelve-hour clock and lie in its second half.
SECOND_HALF = {"pm": range(1, 12), "midday": range(1, 3), "night": range(6, 12)}
EVENING = 18

# Synonyms, in this order, on lower case; what is left are the words that the grammar knows.
_ENGLISH = tuple(
    (re.compile(pattern), plain)
    for pattern, plain in (
        (r"\b([ap])\.m\.", r"\1m"),
        (r"\bnoon\b", "12:00"),
        (r"\bmidnight\b", "0:00"),
        (r"\bday after tomorrow\b", "overmorrow"),
        (r"\b(mon|tue|wed|thu|fri|sat|sun)(?:s|nes|r|rs|ur)?(?:days?)?\b", r"\1"),
        (r"\b(?:every|each) (?:second|2nd)\b(?!.*\b(?:of|month|quarter))", "2 weeks"),
        (r"\b(?:every )?other(?: weeks?)?\b|\bbi-?weekly\b|\bfortnightly\b", "2 weeks"),
        (r"\btwo weeks\b", "2 weeks"),
        (r"\bfirst\b", "1th"),
        (r"\bsecond\b", "2th"),
        (r"\bthird\b", "3th"),
        (r"\bfourth\b", "4th"),
        (r"\b(\d{1,2})(?:st|nd|rd|th)\b", r"\1th"),
        (r"\b(?:work|working |business |week)days?\b", "weekdays"),
        (r"\bweekends?\b", "weekends"),
        (r"\b(?:every|each) ?day\b", "daily"),
        (r"\bmonth\b", "monthly"),
        (r"\bquarter\b|\bevery (?:3|three) months\b", "quarterly"),
        (rf"\b({'|'.join(DAYS)}) ?(?:to|through|until|-|–) ?({'|'.join(DAYS)})\b", r"\1_\2"),
    )
)
_FILLERS = re.compile(r"\b(?:at|on|the|of|each|every|in|and|once|weekly|week)\b|[,;()]")
_HALF = r"(am|pm|midday|night)"
_TIMES = (
    re.compile(rf"\b(?:{_HALF} ?)?(\d{{1,2}}):(\d{{1,2}})(?: ?{_HALF})?\b"),
    re.compile(rf"\b()(\d{{1,2}})() ?{_HALF}\b"),
    re.compile(r"\bat ()(\d{1,2})()(?!\S)()"),
)


@dataclass(frozen=True)
class When:
    """A rule on local times, with the first date and time that it gives."""

    rule: str | None  # RRULE text; None for once
    starts_at: str  # naive and local: 2026-11-24T09:30


def read(text: str, *, now_local: datetime) -> When:
    """Read `weekdays 9:30`, `every other Tuesday 10am`, `每月第一个周一上午九点`, `明天下午3点`.

    `now_local` is the local time of whoever says it. Raises RefusalError where it isn't
    understood, lacks the time of day, or is over. A small grammar of our own: dateparser knows no
    明天下午3点, and recurrent loses the time of `weekdays 9:30`.
    """
    time, days = _split(_normal(text))
    rule = _rule(days)
    day = None if rule else _one_day(days, now_local.date())
    if time == "" or not (rule or day):
        raise _not_understood(text)
    if time is None:
        raise RefusalError(
            tr(
                "{text} lacks the time of day. Write it behind, such as `weekdays 9:30`.",
                text=code(text),
            )
        )
    now = f"{now_local:%Y-%m-%dT%H:%M}"
    if rule:
        return When(rule, _first(rule, time, now))
    if f"{day}T{time}" <= now:
        raise RefusalError(tr("{text} is over. Name a time to come.", text=code(text)))
    return When(None, f"{day}T{time}")


def say(when: When) -> str:
    """Say it in the current language, in words that `read` understands."""
    day, time = when.starts_at[:10], when.starts_at[11:16]
    if when.rule is None:
        return tr("once, on {day} at {time}", day=day, time=time)
    parts = dict(part.split("=") for part in when.rule.split(";"))
    if parts["FREQ"] == "DAILY":
        return tr("every day at {time}", time=time)
    if parts["FREQ"] == "MONTHLY":
        return _say_monthly(parts, time)
    days, weeks = parts["BYDAY"].lower().split(","), parts.get("INTERVAL")
    if weeks:
        named = _named(days)
        return tr("every {count} weeks on {days} at {time}", count=weeks, days=named, time=time)
    if days == [day[:2] for day in GROUPS["weekdays"]]:
        return tr("on weekdays at {time}", time=time)
    return tr("every {days} at {time}", days=_named(days), time=time)


def _say_monthly(parts: dict[str, str], time: str) -> str:
    quarterly = "BYMONTH" in parts
    if days := parts.get("BYDAY"):
        nth, day = tr(NTH[days[:-2]]), _named([days[-2:].lower()])
        if quarterly:
            return tr("quarterly on the {nth} {day} at {time}", nth=nth, day=day, time=time)
        return tr("monthly on the {nth} {day} at {time}", nth=nth, day=day, time=time)
    number = parts["BYMONTHDAY"].split(",")[-1]
    if number == "-1" and quarterly:
        return tr("quarterly on the last day at {time}", time=time)
    if number == "-1":
        return tr("monthly on the last day at {time}", time=time)
    if quarterly:
        return tr("quarterly on day {number} at {time}", number=number, time=time)
    return tr("monthly on day {number} at {time}", number=number, time=time)


def _named(days: list[str]) -> str:
    """Name week days, given by two letters: `Monday and Thursday`, `周一和周四`."""
    width: Literal["abbreviated", "wide"] = "abbreviated" if current() == "zh" else "wide"
    names = get_day_names(width, locale=current())  # 周一 rather than 星期一
    numbers = [next(n for n, known in enumerate(DAYS) if known[:2] == day) for day in days]
    return format_list([names[number] for number in numbers], locale=current())


# --- reading --------------------------------------------------------------------------------


def _normal(text: str) -> str:
    """Put what was typed, in either language, into the few words that the grammar knows."""
    said = unicodedata.normalize("NFKC", text).lower()
    said = " ".join(chinese.to_english(said).split())
    for pattern, plain in _ENGLISH:
        said = pattern.sub(plain, said)
    return said


def _split(said: str) -> tuple[str | None, str]:
    """Split off the time, as HH:MM: None where there is none, empty where there is no such time."""
    for pattern in _TIMES:
        if found := pattern.search(said):
            before, hour, minute, after = found.groups()
            said = f"{said[: found.start()]} {said[found.end() :]}"
            return _time(int(hour), int(minute or 0), before or after or ""), _bare(said)
    return None, _bare(said)


def _bare(said: str) -> str:
    return " ".join(_FILLERS.sub(" ", said).split())


def _time(hour: int, minute: int, half: str) -> str:
    if hour in SECOND_HALF.get(half, ()):
        hour += 12
    elif half == "am":
        hour = hour % 12 if hour <= 12 else 24  # noqa: PLR2004 - a clock's dial
    elif half == "night" and hour < EVENING:
        return ""
    return f"{hour:02}:{minute:02}" if hour < 24 and minute < 60 else ""  # noqa: PLR2004


def _rule(days: str) -> str | None:
    """Give the RRULE text of what comes again and again, week days by their names."""
    period = next((word for word in PERIODS if word in days.split()), None)
    if period:
        days = " ".join(word for word in days.split() if word != period)
    weeks = re.search(r"\b([2-9]) weeks\b", days)
    if weeks:
        days = " ".join(days.replace(weeks[0], " ").split())
    if days == "daily" and not (period or weeks):
        return "FREQ=DAILY"
    if (named := _weekdays(days)) and not period:
        interval = f"INTERVAL={weeks[1]};" if weeks else ""
        return f"FREQ=WEEKLY;{interval}BYDAY={','.join(named)}"
    found = None if weeks else _in_month(days, said_so=period is not None)
    months = LAST_MONTHS if found and "=-1" in found else FIRST_MONTHS
    return found and f"FREQ=MONTHLY;{months if period == 'quarterly' else ''}{found}"


def _weekdays(days: str) -> list[str]:
    """Read `mon thu`, `mon_fri` or `weekdays`: two capital letters each, in the week's order."""
    chosen: set[str] = set()
    for word in days.split():
        first, _, last = word.partition("_")
        if word in GROUPS:
            chosen.update(GROUPS[word])
        elif first in DAYS and last in DAYS:
            chosen.update(DAYS[DAYS.index(first) : DAYS.index(last) + 1])
        elif word in DAYS:
            chosen.add(word)
        else:
            return []
    return [day[:2].upper() for day in DAYS if day in chosen]


def _in_month(days: str, *, said_so: bool) -> str | None:
    """Read `1th mon`, `last fri`, `day 1`, `15th` or `last day`; a bare `1` only after `monthly`.

    A month that has no 31st gives its last day instead of none.
    """
    if found := re.fullmatch(rf"(?:([1-4])th|last) ({'|'.join(DAYS)})", days):
        return f"BYDAY={found[1] or -1}{found[2][:2].upper()}"
    if days == "last day":
        return "BYMONTHDAY=-1"
    found = re.fullmatch(r"(day )?(\d{1,2})(th)?(?: day)?", days)
    if not found or not (said_so or found[1] or found[3]):
        return None
    number = int(found[2])
    if number > SHORTEST_MONTH:
        upto = ",".join(str(day) for day in range(SHORTEST_MONTH, number + 1))
        return f"BYMONTHDAY={upto};BYSETPOS=-1" if number <= LONGEST_MONTH else None
    return f"BYMONTHDAY={number}" if number else None


def _one_day(days: str, today: date) -> date | None:
    """Read a single day: `tomorrow`, `next mon`, `2026-12-01`, `12-01`."""
    ahead = {"today": 0, "tomorrow": 1, "overmorrow": 2}
    if days in ahead:
        return today + timedelta(days=ahead[days])
    if found := re.fullmatch(rf"(this|next) ({'|'.join(DAYS)})", days):
        monday = today - timedelta(days=today.weekday())
        weeks = 1 if found[1] == "next" else 0
        return monday + timedelta(weeks=weeks, days=DAYS.index(found[2]))
    if found := re.fullmatch(r"(?:(\d{4})[-/.])?(\d{1,2})[-/.](\d{1,2})", days):
        return _date(found[1], int(found[2]), int(found[3]), today)
    return None


def _date(year: str | None, month: int, day: int, today: date) -> date | None:
    try:
        if year:
            return date(int(year), month, day)
        this_year = date(today.year, month, day)
        return this_year if this_year >= today else date(today.year + 1, month, day)
    except ValueError:
        return None


def _first(rule: str, time: str, now: str) -> str:
    """Give the first local time after now; every other week counts from there."""
    today = date.fromisoformat(now[:10])
    weekly = re.sub(r"INTERVAL=\d+;", "", rule)
    days = local_days(weekly, f"{today}T{time}", first=today, last=today + FARTHEST)
    return next(f"{day}T{time}" for day in days if f"{day}T{time}" > now)


def _not_understood(text: str) -> RefusalError:
    return RefusalError(
        tr(
            "I don't understand when {text} is. Write for example `weekdays 9:30`, "
            "`every other Tuesday 10am`, `monthly on the first Monday 9:00`, `tomorrow 15:00`, "
            "`每周一上午九点` or `每月1号9点`.",
            text=code(text),
        )
    )
