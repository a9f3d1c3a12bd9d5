"""Copies of the database, taken and put back while Coach runs."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from sqlite_utils import Database

from storage.database import BUSY_SECONDS, FILENAME, refuse_newer


class NotABackupError(Exception):
    """The file is no copy of Coach's database."""


def back_up(data_dir: Path, target: Path) -> int:
    """Write a consistent copy of the database to a new file; gives its size in bytes.

    SQLite's online backup: readers and writers go on meanwhile. Raises FileExistsError.
    """
    with target.open("xb"):
        target.chmod(0o600)
    with (
        closing(sqlite3.connect(data_dir / FILENAME)) as source,
        closing(sqlite3.connect(target)) as copy,
    ):
        source.backup(copy)
    return target.stat().st_size


def restore(data_dir: Path, source: Path) -> None:
    """Put a copy back, as one transaction that running processes see whole.

    Numbers given to jobs since the copy are not given again: their folders are still there. A
    database too broken to be read is kept beside, with `.broken` after its name.
    Raises NotABackupError, or NewerSchemaError for one that a newer Coach wrote.
    """
    data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    with (
        closing(sqlite3.connect(f"{source.resolve().as_uri()}?mode=ro", uri=True)) as copy,
        closing(sqlite3.connect("")) as staged,  # a temporary file of SQLite's own
    ):
        _check(copy)
        copy.backup(staged)
        _set_aside_if_broken(data_dir / FILENAME)
        with closing(sqlite3.connect(data_dir / FILENAME, timeout=BUSY_SECONDS)) as database:
            _set_last_number(staged, max(_last_number(staged), _last_number(database)))
            staged.backup(database)


def _set_aside_if_broken(path: Path) -> None:
    try:
        with closing(sqlite3.connect(path, timeout=BUSY_SECONDS)) as database:
            database.execute("SELECT count(*) FROM sqlite_master")
    except sqlite3.OperationalError:  # locked, or the disk refuses: it may be a good one
        raise
    except sqlite3.DatabaseError:
        for suffix in ("", "-wal", "-shm"):
            part = path.with_name(path.name + suffix)
            if part.exists():
                part.rename(path.with_name(f"{path.name}.broken{suffix}"))


def _last_number(database: sqlite3.Connection) -> int:
    """Read the highest job number ever given."""
    try:
        found = database.execute("SELECT seq FROM sqlite_sequence WHERE name = 'jobs'").fetchone()
    except sqlite3.OperationalError:  # a new one, without tables
        return 0
    return int(found[0]) if found else 0


def _set_last_number(database: sqlite3.Connection, number: int) -> None:
    with database:
        database.execute("DELETE FROM sqlite_sequence WHERE name = 'jobs'")
        database.execute("INSERT INTO sqlite_sequence VALUES ('jobs', ?)", (number,))


def _check(copy: sqlite3.Connection) -> None:
    try:
        healthy = copy.execute("PRAGMA quick_check").fetchone() == ("ok",)
        tables = {name for (name,) in copy.execute("SELECT name FROM sqlite_master")}
    except sqlite3.DatabaseError as error:
        raise NotABackupError(f"This file can't be read as a database ({error}).") from error
    if not healthy or not {"jobs", "models", "promotions"} <= tables:
        raise NotABackupError("This file is no whole copy of Coach's database.")
    refuse_newer(Database(copy))
