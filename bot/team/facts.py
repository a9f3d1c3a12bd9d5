"""The facts that reminders are computed from, read once for all members."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TypeVar

from sqlite_utils import Database

from bot import calendar
from bot.calendar import WorkCalendar
from storage import (
    corrections,
    datasets,
    failures,
    firsts,
    hiring,
    jobs,
    learning,
    members,
    models,
    nudges,
    privacy,
    recommendations,
    resources,
    roles,
    sessions,
    skills,
    surveys,
    thanks,
)
from storage.corrections import Waiting
from storage.failures import FailedRun
from storage.firsts import Firsts
from storage.nudges import Rate
from storage.records import Dataset, Job, Model, Promotion
from storage.talent import (
    Assignment,
    Interview,
    Member,
    MemberSkill,
    Occurrence,
    Resource,
    Skill,
    Survey,
    ThankYou,
)

DAY = timedelta(days=1)
REPEATED = 7 * DAY  # within which the same failure counts as one pattern
ONCE_IN = 30 * DAY  # one word about a cause
REMEMBERED = 180 * DAY  # a recovery that a colleague can still tell of
FRESH = 7 * DAY  # a promotion, a first
NEW = 120 * DAY  # on the team: until the last of the first steps was due and asked about
AHEAD = 21 * DAY  # of sessions: five working days, whatever holidays lie between
RATED = 90 * DAY  # over which it is counted what reminders come to

Key = TypeVar("Key")
Row = TypeVar("Row")


@dataclass(frozen=True)
class Facts:
    """Everything that signals look at; what belongs to a person is found under their id."""

    calendar: WorkCalendar = field(default_factory=lambda: WorkCalendar({}))
    members: Mapping[str, Member] = field(default_factory=dict)  # the people on the team
    leads: frozenset[str] = frozenset()
    committee: frozenset[str] = frozenset()
    # runs
    failed: Mapping[str, Sequence[FailedRun]] = field(default_factory=dict)
    recovered: Mapping[str, Sequence[str]] = field(default_factory=dict)  # cause -> people
    told: Mapping[tuple[str, str], str] = field(
        default_factory=dict
    )  # (person, cause) -> the line about it in the last 30 days
    open_jobs: Mapping[str, Sequence[int]] = field(default_factory=dict)
    promotions: Sequence[tuple[Promotion, Model, Dataset | None]] = ()
    firsts: Mapping[str, Firsts] = field(default_factory=dict)  # of those who are new
    # learning
    resources: Mapping[int, Resource] = field(default_factory=dict)
    marks: Mapping[tuple[str, int], frozenset[str]] = field(default_factory=dict)
    recommended: Mapping[str, int] = field(default_factory=dict)  # a resource each
    assignments: Mapping[str, Sequence[Assignment]] = field(default_factory=dict)
    led: Mapping[str, Sequence[Assignment]] = field(default_factory=dict)  # by the plan's owner
    skills: Mapping[int, Skill] = field(default_factory=dict)
    held: Mapping[str, Sequence[MemberSkill]] = field(default_factory=dict)
    # sessions
    occurrences: Sequence[Occurrence] = ()
    answers: Mapping[int, Mapping[str, str]] = field(default_factory=dict)  # by occurrence
    session_skills: Mapping[int, Sequence[int]] = field(default_factory=dict)  # by session
    # people
    owed: Sequence[Interview] = ()
    owners: Mapping[str, str] = field(default_factory=dict)  # candidate's code -> hiring owner
    thanks: Sequence[ThankYou] = ()
    surveys: Sequence[Survey] = ()
    took_part: Mapping[int, frozenset[str]] = field(default_factory=dict)  # by survey
    unreviewed: Sequence[Dataset] = ()
    corrections: Mapping[str, Sequence[Waiting]] = field(default_factory=dict)  # by who decides
    # reminders
    rates: Mapping[str, Rate] = field(default_factory=dict)  # by kind


def gather(db: Database, now: datetime, *, admins: frozenset[str] = frozenset()) -> Facts:
    """Read the facts; `admins` hear what concerns the leads where there are none."""
    people = {member.user: member for member in members.all_active(db)}
    dates = sessions.between(db, now - DAY, now + AHEAD)
    given = learning.open_assignments(db)
    open_surveys = surveys.open_surveys(db, now)
    return Facts(
        calendar=calendar.read(db),
        members=people,
        leads=frozenset(roles.having(db, "lead")) or admins | set(roles.having(db, "admin")),
        committee=frozenset(roles.having(db, "committee")),
        failed=_by(failures.since(db, now - REPEATED), lambda run: run.user),
        recovered=failures.recovered(db, now - REMEMBERED),
        told=_told(db, now),
        open_jobs=_open_jobs(db),
        promotions=[
            (promotion, model, datasets.get(db, model.dataset_hash))
            for promotion, model in models.promoted_since(db, now - FRESH)
        ],
        firsts={
            user: firsts.of(db, user)
            for user, member in people.items()
            if member.joined_at >= now - NEW
        },
        resources={resource.id: resource for resource in resources.all_open(db)},
        marks=resources.marks(db),
        recommended=recommendations.current(db),
        assignments=_by(given, lambda one: one.user),
        led=_by(given, lambda one: one.owner),
        skills={skill.id: skill for skill in skills.all_skills(db)},
        held=_by(skills.held(db), lambda skill: skill.user),
        occurrences=dates,
        answers={date.id: sessions.attendance(db, date.id) for date in dates},
        session_skills=sessions.skills_of(db),
        owed=hiring.owed(db, now=now),
        owners={candidate.code: candidate.owner for candidate in hiring.candidates(db)},
        thanks=thanks.since(db, now - FRESH),
        surveys=open_surveys,
        took_part={survey.id: surveys.participants(db, survey.id) for survey in open_surveys},
        unreviewed=privacy.unreviewed(db),
        corrections=_corrections(db, people, admins | set(roles.having(db, "admin"))),
        rates=nudges.rates(db, since=now - RATED),
    )


def _told(db: Database, now: datetime) -> dict[tuple[str, str], str]:
    """Read who was told of which cause; the key of such a line is `failure:<cause>:<job>`."""
    sent = nudges.since(db, now - ONCE_IN, kind="failure")
    return {(nudge.member, nudge.obligation.split(":")[1]): nudge.obligation for nudge in sent}


def _corrections(
    db: Database, people: Collection[str], admins: Collection[str]
) -> dict[str, Sequence[Waiting]]:
    """Read what waits for a data set's owner; for the admins where that one has left."""
    found: defaultdict[str, list[Waiting]] = defaultdict(list)
    for waiting in corrections.waiting(db):
        if (dataset := datasets.find(db, waiting.dataset)) is None:
            continue
        for user in [dataset.added_by] if dataset.added_by in people else admins:
            found[user].append(waiting)
    return dict(found)


def _open_jobs(db: Database) -> dict[str, Sequence[int]]:
    waiting = [job for job in [*jobs.running(db), *jobs.queued(db)] if job.kind == "train"]
    return {user: [job.id for job in his] for user, his in _by(waiting, _requester).items()}


def _requester(job: Job) -> str:
    return job.requested_by


def _by(rows: Iterable[Row], key: Callable[[Row], Key]) -> dict[Key, list[Row]]:
    found: defaultdict[Key, list[Row]] = defaultdict(list)
    for row in rows:
        found[key(row)].append(row)
    return dict(found)
