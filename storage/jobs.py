"""The queue: jobs from the request to their one final state."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime

from sqlite_utils import Database

from storage import audit
from storage.database import immediate
from storage.records import Job, JobState, Json, read, text

# Priority first; within one, people take turns: whoever has fewer jobs started or ahead is next,
# so that fifty jobs of one person don't hold up another's first. Then age. The indexes are named
# because the planner would rather scan all finished jobs in the order of another one.
_QUEUE = """
    WITH started AS (
        SELECT kind, requested_by, count(*) AS jobs FROM jobs INDEXED BY jobs_running
        WHERE state = 'running' GROUP BY kind, requested_by
    ), turns AS (
        SELECT id, priority, coalesce(started.jobs, 0) + row_number() OVER (
            PARTITION BY kind, requested_by ORDER BY priority DESC, id) AS turn
        FROM jobs INDEXED BY jobs_queued LEFT JOIN started USING (kind, requested_by)
        WHERE state = 'queued' AND paused_by IS NULL ORDER BY priority DESC, turn, id LIMIT ?
    )
    SELECT jobs.* FROM turns JOIN jobs USING (id)
    ORDER BY turns.priority DESC, turn, id
"""
_OPEN = """
    SELECT id FROM jobs INDEXED BY jobs_queued WHERE state = 'queued'
    UNION ALL SELECT id FROM jobs INDEXED BY jobs_running WHERE state = 'running'
"""


def enqueue(
    db: Database,
    *,
    key: str,
    work: Json,
    requested_by: str,
    channel: str,
    now: datetime,
    priority: int = 0,
    retry_of: int | None = None,
    thread_ts: str | None = None,
) -> Job:
    """Queue work under its request's key; the same key gives the job that it made before."""
    with immediate(db):
        if (known := by_key(db, key)) is not None:
            return known
        db.execute(
            """
            INSERT INTO jobs (key, kind, state, work, priority, requested_by, channel,
                              created_at, retry_of, thread_ts)
            VALUES (?, ?, 'queued', ?, ?, ?, ?, ?, ?, ?)
            """,
            (
                key,
                work["kind"],
                json.dumps(work, ensure_ascii=False),
                priority,
                requested_by,
                channel,
                text(now),
                retry_of,
                thread_ts,
            ),
        )
        return next(_where(db, "key = ?", key))


def get(db: Database, number: int) -> Job | None:
    return next(_where(db, "id = ?", number), None)


def by_key(db: Database, key: str) -> Job | None:
    return next(_where(db, "key = ?", key), None)


def queued(db: Database, *, limit: int = 1000) -> list[Job]:
    """List waiting jobs in the order they start: priority, turn of the person, age."""
    return [read(Job, row) for row in db.query(_QUEUE, (limit,))]


def running(db: Database) -> list[Job]:
    return list(_where(db, "state = 'running' ORDER BY id"))


def paused(db: Database) -> list[Job]:
    """List the jobs that wait until somebody resumes them."""
    return list(_where(db, "state = 'queued' AND paused_by IS NOT NULL ORDER BY id"))


def recent(db: Database, *, kind: str = "train", limit: int = 10) -> list[Job]:
    """List the newest jobs of a kind, newest first."""
    # The plus keeps the planner from sorting all jobs of the kind by an index on it.
    return list(_where(db, "+kind = ? ORDER BY id DESC LIMIT ?", kind, limit))


def succeeded(db: Database, *, kind: str = "train", limit: int = 50) -> list[Job]:
    """List the newest successes, for estimates."""
    condition = "kind = ? AND state = 'succeeded' ORDER BY ended_at DESC LIMIT ?"
    return list(_where(db, condition, kind, limit))


def ended_between(
    db: Database, start: datetime, end: datetime, *, kind: str = "train"
) -> list[Job]:
    """List the jobs of a kind that ended after `start` and up to `end`, oldest first."""
    condition = """
        kind = ? AND state IN ('succeeded', 'failed', 'cancelled')
        AND ended_at > ? AND ended_at <= ? ORDER BY ended_at
    """
    return list(_where(db, condition, kind, text(start), text(end)))


