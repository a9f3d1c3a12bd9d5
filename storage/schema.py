"""The tables, as append-only migrations: a released one is never edited."""

from __future__ import annotations

from sqlite_utils import Database, Migrations

MIGRATIONS = Migrations("coach")

M001 = """
CREATE TABLE jobs (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    key TEXT NOT NULL UNIQUE,
    kind TEXT NOT NULL CHECK (kind IN ('train', 'intake', 'encoder', 'bulk')),
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


M002 = """
-- People. `user` and `channel` are Slack's ids everywhere; days are YYYY-MM-DD, hours are HH:MM.
CREATE TABLE members (
    user TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    kind TEXT NOT NULL DEFAULT 'person' CHECK (kind IN ('person', 'guest', 'bot')),
    discipline TEXT,
    zone TEXT NOT NULL DEFAULT 'UTC',
    country TEXT,
    language TEXT NOT NULL DEFAULT 'en',
    works_from TEXT NOT NULL DEFAULT '09:00',
    works_to TEXT NOT NULL DEFAULT '18:00',
    work_days TEXT NOT NULL DEFAULT 'MO,TU,WE,TH,FR',
    digest_at TEXT DEFAULT '09:00',
    digested_on TEXT,
    paused_until TEXT,
    muted TEXT NOT NULL DEFAULT '[]' CHECK (json_valid(muted)),
    manager TEXT,
    matched INTEGER NOT NULL DEFAULT 1,
    helps INTEGER NOT NULL DEFAULT 0,
    active INTEGER NOT NULL DEFAULT 1,
    joined_at TEXT NOT NULL,
    left_at TEXT
) STRICT, WITHOUT ROWID;

CREATE TABLE leaves (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    user TEXT NOT NULL REFERENCES members (user),
    starts_on TEXT NOT NULL,
    ends_on TEXT NOT NULL CHECK (ends_on >= starts_on)
) STRICT;

CREATE TABLE roles (
    user TEXT NOT NULL,
    role TEXT NOT NULL CHECK (role IN ('admin', 'lead', 'panel', 'committee', 'guest')),
    given_by TEXT NOT NULL,
    given_at TEXT NOT NULL,
    PRIMARY KEY (user, role)
) STRICT, WITHOUT ROWID;

CREATE TABLE audit (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    at TEXT NOT NULL,
    by TEXT NOT NULL,
    action TEXT NOT NULL,
    subject TEXT NOT NULL,
    before TEXT,
    after TEXT
) STRICT;
CREATE INDEX audit_by_person ON audit (by, id);
CREATE INDEX audit_by_action ON audit (action, id);

CREATE TABLE channels (
    channel TEXT PRIMARY KEY,
    language TEXT,
    purpose TEXT
) STRICT, WITHOUT ROWID;

-- Time.
CREATE TABLE schedules (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    key TEXT NOT NULL UNIQUE,
    kind TEXT NOT NULL,
    channel TEXT NOT NULL,
    rule TEXT,
    starts_at TEXT NOT NULL,
    zone TEXT NOT NULL,
    created_by TEXT NOT NULL,
    created_at TEXT NOT NULL,
    handled_until TEXT NOT NULL,
    stopped_by TEXT,
    stopped_at TEXT
) STRICT;

CREATE TABLE workday_overrides (
    country TEXT NOT NULL,
    day TEXT NOT NULL,
    works INTEGER NOT NULL,
    PRIMARY KEY (country, day)
) STRICT, WITHOUT ROWID;

-- What was reminded of and what came of it; obligations themselves are computed, never stored.
CREATE TABLE nudges (
    member TEXT NOT NULL,
    obligation TEXT NOT NULL,
    kind TEXT NOT NULL,
    day TEXT NOT NULL,
    sent_at TEXT NOT NULL,
    PRIMARY KEY (member, obligation, day)
) STRICT, WITHOUT ROWID;
CREATE INDEX nudges_by_kind ON nudges (kind, sent_at);

