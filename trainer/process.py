"""What the processes of a run owe their host: die with the parent, adopt orphans, stop on SIGTERM."""

from __future__ import annotations

import ctypes
import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

PR_SET_PDEATHSIG, PR_SET_CHILD_SUBREAPER = 1, 36  # linux/prctl.h
_LIBC = ctypes.CDLL(None)  # loaded here: too late between fork and exec


def die_with_parent(parent: int | None = None) -> None:
    """Let the kernel kill this process with the one that started it: no orphan on the device.

    `parent` is that one's number; told by itself, it closes the gap between fork and this call.
    """
    parent = os.getppid() if parent is None else parent
    _LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if parent == 1 or os.getppid() != parent:  # it was gone before the kernel was asked
        sys.exit("The process that started this run is gone.")


def adopt_orphans() -> None:
    """Become the parent of every descendant whose own parent dies, so that none gets away."""
    _LIBC.prctl(PR_SET_CHILD_SUBREAPER, 1)


class Cancelled(BaseException):
    """The run was told to stop; no `except Exception` of a library may swallow it."""


class Paused(Cancelled):
    """The run was told to stop, only to go on when it is resumed."""


class Cancellation:
    """Raise Cancelled where the run is when SIGTERM comes, except inside `deferred`."""

    def __init__(self) -> None:
        self.requested = False
        self._deferred = False

    def listen(self) -> None:
        """Take over SIGTERM; callable from the main thread only."""
        signal.signal(signal.SIGTERM, self._on_signal)

    @contextmanager
    def deferred(self) -> Iterator[None]:
        """Let the block look at `requested` itself, and stop at its end at the latest."""
        self._deferred = True
        try:
            yield
        finally:
            self._deferred = False
        if self.requested:
            raise Cancelled

    def _on_signal(self, _number: int, _frame: FrameType | None) -> None:
        self.requested = True
        if not self._deferred:
            raise Cancelled
