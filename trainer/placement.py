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


@dataclass(frozen=True)
class Waiting:
    """A queued job, as far as placing it goes."""

    job: int
    kind: str
    devices: int = 1  # slots of one kind that it needs at once


@dataclass(frozen=True)
class Placement:
    starts: list[tuple[int, tuple[Slot, ...]]] = field(default_factory=list)
    waits: dict[int, str] = field(default_factory=dict)  # job -> why, in words


def device_of(slots: Sequence[Slot]) -> str:
    """Name slots of one kind as trainer.spec.RunSpec does: "cpu", or the UUIDs of the GPUs."""
    return ",".join(slot.id for slot in slots) if slots[0].kind == "gpu" else "cpu"


def choose(
    queue: Iterable[Waiting], *, busy: Mapping[str, int], slots: Sequence[Slot]
) -> Placement:
    """Give free slots to the queue's jobs in its order; `busy` maps slots to their jobs.

    A job that waits for several slots holds those that are free: narrower jobs behind it never
    take them, or it might wait for ever. One that no slots here could run holds up nobody.
    """
    placement = Placement()
    occupied = dict(busy)
    ahead: dict[str, int] = {}  # kind -> the last job that waits
    for waiting in queue:
        fitting = _fitting(waiting, slots)
        free = [slot for slot in fitting if slot.id not in occupied][: waiting.devices]
        if len(fitting) < waiting.devices:
            placement.waits[waiting.job] = _explain_lack(waiting, slots)
        elif waiting.kind not in ahead and len(free) == waiting.devices:
            placement.starts.append((waiting.job, tuple(free)))
            occupied |= {slot.id: waiting.job for slot in free}
        else:
            reason = _explain(fitting, occupied, ahead.get(waiting.kind))
            placement.waits[waiting.job] = reason
            ahead[waiting.kind] = waiting.job
    return placement


def _fitting(waiting: Waiting, slots: Sequence[Slot]) -> list[Slot]:
    """List the slots that could run a job: of the first kind that has enough of them.

    Ranks wait for one another after each step, so they run on one kind.
    """
    by_kind = [[slot for slot in slots if slot.kind == kind] for kind in _RUNS_ON[waiting.kind]]
    if waiting.devices == 1:
        return [slot for of_kind in by_kind for slot in of_kind]
    return next((found for found in by_kind if len(found) >= waiting.devices), [])


def _explain_lack(waiting: Waiting, slots: Sequence[Slot]) -> str:
    most = max(sum(slot.kind == kind for slot in slots) for kind in _RUNS_ON[waiting.kind])
    if not most:
        return "there is no slot on this machine that could run it"
    return f"it needs {waiting.devices} slots at once, and this machine has {most}"


def _explain(fitting: list[Slot], occupied: Mapping[str, int], ahead: int | None) -> str:
    if ahead is not None:
        return f"its turn is after job {ahead}"
    holders = [f"job {occupied[s.id]} on {s.name}" for s in fitting if s.id in occupied]
    return f"waiting for {' or '.join(holders)}"
