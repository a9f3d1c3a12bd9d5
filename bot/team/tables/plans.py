"""Learning plans as a table: who was given what, by when, and what came of it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import cast, get_args

from sqlite_utils import Database

from bot.language import mark
from bot.team.tables import cells
from bot.team.tables.table import Column, Row, Table
from storage import learning, members, resources
from storage.talent import Assignment, Track

EVIDENCE_OF_NOTHING = mark("only what is done has evidence.")


def rows(db: Database) -> list[Row]:
    """Give the newest assignment of each resource to each member."""
    return [_row(one) for one in _newest(db).values()]


def write(db: Database, row: Row, before: Row | None, by: str, now: datetime) -> None:
    """Change an open assignment; in place of one that has ended a new one is given."""
    resource = resources.find(db, row["resource"])
    if resource is None:
        raise KeyError(row["resource"])  # read from a file: it was known then
    known = _newest(db).get((row["user"], row["resource"]))
    due_on = date.fromisoformat(row["due_on"]) if row["due_on"] else None
    if before and known and before["state"] == "open" and before["track"] == row["track"]:
        number = known.id
        if before["due_on"] != row["due_on"]:
            learning.set_due(db, number, due_on, by=by, now=now)
    else:
        if known and known.state == "open":
            learning.drop(db, known.id, by=by, now=now)
        track = cast("Track", row["track"])
        made = learning.assign(
            db, row["user"], resource.id, track=track, due_on=due_on, by=by, now=now
        )
        number = made.id if made else 0
    if row["state"] == "done":
        learning.finish(db, number, by=by, evidence=row["evidence"] or None, now=now)
    elif row["state"] == "dropped":
        learning.drop(db, number, by=by, now=now)


def find_fault(row: Row) -> tuple[str, str] | None:
    if row.get("evidence") and row.get("state") != "done":
        return "evidence", EVIDENCE_OF_NOTHING
    return None


def _newest(db: Database) -> Mapping[tuple[str, str], Assignment]:
    people = {member.user for member in members.all_active(db)}
    given = [one for one in learning.everyone(db) if one.user in people]
    return {(one.user, one.title): one for one in given}


def _row(one: Assignment) -> Row:
    return {
        "user": one.user,
        "resource": one.title,
        "track": one.track,
        "due_on": one.due_on or "",
        "state": one.state,
        "evidence": one.evidence or "",
    }


TABLE = Table(
    name="plans",
    columns=(
        Column("user", cells.member),
        Column("resource", cells.resource),
        Column("track", cells.choice(get_args(Track)), "technical"),
        Column("due_on", cells.day),
        Column("state", cells.choice(("open", "done", "dropped")), "open"),
        Column("evidence", cells.text(1000)),
    ),
    key=("user", "resource"),
    rows=rows,
    write=write,
    private=True,
    find_fault=find_fault,
)
