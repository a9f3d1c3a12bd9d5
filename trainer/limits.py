"""Do in a child, within limits on memory and time, what a file made to harm would overrun."""

from __future__ import annotations

import resource
import signal
from collections.abc import Callable
from multiprocessing import get_context
from multiprocessing.connection import Connection
from typing import Generic, TypeVar

import psutil

from trainer.process import die_with_parent
from trainer.spec import Failure

MEMORY_BYTES = 4_000_000_000  # for data, above what the interpreter and its libraries take
CPU_SECONDS = 600
TOO_LARGE = Failure(
    cause="bad_file",
    evidence="Reading this file takes more memory or time than a good file of its size does: it "
    "is damaged, or unfolds to something huge. Send a part of its rows, as CSV.",
)
T = TypeVar("T")


class Child(Generic[T]):
    """A fork of this process at work; make it before the process has threads, which a fork loses."""

    def __init__(self, work: Callable[[], T]) -> None:
        fork = get_context("fork")
        self._receiver, sender = fork.Pipe(duplex=False)
        self._process = fork.Process(target=_work_within_limits, args=(work, sender))
        self._process.start()
        sender.close()

    def result(self) -> T:
        """Wait for what the work gives; raise EOFError where the limits or an error ended it."""
        try:
            found: T = self._receiver.recv()
        except OSError as error:  # it was ended while it told
            raise EOFError from error
        return found

    def kill(self) -> None:
        self._process.kill()
        self._process.join()


def _work_within_limits(work: Callable[[], T], sender: Connection) -> None:
    die_with_parent()
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    memory = psutil.Process().memory_info().data + MEMORY_BYTES
    resource.setrlimit(resource.RLIMIT_DATA, (memory, memory))
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # a core would hold the texts
    sender.send(work())