CREATE TABLE responses (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    member TEXT NOT NULL,
    obligation TEXT NOT NULL,
    kind TEXT NOT NULL,
    response TEXT NOT NULL CHECK (response IN ('done', 'snoozed', 'declined', 'opened')),
    until TEXT,
    at TEXT NOT NULL
) STRICT;
CREATE INDEX responses_by_obligation ON responses (member, obligation, id);

-- Skills and learning.
CREATE TABLE skills (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    name TEXT NOT NULL UNIQUE COLLATE NOCASE,
    zh TEXT,
    critical INTEGER NOT NULL DEFAULT 0,
    added_by TEXT NOT NULL,
    added_at TEXT NOT NULL
) STRICT;

CREATE TABLE member_skills (
    user TEXT NOT NULL REFERENCES members (user),
    skill INTEGER NOT NULL REFERENCES skills (id),
    have INTEGER CHECK (have BETWEEN 0 AND 4),
    want INTEGER NOT NULL DEFAULT 0,
    source TEXT NOT NULL DEFAULT 'self' CHECK (source IN ('self', 'lead', 'import')),
    assessed_by TEXT,
    assessed_at TEXT,
    PRIMARY KEY (user, skill)
) STRICT, WITHOUT ROWID;

CREATE TABLE resources (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    kind TEXT NOT NULL CHECK (kind IN ('paper', 'course', 'talk', 'post-mortem', 'article')),
    title TEXT NOT NULL UNIQUE,
    link TEXT,
    minutes INTEGER NOT NULL CHECK (minutes > 0),
    about TEXT NOT NULL DEFAULT '',
    track TEXT NOT NULL DEFAULT 'technical' CHECK (track IN ('technical', 'industry', 'soft')),
    discipline TEXT,
    mends TEXT,
    added_by TEXT NOT NULL,
    added_at TEXT NOT NULL,
    retired_at TEXT
) STRICT;

CREATE TABLE resource_skills (
    resource INTEGER NOT NULL REFERENCES resources (id),
    skill INTEGER NOT NULL REFERENCES skills (id),
    PRIMARY KEY (resource, skill)
) STRICT, WITHOUT ROWID;

CREATE TABLE resource_marks (
    user TEXT NOT NULL,
    resource INTEGER NOT NULL REFERENCES resources (id),
    mark TEXT NOT NULL CHECK (mark IN ('shown', 'started', 'done', 'declined')),
    at TEXT NOT NULL,
    PRIMARY KEY (user, resource, mark)
) STRICT, WITHOUT ROWID;

CREATE TABLE encoders (
    id TEXT PRIMARY KEY,
    base_model TEXT NOT NULL,
    path TEXT NOT NULL,
    dimensions INTEGER NOT NULL,
    job INTEGER REFERENCES jobs (id),
    created_at TEXT NOT NULL,
    serves_since TEXT
) STRICT, WITHOUT ROWID;

CREATE TABLE vectors (
    encoder TEXT NOT NULL REFERENCES encoders (id),
    text_hash TEXT NOT NULL,
    vector BLOB NOT NULL,
    PRIMARY KEY (encoder, text_hash)
) STRICT, WITHOUT ROWID;

-- What each person would be recommended today, and how well that order was found to work.
CREATE TABLE recommendations (
    user TEXT PRIMARY KEY,
    resource INTEGER NOT NULL REFERENCES resources (id),
    made_at TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE rankings (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    at TEXT NOT NULL,
    completions INTEGER NOT NULL,
    hits INTEGER NOT NULL,
    popularity_hits INTEGER NOT NULL,
    bm25_hits INTEGER NOT NULL
) STRICT;

CREATE TABLE learning_plans (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    user TEXT NOT NULL REFERENCES members (user),
    track TEXT NOT NULL CHECK (track IN ('technical', 'industry', 'soft')),
    owner TEXT NOT NULL,
    created_at TEXT NOT NULL,
    UNIQUE (user, track)
) STRICT;

CREATE TABLE assignments (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    plan INTEGER NOT NULL REFERENCES learning_plans (id),
    user TEXT NOT NULL REFERENCES members (user),
    resource INTEGER NOT NULL REFERENCES resources (id),
    due_on TEXT,
    state TEXT NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'done', 'dropped')),
    evidence TEXT,
    assigned_by TEXT NOT NULL,
    assigned_at TEXT NOT NULL,
    ended_at TEXT
) STRICT;
CREATE INDEX assignments_open ON assignments (user) WHERE state = 'open';

