"""A year of a team of forty in ten zones, and whether each message came once and in time.

    python benchmarks/year.py [--quick] [--seed 0]

Real are the database, the ticks and the outbox; the clock jumps from one moment at which something
is due to the next. The bot is down for hours now and then, is killed while it sends, and loses
replies. Counted by an account of its own: `doubled` are keys that came twice and second digests of
one local day, `in_quiet_hours` direct messages outside somebody's working hours, `missed` digests
that were not decided on a day somebody worked, dates that nobody announced, reports let go, and
messages that were put and never came, each only where the bot was up in time.
"""

from __future__ import annotations

import argparse
import asyncio
import heapq
import json
import logging
import random
import tempfile
import time as stopwatch
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any, cast
from zoneinfo import ZoneInfo

import pretend_team
from pretend_slack import PretendSlack
from pretend_team import HIRING, LEADERSHIP, PRIVATE, TEAM, Team
from sqlite_utils import Database

from bot import calendar, recurrence
from bot.asking import Office
from bot.outbox import Outbox
from bot.report import due
from bot.running import FEATURES, guards_of
from bot.settings import BotSettings
from bot.team import announcements, digest, pair, workdays
from storage import members, schedules, sessions
from storage.database import immediate, migrate, opened
from storage.records import text
from storage.talent import Member, Occurrence

START = datetime(2026, 1, 1, tzinfo=UTC)  # of a year that the calendar of holidays covers
DAY, HOUR, MINUTE = timedelta(days=1), timedelta(hours=1), timedelta(minutes=1)
STEP = digest.SPREAD  # between two looks into the outbox
RESTARTS_A_WEEK, MOMENTS_A_DAY = 1.5, 20  # about
READY = """
    state IN ('due', 'claimed') AND (parent IS NULL OR EXISTS (
        SELECT 1 FROM deliveries p WHERE p.key = d.parent AND p.state <> 'due'))
"""
NO_CEILING = 1e9  # posts a minute: the simulated clock stands still while messages go out
SCHEDULES = (
    ("week", TEAM, "FREQ=WEEKLY;BYDAY=MO", "09:00", "Europe/Berlin"),
    ("pairing", TEAM, "FREQ=WEEKLY;INTERVAL=2;BYDAY=TU", "10:00", "Europe/London"),
    ("hiring", HIRING, "FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR", "09:30", "America/New_York"),
    ("health", LEADERSHIP, "FREQ=MONTHLY;BYDAY=1MO", "09:00", "Asia/Shanghai"),
)


@dataclass
class Account:
    """What should have come, kept apart from the code that sends it."""

    downs: list[tuple[datetime, datetime]] = field(default_factory=list)
    decided: set[tuple[str, str]] = field(default_factory=set)
    quiet: list[str] = field(default_factory=list)
    missed: list[str] = field(default_factory=list)
    let_go: int = 0  # occurrences of schedules
    person_days: int = 0

    def was_up(self, start: datetime, end: datetime) -> bool:
        """Say whether the bot ran at some moment from `start` to before `end`."""
        return not any(first <= start and end <= last for first, last in self.downs)


class LetGo(logging.Handler):
    """Counts the occurrences that schedules let go, from the log."""

    def __init__(self, account: Account) -> None:
        super().__init__()
        self._account = account

    def emit(self, record: logging.LogRecord) -> None:
        self._account.let_go += record.__dict__.get("times", 0)


Tick = Callable[[Office], Awaitable[object]]
DIGESTS, SESSIONS, REPORTS = 0, 1, 2
TICKS: tuple[Tick, ...] = (digest.send_due, announcements.tick, due.send)
Moment = tuple[datetime, int]  # when something is due, and of which tick


