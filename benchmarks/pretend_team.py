"""A team of forty people in ten zones, and what happens to it day by day for a year."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from sqlite_utils import Database

from bot import calendar
from bot.team import announcements, leaving
from storage import (
    datasets,
    hiring,
    jobs,
    learning,
    members,
    models,
    nudges,
    pairs,
    privacy,
    resources,
    roles,
    sessions,
    skills,
    surveys,
    thanks,
    workdays,
)
from storage.nudges import Answer
from storage.records import JobState, Json
from storage.talent import Resource, Role, Skill

# Zone, country and language; four people in each.
PLACES = (
    ("America/Los_Angeles", "US", "en"),
    ("America/New_York", "US", "en"),
    ("America/Sao_Paulo", "BR", "en"),
    ("Europe/London", "GB", "en"),
    ("Europe/Berlin", "DE", "en"),
    ("Africa/Cairo", "EG", "en"),
    ("Asia/Kolkata", "IN", "en"),
    ("Asia/Shanghai", "CN", "zh"),
    ("Australia/Lord_Howe", "AU", "en"),
    ("Pacific/Auckland", "NZ", "en"),
)
PEOPLE = [f"U{number:02}" for number in range(40)]
LEADS, PANEL = PEOPLE[::10], PEOPLE[1::8]
TEAM, HIRING, LEADERSHIP = "C0TEAM", "C0HIRING", "C0LEADS"
PRIVATE = {HIRING: [*PANEL, "UCOACH"], LEADERSHIP: [*LEADS, "UCOACH"]}
DISCIPLINES = ("engineer", "scientist", "product", "designer")
CAUSES = ("out_of_memory", "nan_loss", "bad_labels", "lost")
ROLES: dict[Role, list[str]] = {
    "admin": PEOPLE[:1],
    "lead": LEADS,
    "panel": PANEL,
    "committee": PEOPLE[2:4],
}
RECIPE = {"method": "full", "epochs": 3, "lr": 5e-5, "batch": 32, "max_length": 64}
ANSWERS: tuple[Answer | None, ...] = ("done", "snoozed", "declined", None)
TRIP, STAY = timedelta(days=10), "Asia/Tokyo"


@dataclass
class Team:
    """The people and their year; everything by chance, drawn from one seed."""

    chance: random.Random
    channel: str = TEAM
    skills: list[Skill] = field(default_factory=list)
    resources: list[Resource] = field(default_factory=list)
    left: dict[str, date] = field(default_factory=dict)
    travels: dict[str, date] = field(default_factory=dict)  # user -> first day in STAY

    def found(self, db: Database, now: datetime) -> None:
        """Bring everyone in, with roles, skills, something to learn and sessions."""
        for number, user in enumerate(PEOPLE):
            self._welcome(db, user, number, now)
        for role, holders in ROLES.items():
            for user in holders:
                roles.give(db, user, role, by="U00", now=now)
        for number in range(12):
            made = skills.add(db, f"skill {number}", critical=number < 3, by="U00", now=now)
            self.skills += [made] if made else []
        self._fill_shelf(db, now)
        self._learn_of(db, now)
        self._plan_sessions(db, now)
        self.travels = {PEOPLE[5]: now.date() + 60 * _DAY, PEOPLE[33]: now.date() + 200 * _DAY}

    def live(self, db: Database, now: datetime) -> None:
        """Let a day's events happen."""
        here = [user for user in PEOPLE if user not in self.left]
        for happen, per_week in (
            (self._assign, 8),
            (self._finish, 9),
            (self._fail, 5),
            (self._succeed, 4),
            (self._interview, 2),
            (self._score, 4),
            (self._thank, 2),
            (self._be_away, 3),
            (self._take_a_session, 1),
            (self._review, 0.5),
            (self._assess, 1),
            (self._ask_all, 0.05),
            (self._leave, 0.04),
        ):
            for _ in range(self._times(per_week / 7)):
                happen(db, self.chance.choice(here), now)
        self._answer_digests(db, here, now)
        self._meet(db, now)
        self._travel(db, now)

    def _times(self, expected: float) -> int:
        """Draw how often something happens that happens so often a day (geometric)."""
        times = 0
        while self.chance.random() < expected / (1 + expected):
            times += 1
        return times

    # --- the beginning ----------------------------------------------------------------------

    def _welcome(self, db: Database, user: str, number: int, now: datetime) -> None:
        zone, country, language = PLACES[number % len(PLACES)]
        name = f"Person {number}"
        joined = now - timedelta(days=400 if number % 8 else 3)
        members.ensure(db, user, name=name, kind="person", zone=zone, language=language, now=joined)
        members.change(
            db,
            user,
            by=user,
            now=now,
            country=country,
            discipline=DISCIPLINES[number // 10],
            digest_at="10:30" if country == "GB" else "09:00",
            manager=LEADS[number % len(LEADS)],
            helps=self.chance.random() < 0.5,
            matched=self.chance.random() < 0.9,
        )

    def _fill_shelf(self, db: Database, now: datetime) -> None:
        for number in range(30):
            made = resources.add(
                db,
                kind="course",
                title=f"course {number}",
                minutes=30,
                track=("technical", "industry", "soft")[number % 3],
                mends=CAUSES[number] if number < len(CAUSES) else None,
                skills=[self.skills[number % len(self.skills)].id],
                by="U00",
                now=now,
            )
            self.resources += [made] if made else []

    def _learn_of(self, db: Database, now: datetime) -> None:
        for user in PEOPLE:
            for skill in self.chance.sample(self.skills, 3):
                skills.set_level(db, user, skill.id, self.chance.randrange(4), by=user, now=now)
            skills.set_want(db, user, self.chance.choice(self.skills).id, True, by=user, now=now)

    def _plan_sessions(self, db: Database, now: datetime) -> None:
        for kind, rule, zone in (
            ("exchange", "FREQ=WEEKLY;BYDAY=WE", "Europe/Berlin"),
            ("lecture", "FREQ=WEEKLY;INTERVAL=2;BYDAY=TH", "Asia/Shanghai"),
            ("cross-talk", "FREQ=MONTHLY;BYDAY=1TU", "America/New_York"),
            ("competition", "FREQ=MONTHLY;BYMONTH=3,6,9,12;BYDAY=-1FR", "Europe/London"),
        ):
            made = sessions.add(
                db,
                kind=kind,
                title=kind,
                rule=rule,
                starts_at=datetime.combine(now.date(), time(15)),
                zone=zone,
                minutes=60,
                channel=self.channel,
                organiser=self.chance.choice(LEADS),
                host=self.chance.choice([None, *PEOPLE]),
                skills=[self.chance.choice(self.skills).id],
                now=now,
            )
            announcements.materialise(db, made, now=now)

    # --- what happens to somebody -----------------------------------------------------------

    def _assign(self, db: Database, user: str, now: datetime) -> None:
        resource = self.chance.choice(self.resources)
        due_on = now.date() + timedelta(days=self.chance.randrange(3, 21))
        by = self.chance.choice(LEADS)
        learning.assign(db, user, resource.id, track=resource.track, due_on=due_on, by=by, now=now)

    def _finish(self, db: Database, _: str, now: datetime) -> None:
        if given := learning.open_assignments(db):
            one = self.chance.choice(given)
            learning.finish(db, one.id, by=one.user, now=now)

    def _fail(self, db: Database, user: str, now: datetime) -> None:
        self._run(db, user, now, failure={"cause": self.chance.choice(CAUSES), "message": ""})

    def _succeed(self, db: Database, user: str, now: datetime) -> None:
        job = self._run(db, user, now)
        found = jobs.get(db, job)
        if found is None or self.chance.random() < 0.7:
            return
        summary = {"dataset_hash": _hash(0), "base_model": "minilm", "recipe": RECIPE}
        models.register(db, job=found, path="model", summary=summary, now=now)
        serving = models.serving(db, "sentiment")
        before = serving[1].id if serving else None
        models.promote(db, alias="sentiment", model=job, expected=before, by=user, now=now)

    def _run(self, db: Database, user: str, now: datetime, *, failure: Json | None = None) -> int:
        work = {"kind": "train", "dataset": "reviews", "dataset_hash": _hash(0), "recipe": RECIPE}
        key = f"run {self.chance.random()}"
        job = jobs.enqueue(db, key=key, work=work, requested_by=user, channel=self.channel, now=now)
        jobs.claim(db, job.id, slot="cpu:0", now=now)
        state: JobState = "failed" if failure else "succeeded"
        jobs.finish(db, job.id, attempt=1, state=state, failure=failure, now=now)
        return job.id

    def _interview(self, db: Database, _: str, now: datetime) -> None:
        owner = self.chance.choice(PANEL)
        candidate = hiring.add(
            db,
            code=hiring.next_code(db),
            role="engineer",
            source="referral",
            stage="interview",
            by=owner,
            purge_on=now.date() + timedelta(days=180),
            now=now,
        )
        starts = now + timedelta(days=2, hours=self.chance.randrange(8, 16))
        hiring.plan(
            db,
            candidate,
            round_=1,
            interviewer=self.chance.choice(PANEL),
            starts_at=starts,
            ends_at=starts + timedelta(hours=1),
            by=owner,
            now=now,
        )

    def _score(self, db: Database, _: str, now: datetime) -> None:
        if owed := hiring.owed(db, now=now):
            one = self.chance.choice(owed)
            hiring.score(
                db, one.id, technical=3, industry=3, teamwork=4, by=one.interviewer, now=now
            )

    def _thank(self, db: Database, user: str, now: datetime) -> None:
        receiver = self.chance.choice(PEOPLE)
        thanks.give(db, sender=user, receiver=receiver, words="", channel=self.channel, now=now)

    def _be_away(self, db: Database, user: str, now: datetime) -> None:
        first = now.date() + timedelta(days=self.chance.randrange(3, 30))
        last = first + timedelta(days=self.chance.randrange(12))
        members.add_leave(db, user, starts_on=first, ends_on=last, by=user, now=now)

    def _take_a_session(self, db: Database, user: str, now: datetime) -> None:
        dates = sessions.between(db, now, now + timedelta(days=21))
        open_dates = [one for one in dates if one.host is None]
        if open_dates:
            sessions.set_host(db, open_dates[0].id, user, by=user, now=now)

    def _review(self, db: Database, user: str, now: datetime) -> None:
        number = self.chance.randrange(10**6)
        card = {"hash": _hash(number), "name": f"data{number}", "rows": 100}
        datasets.register(db, card=card, added_by=user, now=now)
        for waiting in privacy.unreviewed(db)[:1]:
            if self.chance.random() < 0.7:
                privacy.sign(db, waiting, checklist={}, by=PEOPLE[2], now=now)

    def _assess(self, db: Database, user: str, now: datetime) -> None:
        skill = self.chance.choice(self.skills)
        skills.assess(db, user, skill.id, 2, by=self.chance.choice(LEADS), now=now)

    def _ask_all(self, db: Database, _: str, now: datetime) -> None:
        surveys.start(
            db,
            title="How is it going?",
            questions=[{"text": "Well?", "kind": "scale"}],
            channel=self.channel,
            invited=[user for user in PEOPLE if user not in self.left],
            closes_at=now + timedelta(days=14),
            by="U00",
            now=now,
        )

    def _leave(self, db: Database, user: str, now: datetime) -> None:
        if user not in {*LEADS, *PANEL, *ROLES["committee"], *self.travels}:
            self.left[user] = now.date()
            leaving.leave(db, user, by="U00", now=now)

    # --- what people answer -----------------------------------------------------------------

    def _answer_digests(self, db: Database, here: list[str], now: datetime) -> None:
        later = (now.date() + 2 * _DAY).isoformat()
        for user in here:
            told = [line for line in nudges.of(db, user, limit=5) if line.sent_at > now - _DAY]
            for line in told:
                answer = self.chance.choices(ANSWERS, (40, 10, 5, 45))[0]
                if answer:
                    until = later if answer == "snoozed" else None
                    what = line.obligation
                    nudges.respond(
                        db, user, what, kind=line.kind, response=answer, until=until, now=now
                    )

    def _meet(self, db: Database, now: datetime) -> None:
        for pair in pairs.open_pairs(db):
            if pair.met is None and self.chance.random() < 0.08:
                pairs.met(db, pair.id, met=True, by=pair.users[0], now=now)

    def _travel(self, db: Database, now: datetime) -> None:
        for user, first in self.travels.items():
            home = PLACES[PEOPLE.index(user) % len(PLACES)][0]
            for day, zone in ((first, STAY), (first + TRIP, home)):
                if now.date() == day:
                    members.change(db, user, by=user, zone=zone, now=now)


def correct_calendar(db: Database, now: datetime) -> None:
    """Correct two days by hand, as an admin does."""
    workdays.set_override(db, "DE", date(now.year, 12, 24), works=False, by="U00", now=now)
    workdays.set_override(db, "US", date(now.year, 2, 16), works=True, by="U00", now=now)


def digest_moments(db: Database, day: date) -> Iterator[datetime]:
    """Give when digests are due on that local date of the members who work on it."""
    working = calendar.read(db)
    for member in members.all_active(db):
        if member.digest_at and working.is_working_day(member, day):
            at = time.fromisoformat(member.digest_at)
            yield datetime.combine(day, at, ZoneInfo(member.zone))


def _hash(number: int) -> str:
    return f"{number:064x}"


_DAY = timedelta(days=1)
