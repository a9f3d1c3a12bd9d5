"""The pairing report: a schedule makes the day's round, and the channel hears how many pairs there are."""

from __future__ import annotations

from datetime import date, timedelta
from zoneinfo import ZoneInfo

from sqlite_utils import Database

from bot import blocks
from bot.language import mark, tr
from bot.report.kinds import Kind, Report, Scope
from bot.team import pair, rounds
from storage import pairs


def make_round(db: Database, scope: Scope) -> None:
    """Make the round of the schedule's local day, once however often it is asked."""
    rounds.make(db, day=_day(scope), now=scope.now)


def compose(db: Database, scope: Scope) -> Report | None:
    """Tell how many pairs the day has, without a name; None where it has none."""
    made = pairs.of_day(db, _day(scope).isoformat())
    if not made:
        return None
    said = pair.say_count(len(made))
    hint = tr(
        "`/team pair` shows yours. `/team prefs pairing=no` leaves you out, `yes` takes part."
    )
    return Report(f"{said}\n{hint}", [blocks.section(said), blocks.context(hint)])


def _day(scope: Scope) -> date:
    return scope.now.astimezone(ZoneInfo(scope.zone)).date()


KIND = Kind(
    name="pairing",
    title=mark("Pairs"),
    compose=compose,
    covers=timedelta(days=14),
    prepare=make_round,
)