class Year:
    """The simulation: a clock, a team, a bot that comes and goes, and the account."""

    def __init__(self, data_dir: Path, db: Database, *, seed: int) -> None:
        self.now, self.data_dir, self.db = START, data_dir, db
        self.chance = random.Random(seed)  # noqa: S311 - no secret
        self.team, self.account = Team(random.Random(seed + 1)), Account()  # noqa: S311
        self.slack = PretendSlack(self.clock, random.Random(seed + 2), PRIVATE)  # noqa: S311
        self.moments: list[Moment] = []  # a heap
        self.seen = 0  # posts that were looked at
        self._start_bot()

    def clock(self) -> datetime:
        return self.now

    def _start_bot(self) -> None:
        """Make the bot's parts anew, as a restart does; only the database stays."""
        client = cast("Any", self.slack)
        settings = BotSettings(_env_file=None, data_dir=self.data_dir)
        self.office = Office(
            settings=settings,
            client=client,
            serving=cast("Any", None),  # nothing here classifies
            clock=self.clock,
            bot_user="UCOACH",
        )
        self.outbox = Outbox(
            data_dir=self.data_dir,
            client=client,
            clock=self.clock,
            guards=guards_of(self.office, FEATURES),
            posts_a_minute=NO_CEILING,
        )

    def found(self) -> None:
        with immediate(self.db):
            self.team.found(self.db, self.now)
            pretend_team.correct_calendar(self.db, self.now)
            for number, (kind, channel, rule, at, zone) in enumerate(SCHEDULES):
                schedules.add(
                    self.db,
                    key=str(number),
                    kind=kind,
                    channel=channel,
                    rule=rule,
                    starts_at=f"{START.date()}T{at}",
                    zone=zone,
                    by="U00",
                    now=self.now,
                )

    # --- time -------------------------------------------------------------------------------

    async def run(self, days: int) -> None:
        self.found()
        for number in range(days):
            await self._live_day(START + number * DAY)

    async def _live_day(self, start: datetime) -> None:
        self.now = max(self.now, start)
        with immediate(self.db):
            self.team.live(self.db, self.now)
        self._expect_digests(start.date())
        for tick in (announcements.tick_dates, pair.mend, workdays.warn):
            await tick(self.office)
        self._plan_day(start)
        while (moment := self._next(start + DAY)) is not None:
            self.now = max(self.now, moment[0])
            await self._tick(moment[1])
            await self._send()
            if self.chance.random() < RESTARTS_A_WEEK / 7 / MOMENTS_A_DAY:
                await self._fall()

    def _plan_day(self, start: datetime) -> None:
        """Note the moments of the day at which something is due."""
        end, db = start + DAY, self.db
        days = [start.date() + n * DAY for n in (-1, 0, 1)]
        found = {(at, DIGESTS) for day in days for at in pretend_team.digest_moments(db, day)}
        for one in schedules.all_open(db):
            times = recurrence.occurrences(
                one.rule, one.starts_at, one.zone, after=start, until=end
            )
            found |= {(at, REPORTS) for at in times}
        working = calendar.read(db)
        for date_ in sessions.between(db, start, end + announcements.LOOKED_AHEAD):
            plans = announcements.plan(date_, members.get(db, date_.organiser), working)
            found |= {(plan.due_at, SESSIONS) for plan in plans}
        self.moments = sorted(moment for moment in found if start <= moment[0] < end)

    def _next(self, end: datetime) -> tuple[datetime, int | None] | None:
        """Give the next moment of the day, and its tick: none where only the outbox is due."""
        (row,) = self.db.query(f"SELECT min(due_at) AS at FROM deliveries d WHERE {READY}")  # noqa: S608
        queued = datetime.fromisoformat(row["at"]) + STEP if row["at"] else end
        planned = self.moments[0][0] if self.moments else end
        if min(queued, planned) >= end:
            return None
        return (queued, None) if queued < planned else heapq.heappop(self.moments)

    # --- the bot ----------------------------------------------------------------------------

    async def _tick(self, *which: int | None) -> None:
        for number in which:
            if number is not None:
                await TICKS[number](self.office)
        if DIGESTS in which:
            rows = self.db.query("SELECT user, digested_on AS day FROM members")
            self.account.decided |= {(row["user"], row["day"]) for row in rows}

    async def _send(self) -> None:
        """Send all that is due, and note who was told at rest."""
        due_now = f"SELECT 1 FROM deliveries d WHERE {READY} AND due_at <= ? LIMIT 1"  # noqa: S608
        while any(self.db.query(due_now, (text(self.now),))):
            await self.outbox.drain()
        self._note_posts()

    async def _fall(self) -> None:
        """Kill the bot, while it sends if it has something to send, and start it hours later."""
        self.slack.hangs = True
        await self.outbox.flush()
        await asyncio.sleep(0.005)
        await self.outbox.close()
        self.slack.hangs = False
        self._note_posts()
        down = self.now, self.now + self.chance.choice([1, 5, 60, 600]) * MINUTE
        self.account.downs.append(down)
        self.now = down[1]
        self._start_bot()
        await self._tick(DIGESTS, SESSIONS, REPORTS)
        await self._send()

    # --- the account ------------------------------------------------------------------------

    def _expect_digests(self, day: date) -> None:
        """Look back, when it is over everywhere, on who should have had a digest decided."""
        working, past = calendar.read(self.db), day - 2 * DAY
        for member in members.all_active(self.db):
            self.account.person_days += 1
            due_ = _local(member, past, member.digest_at or "00:00")
            ends = _local(member, past, member.works_to)
            moved = any(
                abs((past - first).days - days) <= 1
                for first in [self.team.travels.get(member.user, date.min)]
                for days in (0, pretend_team.TRIP.days)
            )
            expected = working.is_working_day(member, past) and past >= START.date()
            if (
                expected
                and not moved
                and self.account.was_up(due_, ends)
                and (member.user, str(past)) not in self.account.decided
            ):
                self.account.missed.append(f"digest {member.user} {past}")

    def _note_posts(self) -> None:
        new, self.seen = self.slack.posts[self.seen :], len(self.slack.posts)
        working = calendar.read(self.db) if new else calendar.WorkCalendar({})
        for post in new:
            for member in filter(None, (members.get(self.db, user) for user in post.users)):
                if working.is_quiet(member, post.at):
                    self.account.quiet.append(f"{post.key} {member.user} {post.at}")

    def doubled(self) -> list[str]:
        keys = Counter(post.key for post in self.slack.posts)
        return [key for key, times in keys.items() if times > 1]

    def missed(self) -> list[str]:
        """Add what was put and never came, and what schedules and sessions owed."""
        return [*self.account.missed, *self._unsent(), *self._unannounced(), *self._late()]

    def _unsent(self) -> list[str]:
        """Name what was put and never came, though its readers were at work and the bot was up."""
        rows = self.db.query(
            "SELECT key, channel, state, due_at, coalesce(expires_at, ?) AS ends, error "
            "FROM deliveries WHERE state IN ('due', 'claimed', 'failed') AND due_at < ? "
            "OR state = 'cancelled' AND error IN ('expired', 'not at work')",
            (text(self.now), text(self.now - DAY)),
        )
        return [
            f"{row['key']} {row['state']} {row['error']}"
            for row in rows
            if self._could_come(
                row["channel"],
                datetime.fromisoformat(row["due_at"]),
                datetime.fromisoformat(row["ends"]),
            )
        ]

    def _could_come(self, channel: str, start: datetime, end: datetime) -> bool:
        working = calendar.read(self.db)
        found = [members.get(self.db, user) for user in channel.split(",")]
        readers = [member for member in found if member]
        return any(
            self.account.was_up(at, at + HOUR)
            and not any(working.is_quiet(member, at) for member in readers)
            for at in (start + n * HOUR for n in range((end - start) // HOUR))
        )

    def _unannounced(self) -> list[str]:
        found, sent = [], {post.key for post in self.slack.posts}
        for one in _held(self.db):
            soon, key = one.starts_at - announcements.SOON, announcements.key(one, "soon")
            if key not in sent and self.account.was_up(soon, one.starts_at):
                found.append(key)
        return found

    def _late(self) -> list[str]:
        """Name what schedules let go beyond what came while the bot was down."""
        excused = 0
        for _, _, rule, at, zone in SCHEDULES:
            for moment in recurrence.occurrences(
                rule, f"{START.date()}T{at}", zone, after=START, until=self.now
            ):
                excused += not self.account.was_up(moment, moment + 4 * HOUR)
        return ["a report"] * max(0, self.account.let_go - excused)


def _held(db: Database) -> list[Occurrence]:
    return [
        one
        for session in sessions.all_open(db)
        for one in sessions.dates_of(db, session.id)
        if one.status == "held"
    ]


def _local(member: Member, day: date, at: str) -> datetime:
    return datetime.combine(day, time.fromisoformat(at), ZoneInfo(member.zone))


async def simulate(days: int, seed: int) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as folder:
        data_dir = Path(folder)
        migrate(data_dir)
        with opened(data_dir) as db:
            year = Year(data_dir, db, seed=seed)
            logging.getLogger("bot.schedules").addHandler(LetGo(year.account))
            await year.run(days)
            await year.outbox.close()
            doubled, missed = year.doubled(), year.missed()
        for line in [*doubled, *year.account.quiet, *missed][:30]:
            print("!", line)
        kinds = Counter(post.key.partition(":")[0] for post in year.slack.posts)
        print(dict(kinds), "restarts:", len(year.account.downs), "left:", len(year.team.left))
        told = sum(len(post.users) for post in year.slack.posts)
    return {
        "messages_per_person_week": round(told / max(1, year.account.person_days) * 7, 2),
        "doubled": len(doubled),
        "in_quiet_hours": len(year.account.quiet),
        "missed": len(missed),
    }


def run() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="eight weeks")
    parser.add_argument("--seed", type=int, default=0)
    asked = parser.parse_args()
    logging.getLogger("bot").setLevel(logging.CRITICAL)
    logging.getLogger("bot.schedules").setLevel(logging.WARNING)
    began = stopwatch.monotonic()
    found = asyncio.run(simulate(56 if asked.quick else 365, asked.seed))
    print(json.dumps(found | {"seconds": round(stopwatch.monotonic() - began, 1)}))


if __name__ == "__main__":
    run()
