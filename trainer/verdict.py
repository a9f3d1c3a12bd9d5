"""How a run ended whose own processes can't say it: what they left, and how they died."""

from __future__ import annotations

import re
from pathlib import Path

from trainer.spec import Ended, Failure

# How torchrun tells in the log of a rank that died by a signal; SIGTERM is its own doing.
_DIED_BY = re.compile(r"exitcode\s*:\s*-(?!15\b)(\d+)")


def is_due(ended: Ended, *, ranks: int) -> bool:
    """Tell whether a process must leave its end to the runner to judge.

    Memory that ran out may be enough for smaller batches, and of ranks that train together one
    only sees the others vanish: the runner knows which died first.
    """
    if ended.failure is None:
        return False
    return ranks > 1 or ended.failure.cause == "out_of_memory"


def leave(attempt_dir: Path, rank: int, ended: Ended) -> None:
    """Leave word for the runner."""
    folder = attempt_dir / "ranks"
    folder.mkdir(exist_ok=True)
    temporary = folder / f"{rank}.tmp"
    temporary.write_text(ended.model_dump_json(), encoding="utf-8")
    temporary.rename(folder / f"{rank}.json")


def take(attempt_dir: Path) -> list[Failure]:
    """Take what the processes left, by rank; whoever asks again finds nothing."""
    left = sorted((attempt_dir / "ranks").glob("*.json"), key=lambda path: int(path.stem))
    ends = [Ended.model_validate_json(path.read_text(encoding="utf-8")) for path in left]
    for path in left:
        path.unlink()
    return [end.failure for end in ends if end.failure]


def choose(left: list[Failure], *, killed: Failure | None) -> Failure | None:
    """Choose the failure that explains the others: a known one, a kill, then an unknown one."""
    known = [failure for failure in left if failure.cause != "unknown"]
    return next(iter([*known, *([killed] if killed else []), *left]), None)


def find_signal(log_tail: str) -> int | None:
    """Find the signal that a rank died by in what torchrun wrote; None where none did."""
    found = _DIED_BY.search(log_tail)
    return int(found[1]) if found else None
