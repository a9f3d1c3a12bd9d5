"""Tests of the database: migrations, transactions, and what else is kept in it."""

from __future__ import annotations

import contextlib
import multiprocessing
import sqlite3
import stat
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from records import MINUTE, NOON, enqueue, pretend_newer
from sqlite_utils import Database

from storage import database, hosts, jobs, requests
from storage.records import Host, text

HOST = Host(
    name="gpu-1",
    pid=1,
    started_at=NOON,
    seen_at=NOON,
    slots=[{"id": "cpu:0", "kind": "cpu"}],
    memory_bytes=8,
    memory_free_bytes=4,
    disk_free_bytes=2,
)


def test_two_processes_that_start_at_once_migrate_once(tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    both = [context.Process(target=database.migrate, args=(tmp_path / "new",)) for _ in range(2)]
    for process in both:
        process.start()
    for process in both:
        process.join()
    assert [process.exitcode for process in both] == [0, 0]
    with database.opened(tmp_path / "new") as db:
        assert enqueue(db).id == 1


def test_migrating_again_changes_nothing(data_dir: Path) -> None:
    with database.opened(data_dir) as db:
        enqueue(db)
    database.migrate(data_dir)
    with database.opened(data_dir) as db:
        assert len(jobs.queued(db)) == 1


def test_a_database_of_a_newer_version_is_refused_in_words(data_dir: Path, db: Database) -> None:
    pretend_newer(db)
    with pytest.raises(database.NewerSchemaError, match=r"newer Coach .*m999_later"):
        database.migrate(data_dir)


def test_the_database_is_its_owners_alone(data_dir: Path) -> None:
    assert stat.S_IMODE(data_dir.stat().st_mode) == 0o700
    assert stat.S_IMODE((data_dir / database.FILENAME).stat().st_mode) == 0o600


def test_a_transaction_that_fails_leaves_nothing(db: Database) -> None:
    with (
        contextlib.suppress(ZeroDivisionError),
        database.immediate(db),
    ):
        enqueue(db)
        raise ZeroDivisionError
    assert jobs.queued(db) == []


def test_a_transaction_within_another_is_part_of_it(data_dir: Path, db: Database) -> None:
    with database.opened(data_dir) as reader:
        with database.immediate(db):
            with database.immediate(db):
                enqueue(db)
            assert jobs.queued(reader) == []
        assert len(jobs.queued(reader)) == 1


def test_a_table_takes_no_value_of_another_type(db: Database) -> None:
    enqueue(db)
    with pytest.raises(sqlite3.IntegrityError, match="cannot store TEXT"):
        db.execute("UPDATE jobs SET priority = 'high'")


def test_a_request_is_first_once_until_it_is_forgotten(db: Database) -> None:
    assert requests.is_first(db, "envelope-1", now=NOON)
    assert not requests.is_first(db, "envelope-1", now=NOON + MINUTE)
    requests.forget(db, before=NOON + MINUTE)
    assert requests.is_first(db, "envelope-1", now=NOON + MINUTE)


def test_a_hosts_newest_description_counts(db: Database) -> None:
    hosts.describe(db, HOST)
    newer = replace(HOST, seen_at=NOON + MINUTE, memory_free_bytes=3)
    hosts.describe(db, newer)
    assert hosts.seen_since(db, NOON) == [newer]
    assert hosts.seen_since(db, NOON + MINUTE) == []


def test_times_are_stored_so_that_text_order_is_time_order() -> None:
    whole, later = NOON, NOON.replace(microsecond=1)
    assert text(whole) < text(later)
    assert datetime.fromisoformat(text(later)) == later
    with pytest.raises(ValueError, match="without a zone"):
        text(datetime(2026, 3, 1, tzinfo=UTC).replace(tzinfo=None))
