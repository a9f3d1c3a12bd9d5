"""Engines: where a run executes, behind five verbs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, Protocol

from trainer.placement import Slot
from trainer.spec import Failure, RunSpec

Observation = Literal["alive", "unstarted", "gone"]


class Engine(Protocol):
    """Runs attempts; every verb may be repeated, so that a worker can die between any two.

    What a run tells travels in the event segments of its attempt, not through here.
    """

    def slots(self) -> Sequence[Slot]:
        """List the places where a job can run."""

    def start(self, spec: RunSpec) -> None:
        """Start an attempt; harmless where it runs or has ended. Raises OSError."""

    def observe(self, job: int, attempt: int) -> Observation:
        """Say whether any process of an attempt is alive; "gone" is only said of a dead one."""

    def stop(self, job: int, attempt: int) -> None:
        """Ask an attempt to save a checkpoint and end; it is killed where it takes too long."""

    def write_off(self, job: int, attempt: int, failure: Failure) -> None:
        """Kill what is left of an attempt, and say how it ended if it did not say so itself.

        From then on nothing starts this attempt any more.
        """
