"""The scorecard of an interview: three scores, given before anybody else's are seen."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from typing import Any

from sqlite_utils import Database

from bot import blocks
from bot.asking import Asker, Block, Office, RefusalError, Reply
from bot.commands.team import Score
from bot.language import mark, tr
from bot.team.hiring import CRITERIA, require_panel, sees_scores
from bot.team.interviews import find, say_scores
from storage import hiring
from storage.database import immediate, opened
from storage.talent import Interview

SCORES = {
    "1": mark("1: far below what the role needs"),
    "2": mark("2: below"),
    "3": mark("3: meets it"),
    "4": mark("4: above"),
    "5": mark("5: far above"),
}


async def open_form(office: Office, asker: Asker, command: Score) -> None:
    """Open the scorecard of one's own interview."""
    interview = await asyncio.to_thread(_find_own, office, asker, command.number)
    metadata = {"channel": asker.channel, "response_url": asker.response_url or ""}
    view = form(interview, metadata=metadata | {"interview": interview.id})
    await office.client.views_open(trigger_id=asker.trigger_id or "", view=view)


async def press(office: Office, asker: Asker, value: str) -> None:
    await open_form(office, asker, Score(int(value)))


def form(interview: Interview, *, metadata: Mapping[str, Any]) -> Block:
    """Make the form; scores that were given before are chosen in it."""
    about = tr(
        "Interview {number}, {code}, round {round}. You see the others' scores once yours are in.",
        number=interview.id,
        code=interview.candidate,
        round=interview.round,
    )
    offered = {value: tr(words) for value, words in SCORES.items()}
    menus = [
        blocks.field(
            name,
            tr(words),
            blocks.select(name, tr("Choose"), offered, chosen=_given(interview, name)),
        )
        for name, words in CRITERIA.items()
    ]
    shown = [blocks.context(about), *menus]
    title = tr("Scorecard")
    return blocks.modal("interview_score", title, shown, submit=tr("Submit"), metadata=metadata)


def _given(interview: Interview, name: str) -> str | None:
    score = getattr(interview, name)
    return str(score) if score else None


def take_form(office: Office, asker: Asker, values: Mapping[str, Any], metadata: str) -> Reply:
    """Keep the scores, and show the others' of that candidate where none is owed any more."""
    interview = _find_own(office, asker, int(json.loads(metadata)["interview"]))
    scores = {name: int(blocks.typed(values, name)) for name in CRITERIA}
    with opened(office.settings.data_dir) as db, immediate(db):
        hiring.score(db, interview.id, **scores, by=asker.user, now=office.clock())
        others = _others(db, interview)
    done = tr("Your scorecard of interview {number} is in.", number=interview.id)
    seen = [one for one in others if one.submitted_at] if sees_scores(asker.user, others) else []
    lines = map(say_scores, seen)
    return Reply(done, [blocks.section("\n".join([done, *lines]))])


def _others(db: Database, interview: Interview) -> list[Interview]:
    """List the other interviews of a candidate that have scores, or wait for them."""
    same = [one for one in hiring.interviews(db) if one.candidate == interview.candidate]
    return [one for one in same if one.id != interview.id]


def _find_own(office: Office, asker: Asker, number: int) -> Interview:
    require_panel(office, asker)
    with opened(office.settings.data_dir) as db:
        found = find(db, number)
    if found.interviewer != asker.user:
        raise RefusalError(
            tr(
                "Interview {number} is <@{interviewer}>'s to score. The candidate's owner can take "
                "it over from `/team interview list` once it has ended.",
                number=number,
                interviewer=found.interviewer,
            )
        )
    if found.starts_at > office.clock():
        raise RefusalError(
            tr("Interview {number} has not begun. Score it afterwards.", number=number)
        )
    return found
