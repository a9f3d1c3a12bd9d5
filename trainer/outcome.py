"""What the end of an attempt means for its job."""

from __future__ import annotations

from typing import Literal

from trainer.spec import Ended, Failure

Outcome = Literal["succeeded", "failed", "cancelled", "pause", "resume"]
RESUMES = 2  # times that a job goes on from its checkpoint after losing its processes
_INFRASTRUCTURE = ("killed", "lost")


def decide(end: Ended, *, cancel_requested: bool, lost_before: int) -> Outcome:
    """Resume an attempt that the machine took away; every other end is the job's own.

    `lost_before` counts the attempts lost in a row before this one.
    """
    if not _is_lost(end, cancel_requested=cancel_requested):
        return end.state
    if cancel_requested:
        return "cancelled"
    if end.paused:
        return "pause"
    return "resume" if lost_before < RESUMES else "failed"


def name_failure(end: Ended) -> Failure | None:
    """Give why a failed job failed, also where its end was a stop that no person asked for."""
    if end.state == "cancelled":
        return Failure(cause="killed", evidence="it was told to stop from outside Coach")
    return end.failure


def _is_lost(end: Ended, *, cancel_requested: bool) -> bool:
    if end.state == "cancelled":  # a machine that shuts down stops its processes unasked
        return not cancel_requested
    return end.failure is not None and end.failure.cause in _INFRASTRUCTURE