-- Sessions: a recurring or single date in its own zone; each date is an occurrence.
CREATE TABLE sessions (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    kind TEXT NOT NULL CHECK (kind IN ('lecture', 'exchange', 'cross-talk', 'competition',
        'privacy-review', 'innovation-fund', 'study-leave', 'equity')),
    title TEXT NOT NULL,
    about TEXT NOT NULL DEFAULT '',
    link TEXT,
    rule TEXT,
    starts_at TEXT NOT NULL,
    zone TEXT NOT NULL,
    minutes INTEGER NOT NULL CHECK (minutes > 0),
    channel TEXT NOT NULL,
    organiser TEXT NOT NULL,
    host TEXT,
    pre_read INTEGER REFERENCES resources (id),
    created_at TEXT NOT NULL,
    cancelled_at TEXT
) STRICT;

CREATE TABLE session_skills (
    session INTEGER NOT NULL REFERENCES sessions (id),
    skill INTEGER NOT NULL REFERENCES skills (id),
    PRIMARY KEY (session, skill)
) STRICT, WITHOUT ROWID;

CREATE TABLE occurrences (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    session INTEGER NOT NULL REFERENCES sessions (id),
    day TEXT NOT NULL,
    starts_at TEXT NOT NULL,
    host TEXT,
    status TEXT NOT NULL DEFAULT 'planned' CHECK (status IN ('planned', 'held', 'cancelled')),
    UNIQUE (session, starts_at)
) STRICT;
CREATE INDEX occurrences_by_time ON occurrences (starts_at);

CREATE TABLE attendance (
    occurrence INTEGER NOT NULL REFERENCES occurrences (id),
    user TEXT NOT NULL,
    answer TEXT NOT NULL CHECK (answer IN ('yes', 'no', 'maybe')),
    at TEXT NOT NULL,
    PRIMARY KEY (occurrence, user)
) STRICT, WITHOUT ROWID;

-- Pairs.
CREATE TABLE pair_rounds (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    day TEXT NOT NULL UNIQUE,
    seed INTEGER NOT NULL,
    made_at TEXT NOT NULL
) STRICT;

CREATE TABLE pairs (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    round INTEGER NOT NULL REFERENCES pair_rounds (id),
    met INTEGER,
    answered_at TEXT,
    dissolved_at TEXT
) STRICT;

CREATE TABLE pair_members (
    pair INTEGER NOT NULL REFERENCES pairs (id),
    user TEXT NOT NULL,
    PRIMARY KEY (pair, user)
) STRICT, WITHOUT ROWID;

CREATE TABLE pair_blocks (
    user TEXT NOT NULL,
    other TEXT NOT NULL,
    PRIMARY KEY (user, other)
) STRICT, WITHOUT ROWID;

-- Hiring: a code, never a name. The audit knows candidates by their number, so that nothing of the
-- code is left after a purge.
CREATE TABLE candidates (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    code TEXT NOT NULL UNIQUE,
    role TEXT NOT NULL,
    stage TEXT NOT NULL CHECK (stage IN ('sourced', 'screen', 'interview', 'offer', 'hired',
        'rejected', 'withdrawn')),
    stage_since TEXT NOT NULL,
    source TEXT NOT NULL DEFAULT '',
    owner TEXT NOT NULL,
    added_at TEXT NOT NULL,
    purge_on TEXT NOT NULL
) STRICT;

CREATE TABLE interviews (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    candidate TEXT NOT NULL REFERENCES candidates (code) ON DELETE CASCADE,
    round INTEGER NOT NULL DEFAULT 1,
    interviewer TEXT NOT NULL,
    starts_at TEXT NOT NULL,
    ends_at TEXT NOT NULL,
    technical INTEGER CHECK (technical BETWEEN 1 AND 5),
    industry INTEGER CHECK (industry BETWEEN 1 AND 5),
    teamwork INTEGER CHECK (teamwork BETWEEN 1 AND 5),
    submitted_at TEXT,
    cancelled_at TEXT
) STRICT;

