"""Decide what starts where, and why the rest does not start yet."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

SlotKind = Literal["gpu", "cpu", "reader", "bulk"]

# What is short and needs no GPU never waits behind training, nor behind large files that are
# classified: it has slots of its own.
_RUNS_ON: Mapping[str, tuple[SlotKind, ...]] = {
    "train": ("gpu", "cpu"),
    "intake": ("reader",),
    "encoder": ("reader",),
    "bulk": ("bulk",),
}


@dataclass(frozen=True)
class Slot:
    """A place where one job runs."""

    id: str  # the UUID of a GPU, else e.g. "cpu:0"
    kind: SlotKind
    name: str
    memory_bytes: int

    @property
    def device(self) -> str:
        """What trainer.spec.RunSpec calls it."""
        return self.id if self.kind == "gpu" else "cpu"


@dataclass(frozen=True)
class Waiting:
    """A queued job, as far as placing it goes."""

    job: int
    kind: str


@dataclass(frozen=True)
class Placement:
    starts: list[tuple[int, Slot]] = field(default_factory=list)
    waits: dict[int, str] = field(default_factory=dict)  # job -> why, in words


def choose(
    queue: Iterable[Waiting], *, busy: Mapping[str, int], slots: Sequence[Slot]
) -> Placement:
    """Give free slots to the queue's jobs in its order; `busy` maps slots to their jobs."""
    placement = Placement()
    occupied = dict(busy)
    ahead: dict[str, int] = {}  # kind -> the last job that waits
    for waiting in queue:
        fitting = [slot for slot in slots if slot.kind in _RUNS_ON[waiting.kind]]
        free = next((slot for slot in fitting if slot.id not in occupied), None)
        if free is not None:
            placement.starts.append((waiting.job, free))
            occupied[free.id] = waiting.job
        else:
            reason = _explain(fitting, occupied, ahead.get(waiting.kind))
            placement.waits[waiting.job] = reason
            ahead[waiting.kind] = waiting.job
    return placement


def _explain(fitting: list[Slot], occupied: Mapping[str, int], ahead: int | None) -> str:
    if not fitting:
        return "there is no slot on this machine that could run it"
    if ahead is not None:
        return f"its turn is after job {ahead}"
    holders = [f"job {occupied[slot.id]} on {slot.name}" for slot in fitting]
    return f"waiting for {' or '.join(holders)}"
