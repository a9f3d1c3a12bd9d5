"""The rules of hiring: who sees which scores, what differs, what ages, what is no code."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from itertools import groupby

from bot.asking import Asker, Office, RefusalError
from bot.language import mark, tr
from bot.rights import require
from storage import hiring, members
from storage.database import opened
from storage.talent import Candidate, Interview

# Chosen from lists: free text would be where names get in.
ROLES = {
    "algorithm engineer": mark("algorithm engineer"),
    "data scientist": mark("data scientist"),
    "data engineer": mark("data engineer"),
    "platform engineer": mark("platform engineer"),
    "product manager": mark("product manager"),
    "designer": mark("designer"),
    "researcher": mark("researcher"),
    "intern": mark("intern"),
    "other": mark("another role"),
}
SOURCES = {
    "referral": mark("referral"),
    "university": mark("university"),
    "job board": mark("job board"),
    "agency": mark("agency"),
    "community": mark("community or competition"),
    "own site": mark("our own site"),
    "other": mark("another channel"),
}
STAGES = {
    "sourced": mark("sourced"),
    "screen": mark("screen"),
    "interview": mark("interview"),
    "offer": mark("offer"),
    "hired": mark("hired"),
    "rejected": mark("rejected"),
    "withdrawn": mark("withdrawn"),
}
CRITERIA = {
    "technical": mark("Technical skill"),
    "industry": mark("Industry experience"),
    "teamwork": mark("Teamwork"),
}
PATIENCE = {  # how long a candidate may stand at a stage before the panel is told
    "sourced": timedelta(days=14),
    "screen": timedelta(days=7),
    "interview": timedelta(days=10),
    "offer": timedelta(days=5),
}
GAP = 2  # points between two scorecards that the panel should talk about
PHONE_DIGITS = 7


def require_panel(office: Office, asker: Asker) -> None:
    """Raise RefusalError unless the asker is of the hiring panel; guests and bots never are."""
    require(office, asker, "panel")
    with opened(office.settings.data_dir) as db:
        member = members.get(db, asker.user)
    if member is not None and not (member.active and member.kind == "person"):
        raise RefusalError(tr("Hiring is for members of the team; guests take no part in it."))


def read_code(typed: str) -> str:
    """Read a candidate's code; RefusalError says why something is none, without repeating it."""
    code = typed.strip().upper()
    if not hiring.is_code(code):
        raise RefusalError(tr(_fault(code), form=tr(FORM)))
    return code


FORM = mark("a code such as `C-014`: one or two letters, a hyphen, two to five digits")


def _fault(typed: str) -> str:
    if "@" in typed:
        return mark("This looks like an e-mail address, and Coach keeps none: use {form}.")
    if len(re.findall(r"\d", typed)) >= PHONE_DIGITS:
        return mark("This looks like a phone number, and Coach keeps none: use {form}.")
    if not re.search(r"\d", typed):
        return mark("This looks like a name, and Coach keeps no candidate's name: use {form}.")
    return mark("This is no candidate's code: use {form}.")


# --- pure -----------------------------------------------------------------------------------


def sees_scores(viewer: str, interviews: Iterable[Interview]) -> bool:
    """Tell whether someone may see a candidate's scores: nobody who has yet to give their own.

    Whoever knows another's scores first is anchored by them.
    """
    return not any(
        one.interviewer == viewer and one.submitted_at is None and one.cancelled_at is None
        for one in interviews
    )


def differing(interviews: Sequence[Interview]) -> list[str]:
    """Name the criteria in which a candidate's scorecards are two points apart or more.

    Nothing while one that was planned is still to come: it would anchor who has to give it.
    """
    planned = [one for one in interviews if one.cancelled_at is None]
    if any(one.submitted_at is None for one in planned):
        return []
    given = {name: [getattr(one, name) for one in planned] for name in CRITERIA}
    return [name for name, scores in given.items() if scores and max(scores) - min(scores) >= GAP]


def ageing(candidates: Iterable[Candidate], now: datetime) -> list[Candidate]:
    """List the candidates who have stood at their stage for too long, the longest first."""
    late = [
        one
        for one in candidates
        if one.stage in PATIENCE and now - one.stage_since > PATIENCE[one.stage]
    ]
    return sorted(late, key=lambda one: one.stage_since)


def by_candidate(interviews: Iterable[Interview]) -> dict[str, list[Interview]]:
    ordered = sorted(interviews, key=lambda one: (one.candidate, one.starts_at))
    return {code: list(some) for code, some in groupby(ordered, key=lambda one: one.candidate)}
