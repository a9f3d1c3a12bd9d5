"""The tables, as append-only migrations: a released one is never edited."""

from __future__ import annotations

from sqlite_utils import Database, Migrations

MIGRATIONS = Migrations("coach")

M001 = """
CREATE TABLE jobs (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    key TEXT NOT NULL UNIQUE,
    kind TEXT NOT NULL CHECK (kind IN ('train', 'intake')),
    state TEXT NOT NULL CHECK (state IN ('queued', 'running', 'succeeded', 'failed', 'cancelled')),
    work TEXT NOT NULL CHECK (json_valid(work)),
    priority INTEGER NOT NULL DEFAULT 0,
    requested_by TEXT NOT NULL,
    channel TEXT NOT NULL,
    thread_ts TEXT,
    created_at TEXT NOT NULL,
    attempt INTEGER NOT NULL DEFAULT 0,
    started_at TEXT,
    ended_at TEXT,
    cancel_requested_by TEXT,
    failure TEXT,
    result TEXT,
    model INTEGER,
    retry_of INTEGER REFERENCES jobs (id),
    waits_for TEXT
) STRICT;

-- The queue is the few rows that are not final: a million finished jobs must not slow it.
CREATE INDEX jobs_queued ON jobs (priority DESC, id) WHERE state = 'queued';
CREATE INDEX jobs_running ON jobs (id) WHERE state = 'running';
CREATE INDEX jobs_by_person ON jobs (requested_by, id);
-- Estimates look for the newest successes of one kind.
CREATE INDEX jobs_by_end ON jobs (kind, state, ended_at);

CREATE TABLE runs (
    job INTEGER NOT NULL REFERENCES jobs (id),
    attempt INTEGER NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('running', 'succeeded', 'failed', 'cancelled', 'lost')),
    slot TEXT NOT NULL,
    started_at TEXT NOT NULL,
    heartbeat_at TEXT NOT NULL,
    next_segment INTEGER NOT NULL DEFAULT 0,
    ended_at TEXT,
    phase TEXT,
    progress TEXT,
    evaluated TEXT,
    resumed_from_step INTEGER,
    PRIMARY KEY (job, attempt)
) STRICT, WITHOUT ROWID;

CREATE TABLE events (
    job INTEGER NOT NULL,
    attempt INTEGER NOT NULL,
    seq INTEGER NOT NULL,
    at TEXT NOT NULL,
    type TEXT NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (job, attempt, seq),
    FOREIGN KEY (job, attempt) REFERENCES runs (job, attempt)
) STRICT, WITHOUT ROWID;

CREATE TABLE datasets (
    hash TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    version INTEGER NOT NULL,
    rows INTEGER NOT NULL,
    card TEXT NOT NULL,
    added_by TEXT NOT NULL,
    added_at TEXT NOT NULL,
    UNIQUE (name, version)
) STRICT, WITHOUT ROWID;

CREATE TABLE models (
    id INTEGER PRIMARY KEY REFERENCES jobs (id),
    attempt INTEGER NOT NULL,
    dataset_hash TEXT NOT NULL,
    base_model TEXT NOT NULL,
    method TEXT NOT NULL,
    path TEXT NOT NULL,
    summary TEXT NOT NULL,
    created_by TEXT NOT NULL,
    created_at TEXT NOT NULL
) STRICT;

CREATE TABLE promotions (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    alias TEXT NOT NULL,
    version INTEGER NOT NULL,
    model INTEGER NOT NULL REFERENCES models (id),
    previous INTEGER REFERENCES models (id),
    by TEXT NOT NULL,
    at TEXT NOT NULL,
    reason TEXT,
    comparison TEXT,
    UNIQUE (alias, version)
) STRICT;

CREATE TABLE plans (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    key TEXT NOT NULL UNIQUE,
    work TEXT NOT NULL,
    priority INTEGER NOT NULL DEFAULT 0,
    requested_by TEXT NOT NULL,
    channel TEXT NOT NULL,
    created_at TEXT NOT NULL,
    state TEXT NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'queued', 'dropped')),
    job INTEGER REFERENCES jobs (id),
    retry_of INTEGER REFERENCES jobs (id)
) STRICT;

CREATE TABLE deliveries (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    key TEXT NOT NULL UNIQUE,
    kind TEXT NOT NULL CHECK (kind IN ('post', 'ephemeral', 'file')),
    channel TEXT NOT NULL,
    user TEXT,
    thread_ts TEXT,
    parent TEXT,
    body TEXT NOT NULL,
    state TEXT NOT NULL DEFAULT 'due'
        CHECK (state IN ('due', 'claimed', 'sent', 'failed', 'cancelled')),
    due_at TEXT NOT NULL,
    expires_at TEXT,
    tries INTEGER NOT NULL DEFAULT 0,
    claimed_by TEXT,
    claimed_at TEXT,
    first_claimed_at TEXT,
    ts TEXT,
    sent_to TEXT,
    shown TEXT,
    edited_at TEXT,
    error TEXT
) STRICT;
CREATE INDEX deliveries_open ON deliveries (due_at) WHERE state IN ('due', 'claimed');

CREATE TABLE requests (
    key TEXT PRIMARY KEY,
    at TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX requests_by_age ON requests (at);

CREATE TABLE hosts (
    name TEXT PRIMARY KEY,
    pid INTEGER NOT NULL,
    started_at TEXT NOT NULL,
    seen_at TEXT NOT NULL,
    slots TEXT NOT NULL,
    memory_bytes INTEGER NOT NULL,
    memory_free_bytes INTEGER NOT NULL,
    disk_free_bytes INTEGER NOT NULL
) STRICT, WITHOUT ROWID
"""


@MIGRATIONS(name="m001_the_main_line")
def m001_the_main_line(db: Database) -> None:
    for statement in M001.split(";\n"):
        db.execute(statement)
