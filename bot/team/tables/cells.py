"""What may stand in a cell, and the one way in which it is written."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from zoneinfo import available_timezones

from bot.language import tr
from bot.wording import code, did_you_mean

USER = re.compile(r"[UW][A-Z0-9]+")
HOUR = re.compile(r"([01]?\d|2[0-3]):([0-5]\d)")
WEEKDAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
TOP_LEVEL = 4
AND = re.compile(r"\s*[;；]\s*")  # between the things of one cell


class CellError(ValueError):
    """What is wrong in a cell, in words."""


@dataclass(frozen=True)
class Known:
    """What a cell may refer to."""

    people: Collection[str] = ()
    skills: Mapping[str, str] = field(default_factory=dict)  # in small letters -> its name
    resources: Mapping[str, str] = field(default_factory=dict)  # in small letters -> its title


Cell = Callable[[str, Known], str]


def text(most: int, *, needed: bool = False) -> Cell:
    def read(cell: str, _: Known) -> str:
        if needed and not cell:
            raise CellError(tr("it may not be empty."))
        if len(cell) > most:
            raise CellError(
                tr("at most {most} characters, and it has {n}.", most=most, n=len(cell))
            )
        return cell

    return read


def choice(allowed: Collection[str], *, optional: bool = False) -> Cell:
    def read(cell: str, _: Known) -> str:
        chosen = cell.lower()
        if chosen in allowed or (optional and not cell):
            return chosen
        raise CellError(
            tr(
                "{cell} isn't one of {allowed}.{meant}",
                cell=code(cell),
                allowed=", ".join(allowed),
                meant=did_you_mean(cell, allowed),
            )
        )

    return read


def whole(least: int, most: int) -> Cell:
    def read(cell: str, _: Known) -> str:
        if not cell.isdecimal() or not least <= int(cell) <= most:
            raise CellError(
                tr(
                    "{cell} isn't a whole number from {least} to {most}.",
                    cell=code(cell),
                    least=least,
                    most=most,
                )
            )
        return str(int(cell))

    return read


def link(cell: str, _: Known) -> str:
    if cell and not re.fullmatch(r"https?://[^\s<>|]{3,}", cell):
        raise CellError(tr("{cell} is no address that begins with https://.", cell=code(cell)))
    return cell


def day(cell: str, _: Known) -> str:
    try:
        return date.fromisoformat(cell.replace("/", "-")).isoformat() if cell else ""
    except ValueError:
        raise CellError(tr("{cell} is no day, such as 2026-12-01.", cell=code(cell))) from None


def hour(cell: str, _: Known) -> str:
    found = HOUR.fullmatch(cell)
    if found is None:
        raise CellError(tr("{cell} is no time of day, such as 09:30.", cell=code(cell)))
    return f"{int(found[1]):02}:{found[2]}"


def weekdays(cell: str, _: Known) -> str:
    chosen = {one.strip().upper() for one in cell.split(",")}
    if not chosen <= set(WEEKDAYS):
        raise CellError(tr("{cell} isn't a list such as MO,TU,WE,TH,FR.", cell=code(cell)))
    return ",".join(one for one in WEEKDAYS if one in chosen)


def zone(cell: str, _: Known) -> str:
    if cell not in available_timezones():
        meant = did_you_mean(cell, {name.lower() for name in available_timezones()})
        raise CellError(
            tr("{cell} is no zone, such as Asia/Shanghai.{meant}", cell=code(cell), meant=meant)
        )
    return cell


def country(cell: str, _: Known) -> str:
    if cell and not re.fullmatch(r"[A-Za-z]{2}", cell):
        raise CellError(tr("{cell} isn't a country's two letters, such as CN.", cell=code(cell)))
    return cell.upper()


def user(cell: str, _: Known) -> str:
    if not USER.fullmatch(cell):
        raise CellError(tr("{cell} is no member ID of Slack, such as U012AB3CD.", cell=code(cell)))
    return cell


def optional_user(cell: str, known: Known) -> str:
    return user(cell, known) if cell else ""


def member(cell: str, known: Known) -> str:
    if cell not in known.people:
        raise CellError(tr("{cell} is no member's ID.", cell=code(cell)))
    return cell


def members(cell: str, known: Known) -> str:
    return write(sorted(member(one, known) for one in parts(cell)))


def levels(cell: str, known: Known) -> str:
    """Read who has which level: `U012AB3CD 3; U045EF6GH 1`."""
    found = {}
    for part in parts(cell):
        who, _, level = part.partition(" ")
        if level not in {str(n) for n in range(TOP_LEVEL + 1)}:
            raise CellError(
                tr("{part} isn't a member's ID and a level from 0 to 4.", part=code(part))
            )
        found[member(who, known)] = level
    return write(f"{who} {level}" for who, level in sorted(found.items()))


def resource(cell: str, known: Known) -> str:
    return _one_of(cell, known.resources, tr("{cell} is no resource's title.", cell=code(cell)))


def skills(cell: str, known: Known) -> str:
    said = {
        _one_of(one, known.skills, tr("there is no skill {one}.", one=code(one)))
        for one in parts(cell)
    }
    return write(sorted(said))


def write(parts: Iterable[str]) -> str:
    """Write several things in one cell."""
    return "; ".join(parts)


def _one_of(cell: str, known: Mapping[str, str], fault: str) -> str:
    if (found := known.get(cell.casefold())) is None:
        raise CellError(fault + did_you_mean(cell, known))
    return found


def parts(cell: str) -> list[str]:
    """Read several things of one cell."""
    return [part for part in AND.split(cell) if part]
