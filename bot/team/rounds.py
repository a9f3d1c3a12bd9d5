"""Rounds of pairs: made once a day at most, told to each pair, mended when somebody drops out."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from sqlite_utils import Database

from bot import calendar, language
from bot.calendar import WorkCalendar
from bot.team import hours, introduce, pairing
from bot.team.introduce import Together
from bot.team.pairing import Acquaintance, Mate
from storage import deliveries, members, pairs, roles, skills
from storage.database import immediate
from storage.talent import Member, PairRecord, Skill

FRIDAY = 4  # by date.weekday()
WEEK = timedelta(days=7)
NEWS = timedelta(days=13)  # after it the next round is near


@dataclass(frozen=True)
class Floor:
    """All that pairs are made of."""

    people: Mapping[str, Member]  # who may be paired
    everyone: Mapping[str, Member]
    topics: Mapping[str, frozenset[int]]
    skills: Sequence[Skill]
    history: Sequence[PairRecord]
    blocks: frozenset[frozenset[str]]
    calendar: WorkCalendar

    def hours(self, user: str, week: datetime) -> int:
        return hours.of(self.everyone[user], week, self.calendar)

    def mate(self, user: str, week: datetime) -> Mate:
        discipline = self.everyone[user].discipline
        topics = self.topics.get(user, frozenset())
        return Mate(user, discipline, self.hours(user, week), topics)

    def known(self, *, before: int | None = None) -> Acquaintance:
        """Give who met in the rounds before one (before now for None)."""
        return Acquaintance(pairing.rounds_since(past(self.history, before=before)), self.blocks)


def gather(db: Database) -> Floor:
    everyone = {member.user: member for member in members.all_active(db)}
    guests = set(roles.having(db, "guest"))
    return Floor(
        people={u: m for u, m in everyone.items() if m.matched and u not in guests},
        everyone=everyone,
        topics=_topics(db),
        skills=skills.all_skills(db),
        history=pairs.history(db),
        blocks=pairs.blocks(db),
        calendar=calendar.read(db),
    )


def make(
    db: Database, *, day: date, now: datetime, by: str | None = None
) -> list[PairRecord] | None:
    """Make the round of a day and put a message for each pair; None where that day has one."""
    with immediate(db):
        floor, week, seed = gather(db), hours.floor(now), day.toordinal()
        mates = [floor.mate(user, week) for user in floor.people]
        groups = pairing.match([mate for mate in mates if mate.hours], floor.known(), seed=seed)
        made = pairs.make_round(db, day=day.isoformat(), seed=seed, groups=groups, by=by, now=now)
        for pair in made or []:
            _tell(db, floor, pair, now=now)
        return made


def mend(db: Database, *, now: datetime) -> None:
    """Match anew whoever is left by somebody that left the team or no longer wants to be paired.

    To be called in the transaction of that change, and again at any time: it does nothing twice.
    """
    with immediate(db):
        floor = gather(db)
        for pair in broken(pairs.open_pairs(db), floor.people):
            pairs.dissolve(db, pair.users[0], now=now)
            left = [user for user in pair.users if user in floor.people]
            if len(left) == 1:
                left = _find_company(db, floor, left[0], now=now)
            if len(left) > 1:
                _tell(db, floor, pairs.add(db, pair.round, left), now=now, moved=True)


def together(floor: Floor, pair: PairRecord, *, now: datetime, moved: bool = False) -> Together:
    """Gather what a pair is told of itself, with the hours it shares from now on."""
    return Together(
        pair=pair,
        people=[floor.everyone[user] for user in pair.users if user in floor.everyone],
        met=floor.known(before=pair.round).met,
        topics=introduce.common_topics(pair.users, floor.topics, floor.skills),
        hours=shared_hours(floor, pair.users, hours.floor(now)),
        moved=moved,
    )


def shared_hours(
    floor: Floor, users: Iterable[str], week: datetime
) -> list[tuple[datetime, datetime]]:
    here = [user for user in users if user in floor.everyone]
    return hours.windows(hours.shared(floor.hours(user, week) for user in here), week)


def rest_until(floor: Floor, users: Iterable[str], now: datetime) -> datetime | None:
    """Give when all of them work next, None for now; in a week without such an hour, tomorrow."""
    found = shared_hours(floor, users, hours.floor(now))
    if not found:
        return now + timedelta(days=1)
    return found[0][0] if found[0][0] > now else None


# --- pure -----------------------------------------------------------------------------------


def past(history: Iterable[PairRecord], *, before: int | None = None) -> list[list[Sequence[str]]]:
    """Sort pairs that stayed together into their rounds, oldest first."""
    rounds: defaultdict[int, list[Sequence[str]]] = defaultdict(list)
    for pair in history:
        if pair.dissolved_at is None and (before is None or pair.round < before):
            rounds[pair.round].append(pair.users)
    return [rounds[number] for number in sorted(rounds)]


def broken(open_: Iterable[PairRecord], people: Mapping[str, Member]) -> list[PairRecord]:
    """List the pairs that haven't met and have somebody who may no longer be paired."""
    return [pair for pair in open_ if pair.met is None and not people.keys() >= set(pair.users)]


def second_friday(day: date) -> date:
    """Give the Friday of the second week: ten days after a Tuesday."""
    return day + timedelta(days=(FRIDAY - day.weekday()) % 7) + WEEK


# --- steps ----------------------------------------------------------------------------------


def _find_company(db: Database, floor: Floor, user: str, *, now: datetime) -> list[str]:
    """Take the pair apart that somebody joins, and give all three; nobody may be free."""
    week = hours.floor(now)
    whole = [pair for pair in pairs.open_pairs(db) if pair.met is None]
    whole = [pair for pair in whole if floor.people.keys() >= set(pair.users)]
    mates = [[floor.mate(one, week) for one in pair.users] for pair in whole]
    chosen = pairing.join(floor.mate(user, week), mates, floor.known())
    if chosen is None:
        return []
    pairs.dissolve(db, chosen[0].user, now=now)
    return sorted([user, *(mate.user for mate in chosen)])


def _tell(
    db: Database, floor: Floor, pair: PairRecord, *, now: datetime, moved: bool = False
) -> None:
    """Put the introduction, for when all of them work, and the question on the second Friday."""
    who = together(floor, pair, now=now, moved=moved)
    friday = datetime.combine(second_friday(date.fromisoformat(pair.day)), time(), UTC)
    later = shared_hours(floor, pair.users, friday)
    to = ",".join(pair.users)
    with language.use(introduce.language_of(who.people)):
        deliveries.put(
            db,
            key=f"pair:{pair.id}",
            channel=to,
            body=introduce.message(who),
            due_at=max(now, who.hours[0][0]) if who.hours else now,
            expires_at=now + NEWS,
            now=now,
        )
        if later:
            deliveries.put(
                db,
                key=f"pair:{pair.id}:met",
                channel=to,
                body=introduce.ask_back(pair),
                due_at=later[0][0],
                expires_at=later[0][0] + WEEK,
                now=now,
            )


def _topics(db: Database) -> dict[str, frozenset[int]]:
    found: defaultdict[str, frozenset[int]] = defaultdict(frozenset)
    for held in skills.held(db):
        if held.want or held.have:
            found[held.user] |= {held.skill}
    return dict(found)