def newest_encoder(db: Database, base_model: str) -> Job | None:
    """Find the last job that makes, made or could not make an encoder of a base model."""
    condition = """
        kind = 'encoder' AND json_extract(work, '$.base_model') = ? ORDER BY id DESC LIMIT 1
    """
    return next(_where(db, condition, base_model), None)


def to_announce(db: Database, *, after: datetime) -> list[Job]:
    """List jobs that are not final, and those that ended after a time without a word about it.

    The word is the delivery `job:<id>:a<attempt>:final`. Encoders are made without one.
    """
    condition = f"""
        id IN ({_OPEN} UNION ALL SELECT id FROM jobs
            WHERE kind IN ('train', 'intake', 'bulk') AND state IN ('succeeded', 'failed', 'cancelled')
            AND ended_at > ? AND NOT EXISTS (
                SELECT 1 FROM deliveries
                WHERE key = 'job:' || jobs.id || ':a' || jobs.attempt || ':final'))
        AND kind != 'encoder' ORDER BY id
    """  # noqa: S608 - ours alone
    return list(_where(db, condition, text(after)))


def needing(db: Database, dataset_hash: str) -> list[Job]:
    """List the jobs, not final yet, that train on a data set or correct it."""
    condition = f"""
        id IN ({_OPEN}) AND ? IN (json_extract(work, '$.dataset_hash'),
                                  json_extract(work, '$.corrects.dataset_hash')) ORDER BY id
    """
    return list(_where(db, condition, dataset_hash))


def claim(db: Database, number: int, *, slot: str, now: datetime) -> Job | None:
    """Start the next attempt of a queued job in a slot; None where another was quicker."""
    with immediate(db):
        rows = db.query(
            """
            UPDATE jobs SET state = 'running', attempt = attempt + 1, started_at = ?,
                            ended_at = NULL, failure = NULL, result = NULL, waits_for = NULL
            WHERE id = ? AND state = 'queued' AND cancel_requested_by IS NULL
            AND paused_by IS NULL RETURNING *
            """,
            (text(now), number),
        )
        job = next((read(Job, row) for row in rows), None)
        if job is not None:
            db.execute(
                """
                INSERT INTO runs (job, attempt, state, slot, started_at, heartbeat_at)
                VALUES (?, ?, 'running', ?, ?, ?)
                """,
                (job.id, job.attempt, slot, text(now), text(now)),
            )
        return job


def explain_wait(db: Database, number: int, reason: str) -> None:
    """Note why a queued job does not start yet; nothing is written while the reason stays."""
    db.execute(
        "UPDATE jobs SET waits_for = ? WHERE id = ? AND state = 'queued' AND waits_for IS NOT ?",
        (reason, number, reason),
    )


def finish(
    db: Database,
    number: int,
    *,
    attempt: int,
    state: JobState,
    now: datetime,
    failure: Json | None = None,
    result: Json | None = None,
    model: int | None = None,
) -> bool:
    """Write the final state of an attempt; False where it is fenced off (not the running one)."""
    with immediate(db):
        done = db.execute(
            """
            UPDATE jobs SET state = ?, ended_at = ?, failure = ?, result = ?, model = ?
            WHERE id = ? AND attempt = ? AND state = 'running'
            """,
            (state, text(now), _json(failure), _json(result), model, number, attempt),
        )
        if done.rowcount:
            _end_run(db, number, attempt=attempt, state=state, now=now)
        return bool(done.rowcount)


def requeue(db: Database, number: int, *, attempt: int, now: datetime, state: str = "lost") -> bool:
    """Put a job whose attempt was lost, or paused, in the queue, to go on from its checkpoint."""
    with immediate(db):
        done = db.execute(
            "UPDATE jobs SET state = 'queued' WHERE id = ? AND attempt = ? AND state = 'running'",
            (number, attempt),
        )
        if done.rowcount:
            _end_run(db, number, attempt=attempt, state=state, now=now)
        return bool(done.rowcount)


