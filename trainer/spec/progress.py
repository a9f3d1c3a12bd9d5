"""What a run tells while it goes: its events, the last of which is its end."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field

from trainer.spec.dataset import IntakeResult
from trainer.spec.record import Frozen
from trainer.spec.results import (
    Adjustment,
    BulkResult,
    EncoderResult,
    Evaluated,
    TrainSummary,
    TrialResult,
)

Cause = Literal[
    "out_of_memory",
    "nan_loss",
    "bad_labels",
    "bad_rows",
    "bad_method",
    "bad_file",
    "disk_full",
    "killed",
    "lost",
    "model_not_found",
    "unsafe_model",
    "unknown",
]


class Failure(Frozen):
    """Why a run ended badly: a cause to translate into words, and the line that shows it."""

    cause: Cause
    evidence: str = Field(description="one line, without any row of the data")
    fix: dict[str, str] = Field(default={}, description="options that would help, e.g. batch=8")


class Started(Frozen):
    type: Literal["started"] = "started"
    host: str
    device: str
    resumed_from_step: int | None = None


class Phase(Frozen):
    """What the run is doing now, when it is not taking steps."""

    type: Literal["phase"] = "phase"
    name: Literal[
        "reading",
        "loading",
        "choosing",
        "augmenting",
        "mining",
        "searching",
        "baselines",
        "training",
        "testing",
        "exporting",
        "classifying",
        "saving",
    ]


class Progress(Frozen):
    type: Literal["progress"] = "progress"
    step: int
    max_steps: int
    epoch: float
    epochs: int
    loss: float | None
    rows_per_second: float
    eta_seconds: float | None
    memory_bytes: int
    saved_step: int | None = Field(default=None, description="of the newest checkpoint")
    adjustment: Adjustment | None = None


class RowsProgress(Frozen):
    """How many rows of a file are classified."""

    type: Literal["rows"] = "rows"
    done: int
    rows: int
    rows_per_second: float
    eta_seconds: float


class EvaluatedEvent(Evaluated):
    type: Literal["evaluated"] = "evaluated"


class Adjusted(Adjustment):
    """Memory ran out: the run goes on with smaller batches."""

    type: Literal["adjusted"] = "adjusted"


class TrialEnded(TrialResult):
    """One trial of a sweep is over."""

    type: Literal["trial"] = "trial"


class Checkpoint(Frozen):
    type: Literal["checkpoint"] = "checkpoint"
    step: int


class Heartbeat(Frozen):
    """Proof of life when there is nothing else to say; not kept as a row."""

    type: Literal["heartbeat"] = "heartbeat"
    memory_bytes: int = 0


class Ended(Frozen):
    """The last event of an attempt, and its one result."""

    type: Literal["ended"] = "ended"
    state: Literal["succeeded", "failed", "cancelled"]
    paused: bool = Field(default=False, description="cancelled, only to go on when it is resumed")
    failure: Failure | None = None
    summary: TrainSummary | None = None
    intake: IntakeResult | None = None
    encoder: EncoderResult | None = None
    bulk: BulkResult | None = None
    model: str | None = Field(default=None, description="the model's folder below the data dir")


Body = Annotated[
    Started
    | Phase
    | Progress
    | RowsProgress
    | EvaluatedEvent
    | Adjusted
    | TrialEnded
    | Checkpoint
    | Heartbeat
    | Ended,
    Field(discriminator="type"),
]


class Event(Frozen):
    """One record of a run: numbered without gaps within its attempt, from 0."""

    seq: int
    at: datetime
    body: Body
