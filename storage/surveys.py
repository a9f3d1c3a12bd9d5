"""Surveys: who took part, and what was answered, with nothing that joins the two."""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterator, Sequence
from datetime import datetime

from sqlite_utils import Database

from storage import audit
from storage.database import immediate
from storage.records import Json, read, text
from storage.talent import Survey

NONCE_BYTES = 16


def start(
    db: Database,
    *,
    title: str,
    questions: Sequence[Json],
    channel: str,
    invited: Sequence[str],
    closes_at: datetime,
    by: str,
    now: datetime,
) -> Survey:
    """Open a survey; `questions` are `{"text", "kind": "scale" | "text"}`."""
    with immediate(db):
        rows = db.query(
            """
            INSERT INTO surveys (title, questions, channel, asked_by, opened_at, closes_at, invited)
            VALUES (?, ?, ?, ?, ?, ?, ?) RETURNING *
            """,
            (
                title,
                json.dumps({"questions": list(questions)}, ensure_ascii=False),
                channel,
                by,
                text(now),
                text(closes_at),
                json.dumps({"users": list(invited)}),
            ),
        )
        started = read(Survey, next(iter(rows)))
        audit.note(db, by=by, action="survey start", subject=f"survey {started.id}", now=now)
        return started


def get(db: Database, number: int) -> Survey | None:
    return next(_where(db, "id = ?", number), None)


def open_surveys(db: Database, now: datetime) -> list[Survey]:
    """List the surveys that can be answered, the first to close first."""
    return list(_where(db, "closes_at > ? ORDER BY closes_at, id", text(now)))


def newest_closed(db: Database, now: datetime) -> Survey | None:
    return next(
        _where(db, "closes_at <= ? ORDER BY closes_at DESC, id DESC LIMIT 1", text(now)), None
    )


def participants(db: Database, survey: int) -> frozenset[str]:
    """Give the people who took part; what they answered can't be found from here."""
    rows = db.query("SELECT user FROM survey_participants WHERE survey = ?", (survey,))
    return frozenset(row["user"] for row in rows)


def answer(db: Database, survey: int, *, user: str, answers: Json, now: datetime) -> bool:
    """Keep that a person took part and, apart from it, the answers.

    False for a second time, or once the survey is closed. Neither is stored with a time or in the
    order they came: both tables are sorted by their keys, and the answers' key is random. The audit
    doesn't hear of it, for it writes times.
    """
    with immediate(db):
        done = db.execute(
            """
            INSERT INTO survey_participants SELECT id, ? FROM surveys WHERE id = ? AND closes_at > ?
            ON CONFLICT DO NOTHING
            """,
            (user, survey, text(now)),
        )
        if done.rowcount:
            db.execute(
                "INSERT INTO survey_answers VALUES (?, ?, ?)",
                (survey, secrets.token_hex(NONCE_BYTES), json.dumps(answers, ensure_ascii=False)),
            )
        return bool(done.rowcount)


def answers(db: Database, survey: int) -> list[Json]:
    """Give all answers in the order of their random keys: `{question's number: answer}`."""
    rows = db.query("SELECT answers FROM survey_answers WHERE survey = ?", (survey,))
    return [json.loads(row["answers"]) for row in rows]


def _where(db: Database, condition: str, *values: str | int) -> Iterator[Survey]:
    rows = db.query(f"SELECT * FROM surveys WHERE {condition}", values)  # noqa: S608 - ours alone
    return (read(Survey, row) for row in rows)