def request_cancel(db: Database, number: int, *, by: str, now: datetime) -> Job | None:
    """Cancel a queued job at once; ask a running one to stop. Gives the job after that."""
    with immediate(db):
        asked = db.execute(
            """
            UPDATE jobs SET cancel_requested_by = ?
            WHERE id = ? AND state IN ('queued', 'running') AND cancel_requested_by IS NULL
            """,
            (by, number),
        )
        if asked.rowcount:
            audit.note(db, by=by, action="cancel", subject=f"job {number}", now=now)
        db.execute(
            "UPDATE jobs SET state = 'cancelled', ended_at = ? WHERE id = ? AND state = 'queued'",
            (text(now), number),
        )
        return get(db, number)


def pause(db: Database, number: int, *, by: str, now: datetime) -> bool:
    """Let an open job wait until it is resumed; False where it is paused or ending already."""
    sql = """
        UPDATE jobs SET paused_by = ? WHERE id = ? AND state IN ('queued', 'running')
        AND paused_by IS NULL AND cancel_requested_by IS NULL
    """
    return _change(db, number, sql, (by, number), action="pause", by=by, now=now)


def resume(db: Database, number: int, *, by: str, now: datetime) -> bool:
    """Let a paused job go on; False where it is not paused."""
    sql = """
        UPDATE jobs SET paused_by = NULL WHERE id = ? AND state IN ('queued', 'running')
        AND paused_by IS NOT NULL
    """
    return _change(db, number, sql, (number,), action="resume", by=by, now=now)


def ask_for_save(db: Database, number: int, *, by: str, now: datetime) -> bool:
    """Ask a running job for a checkpoint; False where it doesn't run."""
    sql = "UPDATE jobs SET saves_wanted = saves_wanted + 1 WHERE id = ? AND state = 'running'"
    return _change(db, number, sql, (number,), action="save", by=by, now=now)


def extend(db: Database, number: int, *, epochs: int, seen: int, by: str, now: datetime) -> bool:
    """Give an open job more epochs, if it has no more yet than the person had `seen`.

    Whoever presses twice has seen the same both times: the epochs are added once.
    """
    sql = """
        UPDATE jobs SET extra_epochs = extra_epochs + ?
        WHERE id = ? AND state IN ('queued', 'running') AND extra_epochs = ?
    """
    values = (epochs, number, seen)
    return _change(db, number, sql, values, action="extend", after=epochs, by=by, now=now)


def _change(
    db: Database,
    number: int,
    sql: str,
    values: tuple[str | int, ...],
    *,
    action: str,
    by: str,
    now: datetime,
    after: int | None = None,
) -> bool:
    """Change a job as a person asked, and keep that they did; False where it didn't apply."""
    with immediate(db):
        done = db.execute(sql, values)
        if done.rowcount:
            subject = f"job {number}"
            audit.note(db, by=by, action=action, subject=subject, after=after, now=now)
        return bool(done.rowcount)


def retry(db: Database, number: int) -> bool:
    """Queue a failed or cancelled job once more as it is; False where it is neither."""
    with immediate(db):
        done = db.execute(
            """
            UPDATE jobs SET state = 'queued', cancel_requested_by = NULL, paused_by = NULL,
                            ended_at = NULL
            WHERE id = ? AND state IN ('failed', 'cancelled')
            """,
            (number,),
        )
        return bool(done.rowcount)


def position(db: Database, number: int) -> int | None:
    """Tell how many queued training jobs start before this one; None where it is not queued."""
    ids = [job.id for job in queued(db) if job.kind == "train"]
    return ids.index(number) if number in ids else None


def _end_run(db: Database, number: int, *, attempt: int, state: str, now: datetime) -> None:
    db.execute(
        "UPDATE runs SET state = ?, ended_at = ? WHERE job = ? AND attempt = ?",
        (state, text(now), number, attempt),
    )


def _where(db: Database, condition: str, *values: str | int) -> Iterator[Job]:
    rows = db.query(f"SELECT * FROM jobs WHERE {condition}", values)  # noqa: S608 - ours alone
    return (read(Job, row) for row in rows)


def _json(value: Json | None) -> str | None:
    return None if value is None else json.dumps(value, ensure_ascii=False)
