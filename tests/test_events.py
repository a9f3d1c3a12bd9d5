"""Tests of the event segments, on real files, threads and a killed process."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
import threading
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest

from trainer import events
from trainer.events import EventWriter, read_segment
from trainer.spec import Checkpoint, Ended, Event, Heartbeat, Phase

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def read_all(folder: Path) -> list[Event]:
    found: list[Event] = []
    number = 0
    while (segment := read_segment(folder, number)) is not None:
        found += segment
        number += 1
    return found


def test_a_segment_not_written_yet_reads_as_none(tmp_path: Path) -> None:
    assert read_segment(tmp_path, 0) is None


def test_events_are_numbered_without_gaps_and_keep_their_time(tmp_path: Path) -> None:
    with EventWriter(tmp_path, clock=lambda: NOON) as writer:
        writer.write(Phase(name="reading"))
        writer.write(Checkpoint(step=3))
        writer.write(Ended(state="succeeded"))
    assert [(event.seq, event.at, event.body.type) for event in read_all(tmp_path)] == [
        (0, NOON, "phase"),
        (1, NOON, "checkpoint"),
        (2, NOON, "ended"),
    ]


def test_a_checkpoint_is_on_disk_at_once(tmp_path: Path) -> None:
    with EventWriter(tmp_path) as writer:
        writer.write(Phase(name="training"))
        writer.write(Checkpoint(step=1))
        assert [event.body.type for event in read_all(tmp_path)] == ["phase", "checkpoint"]


def test_other_events_are_written_soon_by_themselves(tmp_path: Path) -> None:
    with EventWriter(tmp_path) as writer:
        writer.write(Phase(name="training"))
        while read_segment(tmp_path, 0) is None:
            time.sleep(0.05)


def test_a_silent_run_sends_heartbeats_with_its_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(events, "FLUSH_S", 0.02)
    monkeypatch.setattr(events, "HEARTBEAT_S", 0.05)
    with EventWriter(tmp_path):
        while len(found := read_all(tmp_path)) < 2:
            time.sleep(0.02)
    assert [event.seq for event in found[:2]] == [0, 1]
    assert all(isinstance(e.body, Heartbeat) and e.body.memory_bytes > 0 for e in found)


def write_twenty(writer: EventWriter) -> None:
    for step in range(20):
        writer.write(Checkpoint(step=step))


def test_many_threads_write_every_event_once(tmp_path: Path) -> None:
    with EventWriter(tmp_path) as writer:
        threads = [threading.Thread(target=write_twenty, args=(writer,)) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert [event.seq for event in read_all(tmp_path)] == list(range(160))


def test_a_second_writer_continues_the_numbers_of_a_killed_process(tmp_path: Path) -> None:
    """The runner tells how its training process ended, in the same sequence."""
    code = (
        "import sys, time; from pathlib import Path; from trainer.events import EventWriter;"
        "from trainer.spec import Checkpoint\n"
        "writer = EventWriter(Path(sys.argv[1]))\n"
        "for step in range(10_000): writer.write(Checkpoint(step=step))"
    )
    child = subprocess.Popen([sys.executable, "-c", code, str(tmp_path)])
    while read_segment(tmp_path, 20) is None:
        time.sleep(0.01)
    child.send_signal(signal.SIGKILL)
    child.wait()
    (tmp_path / "99999999.tmp").write_text('{"seq": half a li')

    with EventWriter(tmp_path) as writer:
        writer.write(Ended(state="failed"))
    found = read_all(tmp_path)
    assert [event.seq for event in found] == list(range(len(found)))
    assert [isinstance(event.body, Ended) for event in found].count(True) == 1
    assert found[-1].body == Ended(state="failed")


def test_events_survive_a_disk_that_is_full_for_a_while(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The disk's refusal is simulated: a full one can't be had without root."""
    fsync, refusals = os.fsync, [1, 1]

    def refuse_twice(descriptor: int) -> None:
        if refusals:
            refusals.pop()
            raise OSError(errno.ENOSPC, "No space left on device")
        fsync(descriptor)

    monkeypatch.setattr(os, "fsync", refuse_twice)
    with EventWriter(tmp_path) as writer:
        with pytest.raises(OSError, match="No space left"):
            writer.write(Checkpoint(step=1))
        while refusals:
            time.sleep(0.05)
        writer.write(Checkpoint(step=2))
    assert [event.body for event in read_all(tmp_path)] == [Checkpoint(step=1), Checkpoint(step=2)]
