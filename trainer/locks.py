"""Locks that the kernel frees when their last holder dies, however it dies."""

from __future__ import annotations

import fcntl
import time
from pathlib import Path
from typing import BinaryIO

RETRY_S = 0.05


def take(path: Path, *, patience_s: float = 0) -> BinaryIO | None:
    """Take the lock on a file, created where missing; None where another holds it all the time.

    It is held until the file is closed, by this process and by every one that inherited it.
    """
    file = path.open("ab+")
    deadline = time.monotonic() + patience_s
    while not _try(file):
        if time.monotonic() >= deadline:
            file.close()
            return None
        time.sleep(RETRY_S)
    return file


def is_held(path: Path) -> bool:
    """Say whether a process holds the lock; the file must exist.

    Asking takes the lock for an instant: whoever takes it for good needs a little patience.
    """
    file = take(path)
    if file is None:
        return True
    file.close()
    return False


def _try(file: BinaryIO) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
