"""Questions of /ask: kept redacted where none answered them or somebody judged the answer."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Literal

from sqlite_utils import Database

from storage import audit
from storage.answering import Question
from storage.database import immediate
from storage.records import read, text

Outcome = Literal["unanswered", "helped", "wrong"]
OPEN = "answered_at IS NULL AND outcome IN ('unanswered', 'routed')"
EMPTIED = "UPDATE deliveries SET body = '{}' WHERE state NOT IN ('due', 'claimed')"


def message_keys(number: int) -> tuple[str, str]:
    """Name the deliveries of a question: to the owner of the data set, and back to its asker."""
    return f"ask:{number}", f"ask:{number}:answer"


def add(
    db: Database,
    *,
    key: str,
    alias: str,
    model: int,
    dataset: str,
    redacted: str,
    outcome: Outcome,
    by: str,
    now: datetime,
    keep_until: datetime,
    answer_row: int | None = None,
) -> Question:
    """Keep a question under its key; the same key again changes what was thought of its answer."""
    with immediate(db):
        db.execute(
            """
            INSERT INTO questions (key, alias, model, dataset, question, by, at, outcome,
                                   answer_row, keep_until)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
            ON CONFLICT (key) DO UPDATE SET outcome = excluded.outcome
            WHERE outcome IN ('helped', 'wrong')
            """,
            (
                key,
                alias,
                model,
                dataset,
                redacted,
                by,
                text(now),
                outcome,
                answer_row,
                text(keep_until),
            ),
        )
        return next(_where(db, "key = ?", key))


def get(db: Database, number: int) -> Question | None:
    return next(_where(db, "id = ?", number), None)


def open_of(db: Database, datasets: Sequence[str] | None = None) -> list[Question]:
    """List what waits for an answer, of some data sets or of all, oldest first."""
    among = "(?1 IS NULL OR dataset IN (SELECT value FROM json_each(?1)))"
    condition = f"{OPEN} AND {among} ORDER BY at, id"
    return list(_where(db, condition, None if datasets is None else json.dumps(list(datasets))))


def route(db: Database, number: int, *, by: str, to: str, now: datetime) -> bool:
    """Pass a question on to somebody as its asker wishes; False where it isn't theirs or open."""
    with immediate(db):
        done = db.execute(
            f"UPDATE questions SET outcome = 'routed' WHERE id = ? AND by = ? AND {OPEN}",  # noqa: S608 - ours alone
            (number, by),
        )
        if done.rowcount:
            subject = f"question {number}"
            audit.note(db, by=by, action="ask route", subject=subject, after=f"<@{to}>", now=now)
        return bool(done.rowcount)


def answered(db: Database, numbers: Sequence[int], *, by: str, now: datetime) -> list[Question]:
    """Note that somebody answered questions; gives those that were still open."""
    with immediate(db):
        rows = db.query(
            f"""
            UPDATE questions SET answered_by = ?, answered_at = ?
            WHERE {OPEN} AND id IN (SELECT value FROM json_each(?)) RETURNING *
            """,  # noqa: S608 - ours alone
            (by, text(now), json.dumps(list(numbers))),
        )
        done = sorted((read(Question, row) for row in rows), key=lambda one: one.id)
        for one in done:
            audit.note(db, by=by, action="ask answer", subject=f"question {one.id}", now=now)
        return done


def withdraw(db: Database, number: int, *, by: str) -> bool:
    """Delete a question for its asker; False where it was passed on, answered or is another's."""
    done = db.execute(
        "DELETE FROM questions WHERE id = ? AND by = ? AND outcome = 'unanswered' "
        "AND answered_at IS NULL",
        (number, by),
    )
    return bool(done.rowcount)


def forget_old(db: Database, *, now: datetime) -> int:
    """Delete the questions whose time is over; gives how many those were."""
    return _forget(db, _where(db, "keep_until <= ?", text(now)))


def forget_person(db: Database, user: str, *, by: str, now: datetime) -> int:
    """Delete all questions of a person; gives how many those were."""
    with immediate(db):
        gone = _forget(db, _where(db, "by = ?", user))
        if gone:
            told = {"subject": f"<@{user}>", "before": f"{gone} questions"}
            audit.note(db, by=by, action="privacy forget", now=now, **told)
        return gone


def _forget(db: Database, found: Iterator[Question]) -> int:
    """Delete questions, and empty the messages that quote them; one that waits to go does not."""
    numbers = [one.id for one in found]
    keys = [key for number in numbers for key in message_keys(number)]
    with immediate(db):
        for fate in ("DELETE FROM deliveries WHERE state = 'due'", EMPTIED):
            sql = f"{fate} AND key IN (SELECT value FROM json_each(?))"  # noqa: S608 - ours alone
            db.execute(sql, (json.dumps(keys),))
        sql = "DELETE FROM questions WHERE id IN (SELECT value FROM json_each(?))"
        db.execute(sql, (json.dumps(numbers),))
    return len(numbers)


def _where(db: Database, condition: str, *values: str | int | None) -> Iterator[Question]:
    rows = db.query(f"SELECT * FROM questions WHERE {condition}", values)  # noqa: S608 - ours alone
    return (read(Question, row) for row in rows)
