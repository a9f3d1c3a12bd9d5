"""Hiring: candidates by code, never by name, their interviews, and who owes a scorecard."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date, datetime

from sqlite_utils import Database

from storage import audit, roles
from storage.database import immediate
from storage.records import read, text
from storage.talent import Candidate, Interview

STAGES = ("sourced", "screen", "interview", "offer", "hired", "rejected", "withdrawn")
CLOSED = frozenset({"hired", "rejected", "withdrawn"})
# No name, e-mail address or phone number can be written in this form.
_CODE = re.compile(r"[A-Z]{1,2}-[0-9]{2,5}")


def is_code(code: str) -> bool:
    """Tell whether a candidate may be called so: one or two capitals, a hyphen, 2-5 digits."""
    return _CODE.fullmatch(code) is not None


def next_code(db: Database) -> str:
    """Suggest a code that was never used, a purged candidate's included."""
    rows = list(db.query("SELECT seq FROM sqlite_sequence WHERE name = 'candidates'"))
    number = 1 + (rows[0]["seq"] if rows else 0)
    while find(db, f"C-{number:03d}"):
        number += 1
    return f"C-{number:03d}"


# --- candidates -----------------------------------------------------------------------------


def candidates(db: Database) -> list[Candidate]:
    return list(_candidates(db, "1 ORDER BY id"))


def find(db: Database, code: str) -> Candidate | None:
    return next(_candidates(db, "code = ?", code.upper()), None)


def to_purge(db: Database, today: date) -> list[Candidate]:
    """List the candidates whose day of deletion has come."""
    return list(_candidates(db, "purge_on <= ? ORDER BY id", today.isoformat()))


def add(
    db: Database,
    *,
    code: str,
    role: str,
    source: str,
    stage: str,
    by: str,
    purge_on: date,
    now: datetime,
) -> Candidate:
    """Keep a candidate, owned by who adds it; a known one stays as it is.

    Raises ValueError for what is no code.
    """
    if not is_code(code):
        raise ValueError("this is no candidate's code")
    with immediate(db):
        known = find(db, code)
        if known is not None:
            return known
        rows = db.query(
            """
            INSERT INTO candidates (code, role, stage, stage_since, source, owner, added_at,
                                    purge_on)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?) RETURNING *
            """,
            (code, role, stage, text(now), source, by, text(now), purge_on.isoformat()),
        )
        added = read(Candidate, next(iter(rows)))
        _note(db, "add", f"candidate {added.id}", by=by, now=now)
        return added


def move(
    db: Database, candidate: Candidate, stage: str, *, by: str, purge_on: date, now: datetime
) -> Candidate:
    """Move a candidate to a stage; what is due for deletion is counted from there."""
    with immediate(db):
        rows = db.query(
            """
            UPDATE candidates SET stage = ?, stage_since = ?, purge_on = ? WHERE id = ?
            RETURNING *
            """,
            (stage, text(now), purge_on.isoformat(), candidate.id),
        )
        moved = read(Candidate, next(iter(rows)))
        _note(
            db,
            "move",
            f"candidate {moved.id}",
            by=by,
            now=now,
            before=candidate.stage,
            after=stage,
        )
        return moved


# --- interviews -----------------------------------------------------------------------------


def interviews(db: Database) -> list[Interview]:
    """List the interviews that were not cancelled, by time."""
    return list(_interviews(db, "cancelled_at IS NULL ORDER BY starts_at, id"))


def interview(db: Database, number: int) -> Interview | None:
    return next(_interviews(db, "id = ?", number), None)


def owed(db: Database, *, now: datetime) -> list[Interview]:
    """List the interviews that ended without a scorecard, oldest first.

    One that was cancelled owes none, nor one of a candidate who is hired, rejected or withdrawn.
    """
    condition = """
        submitted_at IS NULL AND cancelled_at IS NULL AND ends_at <= ?
        AND candidate IN (SELECT code FROM candidates
                          WHERE stage NOT IN ('hired', 'rejected', 'withdrawn'))
        ORDER BY ends_at, id
        """
    return list(_interviews(db, condition, text(now)))


