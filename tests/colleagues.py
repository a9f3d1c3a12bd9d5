"""Factories of the team's records, for tests of what people are reminded of."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from bot.team.facts import Facts
from bot.team.obligations import Obligation, Rank
from storage.failures import FailedRun
from storage.talent import Assignment, Interview, Member, MemberSkill, Occurrence, Resource

MONDAY = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)  # ten in the morning is inside office hours
DAY, HOUR = timedelta(days=1), timedelta(hours=1)


def make_member(user: str = "U1", **changes: Any) -> Member:
    values: dict[str, Any] = {
        "user": user,
        "name": f"Person {user}",
        "kind": "person",
        "zone": "UTC",
        "language": "en",
        "works_from": "09:00",
        "works_to": "18:00",
        "work_days": "MO,TU,WE,TH,FR",
        "joined_at": MONDAY - 400 * DAY,
        "digest_at": "09:00",
    }
    return Member(**values | changes)


def make_facts(*people: Member, **changes: Any) -> Facts:
    """Give facts of a team of U1, U2 and whoever else there is."""
    team = {m.user: m for m in (make_member("U1"), make_member("U2"), *people)}
    return Facts(**{"members": team} | changes)


def make_obligation(key: str = "assignment:1", **changes: Any) -> Obligation:
    values: dict[str, Any] = {
        "key": key,
        "kind": "assignment",
        "rank": Rank.DUE,
        "text": f"The line of {key}.",
        "why": f"The rule of {key}.",
    }
    return Obligation(**values | changes)


def make_assignment(**changes: Any) -> Assignment:
    values: dict[str, Any] = {
        "id": 12,
        "plan": 1,
        "user": "U1",
        "resource": 3,
        "title": "Deep learning <at> scale",
        "track": "technical",
        "owner": "U2",
        "state": "open",
        "assigned_by": "U2",
        "assigned_at": MONDAY - 30 * DAY,
    }
    return Assignment(**values | changes)


def make_interview(**changes: Any) -> Interview:
    values: dict[str, Any] = {
        "id": 7,
        "candidate": "C-014",
        "round": 1,
        "interviewer": "U1",
        "starts_at": MONDAY - 3 * HOUR,
        "ends_at": MONDAY - 2 * HOUR,
    }
    return Interview(**values | changes)


def make_occurrence(**changes: Any) -> Occurrence:
    values: dict[str, Any] = {
        "id": 5,
        "session": 4,
        "kind": "lecture",
        "title": "Evaluation",
        "zone": "UTC",
        "minutes": 60,
        "channel": "C1",
        "organiser": "U2",
        "day": "2026-03-02",
        "starts_at": MONDAY + 5 * HOUR,
        "status": "planned",
    }
    return Occurrence(**values | changes)


def make_resource(**changes: Any) -> Resource:
    values: dict[str, Any] = {
        "id": 3,
        "kind": "article",
        "title": "Smaller steps",
        "minutes": 10,
        "about": "",
        "track": "technical",
        "added_by": "U2",
        "added_at": MONDAY - 90 * DAY,
    }
    return Resource(**values | changes)


def make_held(user: str = "U1", **changes: Any) -> MemberSkill:
    values: dict[str, Any] = {"user": user, "skill": 1, "want": False, "source": "self"}
    return MemberSkill(**values | changes)


def make_failed(job: int, cause: str = "out_of_memory", **changes: Any) -> FailedRun:
    values: dict[str, Any] = {"job": job, "user": "U1", "cause": cause, "at": MONDAY - DAY}
    return FailedRun(**values | changes)
