"""Open the database: WAL, foreign keys, strict tables; and take its write lock."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from filelock import FileLock
from sqlite_utils import Database

from storage import schema

FILENAME = "coach.db"
BUSY_SECONDS = 30  # how long a writer waits for another


class NewerSchemaError(Exception):
    """The database was written by a newer Coach than this one."""


def open_database(data_dir: Path) -> Database:
    """Open the database of a data directory; a connection serves one thread, one unit of work."""
    conn = sqlite3.connect(data_dir / FILENAME, timeout=BUSY_SECONDS, isolation_level=None)
    conn.execute("PRAGMA foreign_keys = ON")
    conn.execute("PRAGMA synchronous = NORMAL")
    return Database(conn)


@contextmanager
def opened(data_dir: Path) -> Iterator[Database]:
    """Open the database for one unit of work and close it."""
    with closing(open_database(data_dir)) as db:
        yield db


@contextmanager
def immediate(db: Database) -> Iterator[None]:
    """Hold the write lock from the first statement, so that what is read stays true until commit.

    A plain BEGIN would take the lock at the first write and fail there ("database is locked").
    """
    if db.conn.in_transaction:
        yield
        return
    db.execute("BEGIN IMMEDIATE")
    try:
        yield
    except BaseException:
        db.rollback()
        raise
    db.commit()


def migrate(data_dir: Path) -> None:
    """Bring the database of a data directory to this version's schema, creating both.

    Raises NewerSchemaError where a newer Coach wrote it. Safe when two processes start at once.
    """
    data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    (data_dir / FILENAME).touch(mode=0o600)
    # Turning WAL on needs the file alone, and SQLite doesn't wait for it: two would be "locked".
    with FileLock(data_dir / "migrate.lock"), opened(data_dir) as db:
        db.enable_wal()
        with immediate(db):
            refuse_newer(db)
            schema.MIGRATIONS.apply(db)


def refuse_newer(db: Database) -> None:
    """Raise NewerSchemaError where the database has a migration that this version lacks."""
    known = {migration.name for migration in schema.MIGRATIONS.pending(Database(memory=True))}
    newer = [m.name for m in schema.MIGRATIONS.applied(db) if m.name not in known]
    if newer:
        raise NewerSchemaError(
            f"This data directory was written by a newer Coach (it has {newer[-1]}). "
            "Install that version, or restore a backup made before the upgrade."
        )