def plan(
    db: Database,
    candidate: Candidate,
    *,
    round_: int,
    interviewer: str,
    starts_at: datetime,
    ends_at: datetime,
    by: str,
    now: datetime,
) -> Interview:
    """Plan an interview of a candidate."""
    with immediate(db):
        rows = db.query(
            """
            INSERT INTO interviews (candidate, round, interviewer, starts_at, ends_at)
            VALUES (?, ?, ?, ?, ?) RETURNING *
            """,
            (candidate.code, round_, interviewer, text(starts_at), text(ends_at)),
        )
        planned = read(Interview, next(iter(rows)))
        _note(db, "add", f"interview {planned.id}", by=by, now=now, after=f"<@{interviewer}>")
        return planned


def score(
    db: Database, number: int, *, technical: int, industry: int, teamwork: int, by: str,
    now: datetime,
) -> None:  # fmt: skip
    """Keep an interview's scores, each 1 to 5; the audit hears that they came, not what they are."""
    with immediate(db):
        known = interview(db, number)
        before = "submitted" if known and known.submitted_at else None
        db.execute(
            """
            UPDATE interviews SET technical = ?, industry = ?, teamwork = ?,
                                  submitted_at = coalesce(submitted_at, ?)
            WHERE id = ?
            """,
            (technical, industry, teamwork, text(now), number),
        )
        after = "changed" if before else "submitted"
        _note(db, "score", f"interview {number}", by=by, now=now, before=before, after=after)


def cancel(db: Database, number: int, *, by: str, now: datetime) -> bool:
    """Cancel an interview; False where it is cancelled or scored."""
    with immediate(db):
        done = db.execute(
            """
            UPDATE interviews SET cancelled_at = ?
            WHERE id = ? AND cancelled_at IS NULL AND submitted_at IS NULL
            """,
            (text(now), number),
        )
        if done.rowcount:
            _note(db, "cancel", f"interview {number}", by=by, now=now, after="cancelled")
        return bool(done.rowcount)


def take_over(db: Database, number: int, *, by: str, now: datetime) -> bool:
    """Make an interview without scores one's own; False where it has scores or is cancelled."""
    with immediate(db):
        known = interview(db, number)
        if known is None or known.submitted_at or known.cancelled_at:
            return False
        db.execute("UPDATE interviews SET interviewer = ? WHERE id = ?", (by, number))
        _note(
            db,
            "take over",
            f"interview {number}",
            by=by,
            now=now,
            before=f"<@{known.interviewer}>",
            after=f"<@{by}>",
        )
        return True


def hand_over(db: Database, leaver: str, *, by: str, now: datetime) -> None:
    """Give what a person who leaves still owes to each candidate's owner.

    Their own candidates go to another of the panel, else to who says that they leave.
    """
    with immediate(db):
        others = [user for user in roles.having(db, "panel") if user != leaver]
        heir = by if by in others or not others else others[0]
        owned = db.execute("UPDATE candidates SET owner = ? WHERE owner = ?", (heir, leaver))
        given = db.execute(
            """
            UPDATE interviews
            SET interviewer = (SELECT owner FROM candidates WHERE code = candidate)
            WHERE interviewer = ? AND submitted_at IS NULL AND cancelled_at IS NULL
            """,
            (leaver,),
        )
        if owned.rowcount or given.rowcount:
            _note(db, "hand over", f"<@{leaver}>", by=by, now=now, after=f"<@{heir}>")


def _note(
    db: Database, verb: str, subject: str, *, by: str, now: datetime, **change: object
) -> None:
    audit.note(db, by=by, action=f"interview {verb}", subject=subject, now=now, **change)


def _candidates(db: Database, condition: str, *values: str) -> Iterator[Candidate]:
    rows = db.query(f"SELECT * FROM candidates WHERE {condition}", values)  # noqa: S608 - ours alone
    return (read(Candidate, row) for row in rows)


def _interviews(db: Database, condition: str, *values: str | int) -> Iterator[Interview]:
    rows = db.query(f"SELECT * FROM interviews WHERE {condition}", values)  # noqa: S608 - ours alone
    return (read(Interview, row) for row in rows)