-- Thanks, surveys, reviews.
CREATE TABLE thanks (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    sender TEXT NOT NULL,
    receiver TEXT NOT NULL,
    words TEXT NOT NULL DEFAULT '',
    run INTEGER,
    skill INTEGER REFERENCES skills (id),
    channel TEXT NOT NULL,
    at TEXT NOT NULL
) STRICT;

CREATE TABLE surveys (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    title TEXT NOT NULL,
    questions TEXT NOT NULL CHECK (json_valid(questions)),
    channel TEXT NOT NULL,
    asked_by TEXT NOT NULL,
    opened_at TEXT NOT NULL,
    closes_at TEXT NOT NULL,
    invited TEXT NOT NULL CHECK (json_valid(invited))
) STRICT;

CREATE TABLE survey_participants (
    survey INTEGER NOT NULL REFERENCES surveys (id),
    user TEXT NOT NULL,
    PRIMARY KEY (survey, user)
) STRICT, WITHOUT ROWID;

-- A random key and no time: nothing here joins an answer to who gave it, nor to when.
CREATE TABLE survey_answers (
    survey INTEGER NOT NULL REFERENCES surveys (id),
    nonce TEXT NOT NULL,
    answers TEXT NOT NULL CHECK (json_valid(answers)),
    PRIMARY KEY (survey, nonce)
) STRICT, WITHOUT ROWID;

CREATE TABLE privacy_reviews (
    dataset_hash TEXT PRIMARY KEY,
    by TEXT NOT NULL,
    checklist TEXT NOT NULL CHECK (json_valid(checklist)),
    at TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE discipline_targets (
    discipline TEXT PRIMARY KEY,
    people INTEGER NOT NULL CHECK (people > 0)
) STRICT, WITHOUT ROWID;

-- Money.
CREATE TABLE budgets (
    of TEXT PRIMARY KEY,
    amount REAL NOT NULL CHECK (amount > 0),
    set_by TEXT NOT NULL,
    set_at TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE approvals (
    plan INTEGER PRIMARY KEY REFERENCES plans (id),
    asked_at TEXT NOT NULL,
    by TEXT,
    approved INTEGER,
    decided_at TEXT
) STRICT;
CREATE INDEX runs_by_end ON runs (ended_at);

-- How often a model gave a label: neither the text nor who asked.
CREATE TABLE answer_counts (
    minute TEXT NOT NULL,
    alias TEXT NOT NULL,
    model INTEGER NOT NULL,
    label TEXT NOT NULL,
    sure INTEGER NOT NULL,
    n INTEGER NOT NULL,
    PRIMARY KEY (minute, alias, model, label, sure)
) STRICT, WITHOUT ROWID
"""


M003 = """
-- Corrections: a person's "that's wrong", redacted, until a data set's owner decides.
CREATE TABLE corrections (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    key TEXT NOT NULL UNIQUE,
    alias TEXT NOT NULL,
    model INTEGER NOT NULL REFERENCES models (id),
    dataset TEXT NOT NULL,
    text TEXT NOT NULL,
    told TEXT NOT NULL,
    label TEXT NOT NULL,
    by TEXT NOT NULL,
    at TEXT NOT NULL,
    state TEXT NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'accepted', 'rejected')),
    decided_by TEXT,
    decided_at TEXT,
    used_in TEXT,
    keep_until TEXT NOT NULL
) STRICT;
CREATE INDEX corrections_by_dataset ON corrections (dataset, state);
CREATE INDEX corrections_by_person ON corrections (by);

-- A candidate that answers silently beside the model that serves: counts, never texts.
CREATE TABLE shadows (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    alias TEXT NOT NULL,
    model INTEGER NOT NULL REFERENCES models (id),
    serving INTEGER NOT NULL REFERENCES models (id),
    share REAL NOT NULL CHECK (share > 0 AND share <= 1),
    started_by TEXT NOT NULL,
    channel TEXT NOT NULL,
    started_at TEXT NOT NULL,
    ended_at TEXT,
    serving_ms REAL NOT NULL DEFAULT 0,
    candidate_ms REAL NOT NULL DEFAULT 0
) STRICT;
CREATE UNIQUE INDEX shadows_open ON shadows (alias) WHERE ended_at IS NULL;
CREATE INDEX shadows_by_model ON shadows (model);

