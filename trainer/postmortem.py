"""Why the process of a run died, where it could not say so itself."""

from __future__ import annotations

import re
import signal
from pathlib import Path

import psutil

from trainer.failures import smaller_steps
from trainer.spec import Cause, Failure, Recipe

GIB = 2**30
TAIL_BYTES = 64_000
_EXCEPTION = re.compile(r"^(?:\w+\.)*(\w*(?:Error|Exception|Exit|Interrupt))\b", re.MULTILINE)
_PLACE = re.compile(r'^\s+File "(?:.*/)?([^"/]+)", line (\d+)', re.MULTILINE)


def explain_kill(
    number: int, *, peak_bytes: int, for_memory: bool, recipe: Recipe | None
) -> Failure:
    """Name cause and evidence of a death by signal.

    `for_memory` tells that the kernel killed something for want of memory meanwhile.
    """
    total = psutil.virtual_memory().total
    evidence = (
        f"killed by signal {number} ({signal.strsignal(number)}); "
        f"it used up to {peak_bytes / GIB:.1f} of {total / GIB:.1f} GiB of memory"
    )
    if for_memory and number == signal.SIGKILL:
        return Failure(cause="out_of_memory", evidence=evidence, fix=smaller_steps(recipe))
    return Failure(cause="killed", evidence=evidence)


def explain_exit(status: int, log: Path) -> Failure:
    """Name cause and evidence of an exit without a result, from the end of the log.

    A row of the data, which an exception's message may quote, never gets into the evidence.
    """
    tail = read_tail(log)
    names, places = _EXCEPTION.findall(tail), _PLACE.findall(tail)
    evidence = f"ended with status {status} and no result"
    if names:
        evidence += f": {names[-1]}"
    if names and places:
        evidence += f" at {places[-1][0]}:{places[-1][1]}"
    return Failure(cause=_name_cause(names[-1] if names else "", tail), evidence=evidence)


def count_memory_kills() -> int:
    """Count the processes that the kernel killed for want of memory, since the machine started."""
    try:
        fields = Path("/proc/vmstat").read_text(encoding="ascii").split()
        return int(fields[fields.index("oom_kill") + 1])
    except (OSError, ValueError):  # not Linux, or an old kernel
        return 0


def _name_cause(exception: str, log: str) -> Cause:
    if exception in {"MemoryError", "OutOfMemoryError"}:
        return "out_of_memory"
    return "disk_full" if "No space left on device" in log else "unknown"


def read_tail(log: Path) -> str:
    """Read the end of a log; nothing where there is none."""
    try:
        with log.open("rb") as file:
            file.seek(max(0, log.stat().st_size - TAIL_BYTES))
            return file.read().decode("utf-8", errors="replace")
    except FileNotFoundError:
        return ""
