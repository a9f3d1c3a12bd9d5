"""Event segments: written by a run, read by the worker."""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Self

import psutil

from trainer.spec import Body, Checkpoint, Ended, Event, Heartbeat

FLUSH_S = 0.5
HEARTBEAT_S = 5.0
log = logging.getLogger(__name__)


class EventWriter:
    """Say what a run does, in segments `00000000.jsonl`, … that appear whole or not at all.

    One writer at a time owns a folder; opened on one that has segments already (the runner, after
    its training process died) it continues their numbers. Safe to call from any thread. Close it,
    or use it as a context manager: what is pending is written then.
    """

    def __init__(
        self, events_dir: Path, *, clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:
        events_dir.mkdir(parents=True, exist_ok=True)
        self._dir = events_dir
        self._clock = clock
        self._segment, self._seq = _next_numbers(events_dir)
        self._pending: list[Event] = []
        self._lock = threading.Lock()
        self._closed = threading.Event()
        self._wrote_at = time.monotonic()
        self._thread = threading.Thread(target=self._flush_often, name="events", daemon=True)
        self._thread.start()

    def write(self, body: Body) -> None:
        """Queue an event; a checkpoint or an end is on disk when this returns (else OSError)."""
        with self._lock:
            self._append(body)
            if isinstance(body, Ended | Checkpoint):
                self._flush()
            if isinstance(body, Ended):
                self._closed.set()  # it is the last: no heartbeat follows

    def close(self) -> None:
        """Write what is pending and stop; raise OSError where the disk refuses it."""
        self._closed.set()
        self._thread.join()
        with self._lock:
            self._flush()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _append(self, body: Body) -> None:
        self._pending.append(Event(seq=self._seq, at=self._clock(), body=body))
        self._seq += 1

    def _flush_often(self) -> None:
        while not self._closed.wait(FLUSH_S):
            with self._lock:
                if not self._pending and time.monotonic() - self._wrote_at >= HEARTBEAT_S:
                    self._append(Heartbeat(memory_bytes=psutil.Process().memory_info().rss))
                try:
                    self._flush()
                except OSError as error:  # a full disk may have room again by the next round
                    log.warning("events wait for the disk: %s", error)

    def _flush(self) -> None:
        if not self._pending:
            return
        lines = "".join(event.model_dump_json() + "\n" for event in self._pending)
        _write_whole(_segment_path(self._dir, self._segment), lines)
        self._segment += 1
        self._pending.clear()
        self._wrote_at = time.monotonic()


class Silence(EventWriter):
    """Says nothing: of processes that train together one alone tells."""

    def __init__(self) -> None:
        """Leave the folder to the one that tells."""

    def write(self, body: Body) -> None: ...

    def close(self) -> None: ...


def read_all(events_dir: Path) -> list[Event]:
    """Read what an attempt has told so far, in order."""
    segments = (read_segment(events_dir, number) for number in range(_newest(events_dir) + 1))
    return [event for segment in segments for event in segment or ()]


def read_segment(events_dir: Path, number: int) -> list[Event] | None:
    """Read the events of one segment, in order; None where it has not been written yet."""
    try:
        lines = _segment_path(events_dir, number).read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        return None
    return [Event.model_validate_json(line) for line in lines]


def read_end(events_dir: Path) -> Ended | None:
    """Read how the attempt ended; None where it has not said so."""
    events = read_segment(events_dir, _newest(events_dir)) or []
    return next((event.body for event in events if isinstance(event.body, Ended)), None)


def _next_numbers(events_dir: Path) -> tuple[int, int]:
    """Find the next segment and the next seq after what stands in the folder."""
    segment = _newest(events_dir)
    events = read_segment(events_dir, segment) or []
    return segment + 1, events[-1].seq + 1 if events else 0


def _newest(events_dir: Path) -> int:
    """Find the newest segment's number; -1 where there is none."""
    return max((int(path.stem) for path in events_dir.glob("*.jsonl")), default=-1)


def _segment_path(events_dir: Path, number: int) -> Path:
    return events_dir / f"{number:08d}.jsonl"


def _write_whole(path: Path, text: str) -> None:
    """Write to a temporary name, sync, rename, sync the folder: a reader never sees a part."""
    temporary = path.with_suffix(".tmp")
    with temporary.open("w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    temporary.rename(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
