"""The records of the talent half: members, skills, sessions, pairs, interviews and the rest."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from storage.records import Json

Role = Literal["admin", "lead", "panel", "committee", "guest"]
Track = Literal["technical", "industry", "soft"]
ResourceKind = Literal["paper", "course", "talk", "post-mortem", "article"]


@dataclass(frozen=True)
class Member:
    """A person as Coach knows them; days are YYYY-MM-DD and hours HH:MM, in their own zone."""

    user: str
    name: str
    kind: Literal["person", "guest", "bot"]
    zone: str  # IANA
    language: str
    works_from: str
    works_to: str
    work_days: str  # "MO,TU,WE,TH,FR"
    joined_at: datetime
    digest_at: str | None = None  # None: no digest
    digested_on: str | None = None  # the last local day whose digest was decided
    discipline: str | None = None
    country: str | None = None  # two letters; whose holidays are kept
    paused_until: str | None = None  # the first day that isn't paused
    muted: list[str] = field(default_factory=list)  # kinds of obligations
    manager: str | None = None
    matched: bool = True  # may be paired
    helps: bool = False  # may be named to colleagues
    active: bool = True
    left_at: datetime | None = None


@dataclass(frozen=True)
class Leave:
    id: int
    user: str
    starts_on: str
    ends_on: str  # the last day away


@dataclass(frozen=True)
class Change:
    """A row of the audit."""

    id: int
    at: datetime
    by: str
    action: str
    subject: str
    before: str | None = None
    after: str | None = None


@dataclass(frozen=True)
class Schedule:
    """When something comes: a rule on local times in a zone (dateutil's RRULE text)."""

    id: int
    key: str
    kind: str
    channel: str
    starts_at: str  # naive local: 2026-11-24T09:30
    zone: str
    created_by: str
    created_at: datetime
    handled_until: datetime  # occurrences up to here were sent or let go
    rule: str | None = None  # None: once
    stopped_by: str | None = None
    stopped_at: datetime | None = None


@dataclass(frozen=True)
class Nudge:
    """A line of a digest that reached its reader."""

    member: str
    obligation: str
    kind: str
    day: str  # the reader's local day
    sent_at: datetime


@dataclass(frozen=True)
class Response:
    """What a reader did with a line."""

    id: int
    member: str
    obligation: str
    kind: str
    response: Literal["done", "snoozed", "declined", "opened"]
    at: datetime
    until: str | None = None  # snoozed: a day, or `run:12` for the end of that job


@dataclass(frozen=True)
class Skill:
    id: int
    name: str
    critical: bool
    zh: str | None = None


@dataclass(frozen=True)
class MemberSkill:
    user: str
    skill: int
    want: bool
    source: Literal["self", "lead", "import"]
    have: int | None = None  # 0 none to 4 teaches others
    assessed_by: str | None = None
    assessed_at: datetime | None = None


@dataclass(frozen=True)
class Resource:
    """Something to learn from."""

    id: int
    kind: ResourceKind
    title: str
    minutes: int
    about: str
    track: Track
    added_by: str
    added_at: datetime
    link: str | None = None
    discipline: str | None = None
    mends: str | None = None  # the cause of failed runs that it helps with (trainer.spec.Cause)
    retired_at: datetime | None = None


@dataclass(frozen=True)
class Marked:
    """What a person did with a resource, for the first time."""

    user: str
    resource: int
    mark: Literal["shown", "started", "done", "declined"]
    at: datetime


@dataclass(frozen=True)
class Assignment:
    """One thing of a learning plan, with what its plan and resource say."""

    id: int
    plan: int
    user: str
    resource: int
    title: str
    track: Track
    owner: str  # of the plan
    state: Literal["open", "done", "dropped"]
    assigned_by: str
    assigned_at: datetime
    due_on: str | None = None
    evidence: str | None = None
    ended_at: datetime | None = None


@dataclass(frozen=True)
class Session:
    id: int
    kind: str
    title: str
    about: str
    starts_at: str  # naive local: 2026-11-24T15:00
    zone: str
    minutes: int
    channel: str
    organiser: str
    created_at: datetime
    link: str | None = None
    rule: str | None = None
    host: str | None = None
    pre_read: int | None = None
    cancelled_at: datetime | None = None


@dataclass(frozen=True)
class Occurrence:
    """One date of a session, with what its session says."""

    id: int
    session: int
    kind: str
    title: str
    zone: str
    minutes: int
    channel: str
    organiser: str
    day: str  # in the session's zone
    starts_at: datetime
    status: Literal["planned", "held", "cancelled"]
    host: str | None = None
    pre_read: int | None = None


@dataclass(frozen=True)
class PairRecord:
    id: int
    round: int
    day: str
    users: tuple[str, ...]  # two or three
    made_at: datetime
    met: bool | None = None
    dissolved_at: datetime | None = None


@dataclass(frozen=True)
class Encoder:
    """A model that turns texts into vectors; those of two encoders are never compared."""

    id: str  # hash of its graph
    base_model: str
    path: str  # below the data directory
    dimensions: int
    created_at: datetime
    job: int | None = None
    serves_since: datetime | None = None


@dataclass(frozen=True)
class Ranking:
    """Leave-one-out on the team's own completions: how often one of three shown was the one."""

    at: datetime
    completions: int
    hits: int
    popularity_hits: int
    bm25_hits: int
    model: int | None = None  # a promoted one, tried on completions that it was not trained on
    model_tried: int = 0
    model_hits: int = 0
    order_hits: int = 0  # of the order that speaks without it, on the same completions
    model_better: bool = False  # that much, that it is no chance


@dataclass(frozen=True)
class Candidate:
    id: int  # what the audit knows it by
    code: str
    role: str
    stage: str
    stage_since: datetime
    source: str  # the channel it came by
    owner: str
    added_at: datetime
    purge_on: str  # the day on which all of it is deleted


@dataclass(frozen=True)
class Interview:
    id: int
    candidate: str
    round: int
    interviewer: str
    starts_at: datetime
    ends_at: datetime
    technical: int | None = None
    industry: int | None = None
    teamwork: int | None = None
    submitted_at: datetime | None = None
    cancelled_at: datetime | None = None


@dataclass(frozen=True)
class ThankYou:
    id: int
    sender: str
    receiver: str
    words: str
    channel: str
    at: datetime
    run: int | None = None
    skill: int | None = None


@dataclass(frozen=True)
class Survey:
    id: int
    title: str
    questions: Json  # {"questions": [{"text", "kind": "scale" | "text"}]}
    channel: str
    asked_by: str
    opened_at: datetime
    closes_at: datetime
    invited: Json  # {"users": [...]}


@dataclass(frozen=True)
class PrivacyReview:
    dataset_hash: str
    by: str
    checklist: Json
    at: datetime


@dataclass(frozen=True)
class BudgetRecord:
    of: str  # a person's or a channel's id
    amount: float  # a month, in the currency of the settings
    set_by: str
    set_at: datetime


@dataclass(frozen=True)
class Approval:
    """A plan beyond a budget, and what was said to it."""

    plan: int
    asked_at: datetime
    by: str | None = None
    approved: bool | None = None
    decided_at: datetime | None = None


@dataclass(frozen=True)
class AnswerCount:
    """How often a model gave a label."""

    alias: str
    model: int
    label: str
    sure: bool
    n: int
