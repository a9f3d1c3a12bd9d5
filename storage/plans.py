"""Plans: work shown on a card that waits for its person's word."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime

from sqlite_utils import Database

from storage import audit, jobs
from storage.database import immediate
from storage.records import Job, Json, Plan, read, text


def draft(
    db: Database,
    *,
    key: str,
    work: Json,
    priority: int,
    requested_by: str,
    channel: str,
    now: datetime,
    retry_of: int | None = None,
) -> Plan:
    """Keep a plan under its request's key; the same request gives the same plan."""
    with immediate(db):
        db.execute(
            """
            INSERT INTO plans (key, work, priority, requested_by, channel, created_at, retry_of)
            VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (key) DO NOTHING
            """,
            (
                key,
                json.dumps(work, ensure_ascii=False),
                priority,
                requested_by,
                channel,
                text(now),
                retry_of,
            ),
        )
        return next(_where(db, "key = ?", key))


def get(db: Database, number: int) -> Plan | None:
    return next(_where(db, "id = ?", number), None)


def change(db: Database, number: int, *, work: Json, priority: int) -> Plan | None:
    """Replace the work of an open plan; None where it is no longer open."""
    rows = db.query(
        "UPDATE plans SET work = ?, priority = ? WHERE id = ? AND state = 'open' RETURNING *",
        (json.dumps(work, ensure_ascii=False), priority, number),
    )
    return next((read(Plan, row) for row in rows), None)


def drop(db: Database, number: int) -> bool:
    """Cancel an open plan; False where it is no longer open."""
    done = db.execute(
        "UPDATE plans SET state = 'dropped' WHERE id = ? AND state = 'open'", (number,)
    )
    return bool(done.rowcount)


def queue(db: Database, number: int, *, now: datetime) -> Job | None:
    """Make a plan's one job, however often it is asked; None where the plan was dropped."""
    with immediate(db):
        plan = get(db, number)
        if plan is None or plan.state == "dropped":
            return None
        if plan.job is not None:
            return jobs.get(db, plan.job)
        job = _resume(db, plan) or jobs.enqueue(
            db,
            key=f"plan:{plan.id}",
            work=plan.work,
            requested_by=plan.requested_by,
            channel=plan.channel,
            now=now,
            priority=plan.priority,
            retry_of=plan.retry_of,
        )
        db.execute("UPDATE plans SET state = 'queued', job = ? WHERE id = ?", (job.id, plan.id))
        _note(db, plan, job, now=now)
        return job


def find_resumed(db: Database, plan: Plan) -> Job | None:
    """Find the job that a plan retries as it was, so that it goes on from its checkpoint."""
    job = jobs.get(db, plan.retry_of) if plan.retry_of else None
    resumable = job and job.state != "succeeded" and job.work == plan.work
    return job if resumable else None


def _note(db: Database, plan: Plan, job: Job, *, now: datetime) -> None:
    """Keep who retried what as which job, and who let a job start before or after others."""
    by, made = plan.requested_by, f"job {job.id}"
    if plan.retry_of is not None:
        subject = f"job {plan.retry_of}"
        audit.note(db, by=by, action="retry", subject=subject, after=made, now=now)
    if plan.priority:
        audit.note(db, by=by, action="priority", subject=made, after=plan.priority, now=now)


def _resume(db: Database, plan: Plan) -> Job | None:
    if (job := find_resumed(db, plan)) is None:
        return None
    jobs.retry(db, job.id)  # or it is on its way already
    return jobs.get(db, job.id)


def _where(db: Database, condition: str, *values: str | int) -> Iterator[Plan]:
    rows = db.query(f"SELECT * FROM plans WHERE {condition}", values)  # noqa: S608 - ours alone
    return (read(Plan, row) for row in rows)
