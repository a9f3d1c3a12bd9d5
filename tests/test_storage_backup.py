"""Tests of backup and restore, with writers at work."""

from __future__ import annotations

import multiprocessing
import sqlite3
import stat
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from records import enqueue, pretend_newer, start
from sqlite_utils import Database

from storage import jobs, runs
from storage.backup import NotABackupError, back_up, restore
from storage.database import FILENAME, NewerSchemaError, immediate, migrate, opened


def write_until(data_dir: Path, stop: multiprocessing.synchronize.Event) -> None:
    """Queue and claim in one transaction: between two, a restore may take the job away."""
    while not stop.is_set():
        with opened(data_dir) as db, immediate(db):
            start(db, enqueue(db, key=uuid.uuid4().hex))


@contextmanager
def writing(data_dir: Path) -> Iterator[None]:
    """Keep two processes writing meanwhile."""
    context = multiprocessing.get_context("spawn")
    stop = context.Event()
    writers = [context.Process(target=write_until, args=(data_dir, stop)) for _ in range(2)]
    for writer in writers:
        writer.start()
    with opened(data_dir) as db:
        while len(runs.running(db)) < 20:
            assert all(writer.is_alive() for writer in writers)
    try:
        yield
    finally:
        stop.set()
        for writer in writers:
            writer.join()
    assert [writer.exitcode for writer in writers] == [0, 0]


def test_a_backup_taken_while_others_write_is_whole(data_dir: Path, tmp_path: Path) -> None:
    with writing(data_dir):
        for number in range(5):
            size = back_up(data_dir, tmp_path / f"{number}.db")
            assert size == (tmp_path / f"{number}.db").stat().st_size
    for number in range(5):
        other = tmp_path / f"other-{number}"
        restore(other, tmp_path / f"{number}.db")
        with opened(other) as db:
            assert list(db.query("PRAGMA integrity_check")) == [{"integrity_check": "ok"}]
            assert list(db.query("PRAGMA foreign_key_check")) == []
            assert len(runs.running(db)) >= 20


def test_a_restore_is_seen_whole_by_processes_that_run(data_dir: Path, tmp_path: Path) -> None:
    with opened(data_dir) as db:
        enqueue(db, key="kept")
    back_up(data_dir, tmp_path / "copy.db")
    with writing(data_dir):
        restore(data_dir, tmp_path / "copy.db")
    with opened(data_dir) as db:
        assert jobs.by_key(db, "kept") is not None
        assert list(db.query("PRAGMA integrity_check")) == [{"integrity_check": "ok"}]
        assert next(iter(db.query("PRAGMA journal_mode")))["journal_mode"] == "wal"


def test_a_number_given_since_the_backup_is_not_given_again(
    data_dir: Path, tmp_path: Path, db: Database
) -> None:
    """The folder of that job's run is still there, and is not the new job's."""
    enqueue(db)
    back_up(data_dir, tmp_path / "copy.db")
    given = [enqueue(db).id for _ in range(3)]
    restore(data_dir, tmp_path / "copy.db")
    assert enqueue(db).id == given[-1] + 1


def test_a_backup_can_be_restored_over_a_broken_database(
    data_dir: Path, tmp_path: Path, db: Database
) -> None:
    enqueue(db, key="kept")
    back_up(data_dir, tmp_path / "copy.db")
    broken = tmp_path / "broken"
    broken.mkdir()
    (broken / FILENAME).write_bytes(b"no database at all" * 1000)
    restore(broken, tmp_path / "copy.db")
    migrate(broken)
    with opened(broken) as restored:
        assert jobs.by_key(restored, "kept") is not None
    assert (broken / f"{FILENAME}.broken").exists()


def test_a_backup_is_its_owners_alone_and_overwrites_nothing(
    data_dir: Path, tmp_path: Path
) -> None:
    back_up(data_dir, tmp_path / "copy.db")
    assert stat.S_IMODE((tmp_path / "copy.db").stat().st_mode) == 0o600
    with pytest.raises(FileExistsError):
        back_up(data_dir, tmp_path / "copy.db")


@pytest.mark.parametrize("content", [b"", b"text,label\n" * 500])
def test_what_is_no_backup_is_refused_and_changes_nothing(
    data_dir: Path, tmp_path: Path, db: Database, content: bytes
) -> None:
    enqueue(db)
    (tmp_path / "x.db").write_bytes(content)
    with pytest.raises(NotABackupError, match="This file"):
        restore(data_dir, tmp_path / "x.db")
    assert len(jobs.queued(db)) == 1


def test_another_programs_database_is_refused(data_dir: Path, tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "x.db") as other:
        other.execute("CREATE TABLE jobs (id)")
    other.close()
    with pytest.raises(NotABackupError, match="no whole copy"):
        restore(data_dir, tmp_path / "x.db")


def test_a_backup_of_a_newer_version_is_refused(
    data_dir: Path, tmp_path: Path, db: Database
) -> None:
    pretend_newer(db)
    back_up(data_dir, tmp_path / "copy.db")
    with pytest.raises(NewerSchemaError, match="newer Coach"):
        restore(tmp_path / "other", tmp_path / "copy.db")
