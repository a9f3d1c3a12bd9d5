"""What is kept about one person, table by table, and which versions and models hold their corrections."""

from __future__ import annotations

import json
from collections.abc import Iterable

from sqlite_utils import Database

from storage.records import Dataset, Json, Model, read

# Table -> the condition that finds a person's rows; `:user` is their id.
WHOSE = {
    "members": "user = :user",
    "leaves": "user = :user",
    "roles": "user = :user",
    "corrections": "by = :user",
    "monitored": "author = :user",
    "jobs": "requested_by = :user",
    "plans": "requested_by = :user",
    "datasets": "added_by = :user",
    "models": "created_by = :user",
    "promotions": "by = :user",
    "questions": "by = :user",
    "chats": "chosen_by = :user",
    "written": "user = :user",
    "suspects": "decided_by = :user",
    "shadows": "started_by = :user",
    "monitors": "created_by = :user",
    "alerts": "decided_by = :user",
    "approvals": "by = :user",
    "budgets": "set_by = :user OR of = :user",
    "privacy_reviews": "by = :user",
    "schedules": "created_by = :user",
    "member_skills": "user = :user",
    "skills": "added_by = :user",
    "resources": "added_by = :user",
    "resource_marks": "user = :user",
    "recommendations": "user = :user",
    "pseudonyms": "user = :user",
    "learning_plans": "user = :user",
    "assignments": "user = :user",
    "sessions": "organiser = :user OR host = :user",
    "occurrences": "host = :user",
    "attendance": "user = :user",
    "pair_members": "user = :user",
    "pair_blocks": "user = :user",  # whom they don't want to meet; never who doesn't want them
    "interviews": "interviewer = :user",
    "candidates": "owner = :user",
    "thanks": ":user IN (sender, receiver)",
    "surveys": "asked_by = :user",
    "survey_participants": "user = :user",  # that they took part; nothing leads to their answers
    "nudges": "member = :user",
    "responses": "member = :user",
    "deliveries": "channel = :user OR user = :user",
    "audit": "by = :user OR subject = '<@' || :user || '>'",
}
# What these tables give of a row: the rest is about others, or is the message itself.
COLUMNS = {
    "interviews": "id, starts_at, submitted_at, cancelled_at",
    "candidates": "id, stage, added_at",
    "deliveries": "id, key, kind, state, due_at",
    "surveys": "id, title, opened_at, closes_at",
    "monitors": "id, kind, source, alias, created_at, stopped_at",
}
NOBODYS = frozenset(
    {"runs", "events", "hosts", "requests", "channels", "workday_overrides", "encoders", "vectors"}
    | {"rankings", "resource_skills", "session_skills", "pairs", "pair_rounds", "survey_answers"}
    | {"discipline_targets", "answer_counts", "shadow_counts", "series", "drifts"}
)
# What is of no use to anybody when its person has left.
GO_WITH_THEM = (
    "member_skills",
    "resource_marks",
    "recommendations",
    "pseudonyms",
    "pair_blocks",
    "nudges",
    "responses",
)


def counts(db: Database, user: str) -> dict[str, int]:
    """Count a person's rows by table; tables without any are left out."""
    found = {table: _select(db, "count(*) AS n", table, user) for table in WHOSE}
    return {table: row["n"] for table, (row,) in found.items() if row["n"]}


def rows(db: Database, user: str) -> dict[str, list[Json]]:
    """Give a person's rows by table, as they are stored; tables without any are left out."""
    found = {table: _select(db, COLUMNS.get(table, "*"), table, user) for table in WHOSE}
    return {table: rows for table, rows in found.items() if rows}


def holding(db: Database, versions: Iterable[str]) -> list[Dataset]:
    """List the versions that rows of these hashes went into: the later ones build on them."""
    found = db.query(
        """
        SELECT DISTINCT later.* FROM datasets JOIN datasets later
            ON later.name = datasets.name AND later.version >= datasets.version
        WHERE datasets.hash IN (SELECT value FROM json_each(?)) ORDER BY later.name, later.version
        """,
        (json.dumps(list(versions)),),
    )
    return [read(Dataset, row) for row in found]


def trained_on(db: Database, versions: Iterable[str]) -> list[Model]:
    """List the models that were trained on any of these versions."""
    found = db.query(
        """
        SELECT * FROM models WHERE dataset_hash IN (SELECT value FROM json_each(?)) ORDER BY id
        """,
        (json.dumps(list(versions)),),
    )
    return [read(Model, row) for row in found]


def forget_who_left(db: Database, user: str) -> int:
    """Delete what only served somebody who has left; gives how many rows that were."""
    return sum(
        db.execute(f"DELETE FROM {table} WHERE {WHOSE[table]}", {"user": user}).rowcount  # noqa: S608 - ours alone
        for table in GO_WITH_THEM
    )


def _select(db: Database, columns: str, table: str, user: str) -> list[Json]:
    sql = f"SELECT {columns} FROM {table} WHERE {WHOSE[table]}"  # noqa: S608 - ours alone
    return list(db.query(sql, {"user": user}))
