"""The records of answers in chat: corrections, shadows, monitors and alerts."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from storage.records import Json


@dataclass(frozen=True)
class Correction:
    """A person's "that's wrong", until the owner of the data set decides."""

    id: int
    alias: str
    model: int  # that was wrong
    dataset: str  # the name of the data set that it would join
    text: str  # redacted
    told: str  # the label that the model gave
    label: str  # the right one
    by: str
    at: datetime
    state: Literal["open", "accepted", "rejected"]
    keep_until: datetime
    decided_by: str | None = None
    decided_at: datetime | None = None
    used_in: str | None = None  # hash of the version that it became a row of


@dataclass(frozen=True)
class ShadowRun:
    """A candidate that answers a share of the questions silently."""

    id: int
    alias: str
    model: int  # the candidate
    serving: int  # the model that it is compared with
    share: float  # above 0, up to 1
    started_by: str
    channel: str
    started_at: datetime
    serving_ms: float  # that the serving model took for what was counted, all together
    candidate_ms: float
    ended_at: datetime | None = None


@dataclass(frozen=True)
class ShadowCount:
    """How often the serving model told a label where the candidate would have told another."""

    told: str
    would_tell: str
    n: int


@dataclass(frozen=True)
class Monitor:
    """A watch over a channel, a feed or a CSV stream."""

    id: int
    key: str
    kind: Literal["channel", "feed", "csv"]
    source: str  # a channel's id, or an address
    alias: str  # of the model of sentiment
    alarms_a_month: float  # false ones that are bearable
    channel: str  # where alerts go
    created_by: str
    created_at: datetime
    topics: str | None = None  # the alias of the model of topics
    cursor: Json | None = None  # how far its source was read
    read_at: datetime | None = None  # when that was tried last
    failures: int = 0  # tries in a row that failed
    trouble: str | None = None  # why it hears nothing, as bot.monitor.trouble names it
    trouble_since: datetime | None = None
    stopped_by: str | None = None
    stopped_at: datetime | None = None


@dataclass(frozen=True)
class Monitored:
    """One text that a monitor read, with what the models said of it."""

    monitor: int
    key: str
    at: datetime
    topic: str
    label: str
    confidence: float
    text: str  # redacted
    keep_until: datetime
    link: str | None = None
    author: str | None = None


@dataclass(frozen=True)
class HourlyCount:
    """How many texts of a monitor were of a topic and had a label, in one hour."""

    hour: datetime  # its beginning
    topic: str
    label: str
    n: int


@dataclass(frozen=True)
class MonitoredCount:
    """How many texts of a monitor were of a topic and had a label, over a period."""

    monitor: int
    kind: Literal["channel", "feed", "csv"]
    source: str
    channel: str  # where its alerts go
    topic: str
    label: str
    n: int


@dataclass(frozen=True)
class Alert:
    """A surge of negatives in one topic of a monitor."""

    id: int
    monitor: int
    topic: str
    began_at: datetime
    raised_at: datetime
    negatives: int
    texts: int
    expected: float  # negatives, had all been as before
    drivers: Json  # {"keys": [...]}: the texts that drive it
    state: Literal["open", "acknowledged", "snoozed", "false"]  # what people said of it
    ended_at: datetime | None = None  # when the surge was over, or nobody wanted to hear of it
    decided_by: str | None = None
    decided_at: datetime | None = None
    snoozed_until: datetime | None = None


@dataclass(frozen=True)
class AlertCount:
    """How many surges a monitor told in a topic over a period, and how many were none."""

    monitor: int
    topic: str
    n: int
    false: int


@dataclass(frozen=True)
class Chat:
    """A channel in which a model that writes answers mentions."""

    channel: str
    alias: str
    chosen_by: str
    chosen_at: datetime


@dataclass(frozen=True)
class Mention:
    """A mention that a model answers: where it stands, and whose it is; never what it says."""

    key: str
    channel: str
    thread_ts: str
    ts: str
    user: str
    at: datetime
    model: int | None = None
    answered_at: datetime | None = None


@dataclass(frozen=True)
class Question:
    """A question that found no answer, or whose answer somebody judged."""

    id: int
    key: str  # of the request that asked it
    alias: str
    model: int
    dataset: str  # the name of the data set that was searched
    question: str  # redacted
    by: str
    at: datetime
    outcome: Literal["unanswered", "routed", "helped", "wrong"]
    keep_until: datetime
    answer_row: int | None = None  # of the file, of the answer that was judged
    answered_by: str | None = None
    answered_at: datetime | None = None