CREATE TABLE shadow_counts (
    shadow INTEGER NOT NULL REFERENCES shadows (id),
    told TEXT NOT NULL,
    would_tell TEXT NOT NULL,
    n INTEGER NOT NULL,
    PRIMARY KEY (shadow, told, would_tell)
) STRICT, WITHOUT ROWID;

-- Monitors: a watch over a channel, a feed or a stream.
CREATE TABLE monitors (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    key TEXT NOT NULL UNIQUE,
    kind TEXT NOT NULL CHECK (kind IN ('channel', 'feed', 'csv')),
    source TEXT NOT NULL,
    topics TEXT,
    alias TEXT NOT NULL,
    alarms_a_month REAL NOT NULL CHECK (alarms_a_month > 0),
    channel TEXT NOT NULL,
    created_by TEXT NOT NULL,
    created_at TEXT NOT NULL,
    cursor TEXT,
    read_at TEXT,
    failures INTEGER NOT NULL DEFAULT 0,
    trouble TEXT,
    trouble_since TEXT,
    stopped_by TEXT,
    stopped_at TEXT
) STRICT;
CREATE INDEX monitors_open ON monitors (kind, source) WHERE stopped_at IS NULL;

CREATE TABLE monitored (
    monitor INTEGER NOT NULL REFERENCES monitors (id),
    key TEXT NOT NULL,
    at TEXT NOT NULL,
    topic TEXT NOT NULL,
    label TEXT NOT NULL,
    confidence REAL NOT NULL,
    text TEXT NOT NULL,
    link TEXT,
    author TEXT,
    keep_until TEXT NOT NULL,
    PRIMARY KEY (monitor, key)
) STRICT, WITHOUT ROWID;
CREATE INDEX monitored_by_time ON monitored (monitor, at);
CREATE INDEX monitored_by_author ON monitored (author) WHERE author IS NOT NULL;
CREATE INDEX monitored_by_retention ON monitored (keep_until);

CREATE TABLE series (
    monitor INTEGER NOT NULL REFERENCES monitors (id),
    hour TEXT NOT NULL,
    topic TEXT NOT NULL,
    label TEXT NOT NULL,
    n INTEGER NOT NULL,
    PRIMARY KEY (monitor, hour, topic, label)
) STRICT, WITHOUT ROWID;

CREATE TABLE alerts (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    monitor INTEGER NOT NULL REFERENCES monitors (id),
    topic TEXT NOT NULL,
    began_at TEXT NOT NULL,
    raised_at TEXT NOT NULL,
    negatives INTEGER NOT NULL,
    texts INTEGER NOT NULL,
    expected REAL NOT NULL,
    drivers TEXT NOT NULL CHECK (json_valid(drivers)),
    ended_at TEXT,
    state TEXT NOT NULL DEFAULT 'open'
        CHECK (state IN ('open', 'acknowledged', 'snoozed', 'false')),
    decided_by TEXT,
    decided_at TEXT,
    snoozed_until TEXT
) STRICT;
CREATE INDEX alerts_by_monitor ON alerts (monitor, id);
CREATE UNIQUE INDEX alerts_lasting ON alerts (monitor, topic) WHERE ended_at IS NULL;

-- What was told once of a model's inputs that left its training data behind.
CREATE TABLE drifts (
    monitor INTEGER NOT NULL REFERENCES monitors (id),
    model INTEGER NOT NULL REFERENCES models (id),
    told_at TEXT NOT NULL,
    PRIMARY KEY (monitor, model)
) STRICT, WITHOUT ROWID
"""


M004 = """
ALTER TABLE models ADD COLUMN task TEXT NOT NULL DEFAULT 'classification';

