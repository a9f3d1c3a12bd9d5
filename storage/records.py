"""The records that storage gives out: frozen, with times in UTC and JSON already read."""

from __future__ import annotations

import json
import typing
from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from typing import Any, Literal, TypeVar, cast

JobState = Literal["queued", "running", "succeeded", "failed", "cancelled"]
FINAL: frozenset[str] = frozenset({"succeeded", "failed", "cancelled"})
Task = Literal["classification", "multilabel", "retrieval", "recommendation", "generation"]
Json = dict[str, Any]


@dataclass(frozen=True)
class Job:
    """A request to train, to read or classify a file, or to make an encoder; its one end is true."""

    id: int
    key: str  # of the request that made it: the same request makes one job
    kind: str  # "train", "intake", "encoder" or "bulk"
    state: JobState
    work: Json  # trainer.spec.Work, as data
    priority: int  # higher starts earlier
    requested_by: str
    channel: str
    created_at: datetime
    attempt: int  # 0 until it first starts; the fence on every write of a run
    started_at: datetime | None = None  # of the newest attempt
    ended_at: datetime | None = None
    cancel_requested_by: str | None = None
    failure: Json | None = None  # trainer.spec.Failure
    result: Json | None = None  # trainer.spec.that of its kind, such as TrainSummary
    model: int | None = None
    retry_of: int | None = None
    thread_ts: str | None = None  # where a file is answered for
    waits_for: str | None = None  # in words, while it is queued: why it does not start yet
    paused_by: str | None = None  # it waits, or stops to wait, until somebody resumes it
    extra_epochs: int = 0  # added while it ran
    saves_wanted: int = 0  # checkpoints that people asked for, counted


@dataclass(frozen=True)
class Run:
    """One attempt at a job."""

    job: int
    attempt: int
    state: str  # running, succeeded, failed, cancelled or lost
    slot: str  # several where ranks train together: ids by commas
    started_at: datetime
    heartbeat_at: datetime
    next_segment: int  # the reader's cursor
    ended_at: datetime | None = None
    phase: str | None = None
    progress: Json | None = None  # the newest trainer.spec.Progress or RowsProgress
    evaluated: Json | None = None  # the newest trainer.spec.EvaluatedEvent
    resumed_from_step: int | None = None

    @property
    def slots(self) -> list[str]:
        return self.slot.split(",")


@dataclass(frozen=True)
class Use:
    """What an attempt took of a device, and for whom."""

    job: int
    attempt: int
    requested_by: str
    channel: str
    dataset: str  # as it was called then
    device: str  # as the run named it, else its slot
    started_at: datetime
    ended_at: datetime | None = None
    devices: int = 1  # taken at once


@dataclass(frozen=True)
class Dataset:
    """An immutable table of rows: named by people, addressed by its content."""

    hash: str
    name: str
    version: int
    rows: int
    card: Json  # trainer.spec.DataCard
    added_by: str
    added_at: datetime

    @property
    def title(self) -> str:
        """Name it as people type it: `reviews`, and `reviews@2` from the second version on."""
        return self.name if self.version == 1 else f"{self.name}@{self.version}"


@dataclass(frozen=True)
class Model:
    """A registered result; it has the number of the job that made it."""

    id: int
    attempt: int
    dataset_hash: str
    base_model: str
    method: str
    path: str  # below the data directory
    summary: Json  # trainer.spec.TrainSummary
    created_by: str
    created_at: datetime
    task: Task = "classification"


@dataclass(frozen=True)
class Promotion:
    """One move of an alias, with who moved it and why."""

    id: int
    alias: str
    version: int  # counts the alias's promotions: "sentiment v3"
    model: int
    previous: int | None
    by: str
    at: datetime
    reason: str | None = None  # given where the gate was overridden
    comparison: Json | None = None  # trainer.spec.Comparison that the gate saw


@dataclass(frozen=True)
class Plan:
    """Work shown on a plan card, waiting for the person's word."""

    id: int
    key: str
    work: Json
    priority: int
    requested_by: str
    channel: str
    created_at: datetime
    state: Literal["open", "queued", "dropped"]
    job: int | None = None
    retry_of: int | None = None


@dataclass(frozen=True)
class Delivery:
    """One message, edit or file that must reach Slack exactly once."""

    id: int
    key: str
    kind: Literal["post", "ephemeral", "file"]
    channel: str
    body: Json  # what the Slack method takes
    state: Literal["due", "claimed", "sent", "failed", "cancelled"]
    due_at: datetime
    tries: int
    user: str | None = None  # for ephemerals, and for the direct message when a channel refuses
    thread_ts: str | None = None  # of the thread it goes in
    parent: str | None = None  # key of the delivery in whose thread it goes
    expires_at: datetime | None = None
    claimed_by: str | None = None
    claimed_at: datetime | None = None
    first_claimed_at: datetime | None = None  # from when on it may stand in Slack
    ts: str | None = None  # of the message in Slack, once sent
    sent_to: str | None = None  # the channel it went to
    shown: str | None = None  # digest of what the message shows since its last edit
    edited_at: datetime | None = None
    error: str | None = None


@dataclass(frozen=True)
class Host:
    """A machine that runs jobs, as its worker last described it."""

    name: str
    pid: int
    started_at: datetime
    seen_at: datetime
    slots: list[Json]  # {"id", "kind": "gpu"|"cpu", "name", "memory_bytes"}
    memory_bytes: int
    memory_free_bytes: int
    disk_free_bytes: int


Record = TypeVar("Record")


def text(at: datetime) -> str:
    """Write a time as it is stored: UTC, fixed width, so that text order is time order."""
    if at.tzinfo is None:
        raise ValueError("a time without a zone is not stored")
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def read(kind: type[Record], row: Mapping[str, Any]) -> Record:
    """Build a record from a row; columns that the record does not have are left out."""
    names, converters = _fields(cast("Hashable", kind))
    values = {name: row[name] for name in names if name in row}
    for name, convert in converters:
        if name in values:
            values[name] = convert(values[name])
    return kind(**values)


@cache
def _fields(kind: Hashable) -> tuple[list[str], list[tuple[str, Callable[[Any], Any]]]]:
    """Give a record's fields, and how to convert those that aren't stored as they are."""
    hints = {name: str(hint) for name, hint in typing.get_type_hints(kind).items()}
    found = [(name, _converter(hint)) for name, hint in hints.items()]
    return list(hints), [(name, convert) for name, convert in found if convert is not None]


def _converter(hint: str) -> Callable[[Any], Any] | None:
    if "datetime" in hint:
        return lambda value: None if value is None else datetime.fromisoformat(value)
    if "dict" in hint:
        return lambda value: None if value is None else json.loads(value)
    if "list" in hint:
        return lambda value: [] if value is None else json.loads(value)
    if hint in {str(bool), str(bool | None)}:
        return lambda value: None if value is None else bool(value)
    return None