-- What people ask of a job while it runs: the worker tells the run.
ALTER TABLE jobs ADD COLUMN paused_by TEXT;
ALTER TABLE jobs ADD COLUMN extra_epochs INTEGER NOT NULL DEFAULT 0;
ALTER TABLE jobs ADD COLUMN saves_wanted INTEGER NOT NULL DEFAULT 0;

-- Questions of /ask that found no answer, or one that somebody judged: redacted.
CREATE TABLE questions (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    key TEXT NOT NULL UNIQUE,
    alias TEXT NOT NULL,
    model INTEGER NOT NULL REFERENCES models (id),
    dataset TEXT NOT NULL,
    question TEXT NOT NULL,
    by TEXT NOT NULL,
    at TEXT NOT NULL,
    outcome TEXT NOT NULL CHECK (outcome IN ('unanswered', 'routed', 'helped', 'wrong')),
    answer_row INTEGER,
    answered_by TEXT,
    answered_at TEXT,
    keep_until TEXT NOT NULL
) STRICT;
CREATE INDEX questions_open ON questions (dataset, at)
    WHERE answered_at IS NULL AND outcome IN ('unanswered', 'routed');
CREATE INDEX questions_by_person ON questions (by);

-- Channels in which a model that writes answers `@coach`.
CREATE TABLE chats (
    channel TEXT PRIMARY KEY,
    alias TEXT NOT NULL,
    chosen_by TEXT NOT NULL,
    chosen_at TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- Mentions that it answers: where each stands, never what it says; kept for a day.
CREATE TABLE written (
    key TEXT PRIMARY KEY,
    channel TEXT NOT NULL,
    thread_ts TEXT NOT NULL,
    ts TEXT NOT NULL,
    user TEXT NOT NULL,
    at TEXT NOT NULL,
    model INTEGER,
    answered_at TEXT
) STRICT, WITHOUT ROWID;
CREATE INDEX written_by_time ON written (at);
CREATE INDEX written_waiting ON written (at) WHERE answered_at IS NULL;

-- What a person is called in data sets made of what the team learnt: without this row, nothing
-- leads from there to them.
CREATE TABLE pseudonyms (
    user TEXT PRIMARY KEY,
    name TEXT NOT NULL UNIQUE
) STRICT, WITHOUT ROWID;

-- How a promoted recommendation model did on completions that it was not trained on.
ALTER TABLE rankings ADD COLUMN model INTEGER;
ALTER TABLE rankings ADD COLUMN model_tried INTEGER NOT NULL DEFAULT 0;
ALTER TABLE rankings ADD COLUMN model_hits INTEGER NOT NULL DEFAULT 0;
ALTER TABLE rankings ADD COLUMN order_hits INTEGER NOT NULL DEFAULT 0;
ALTER TABLE rankings ADD COLUMN model_better INTEGER NOT NULL DEFAULT 0;

-- Rows whose label is suspected to be wrong, until the data set's owner has looked at them.
CREATE TABLE suspects (
    dataset_hash TEXT NOT NULL,
    row INTEGER NOT NULL,
    text_hash TEXT NOT NULL,
    given TEXT NOT NULL,
    suggested TEXT NOT NULL,
    confidence REAL NOT NULL,
    decision TEXT CHECK (decision IN ('kept', 'relabelled')),
    decided_by TEXT,
    decided_at TEXT,
    PRIMARY KEY (dataset_hash, row)
) STRICT, WITHOUT ROWID
"""


@MIGRATIONS(name="m001_the_main_line")
def m001_the_main_line(db: Database) -> None:
    for statement in M001.split(";\n"):
        db.execute(statement)


@MIGRATIONS(name="m002_the_team")
def m002_the_team(db: Database) -> None:
    for statement in M002.split(";\n"):
        db.execute(statement)


@MIGRATIONS(name="m003_answers")
def m003_answers(db: Database) -> None:
    for statement in M003.split(";\n"):
        db.execute(statement)


@MIGRATIONS(name="m004_every_way_of_training")
def m004_every_way_of_training(db: Database) -> None:
    for statement in M004.split(";\n"):
        db.execute(statement)
