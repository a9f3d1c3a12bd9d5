"""Interviews as the panel sees them: who comes, who owes a scorecard, which scores are in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlite_utils import Database

from bot import blocks, figures
from bot.asking import Asker, Block, Office, RefusalError, Reply
from bot.commands.team import ListInterviews
from bot.language import mark, tr, trn, use
from bot.team.hiring import (
    CRITERIA,
    ROLES,
    STAGES,
    by_candidate,
    require_panel,
    sees_scores,
)
from storage import deliveries, hiring, members
from storage.database import immediate, opened
from storage.talent import Candidate, Interview

SHOWN = 12  # of a kind, each a block: a message holds fifty
PLANNED = mark("You interview a candidate, {when}. `/team interview list` shows which.")
CANCELLED = mark("Your interview of a candidate is cancelled: {when}.")


@dataclass(frozen=True)
class Panel:
    """What one of the panel looks at."""

    viewer: str
    candidates: Sequence[Candidate]
    interviews: Sequence[Interview]  # that were not cancelled
    owed: Sequence[Interview]
    now: datetime

    def owner_of(self, interview: Interview) -> str:
        return next(one.owner for one in self.candidates if one.code == interview.candidate)


def list_interviews(office: Office, asker: Asker, _: ListInterviews) -> Reply:
    """Show candidates, interviews to come, scorecards owed and the scores one may see."""
    require_panel(office, asker)
    return say(look(office, asker.user))


def look(office: Office, viewer: str) -> Panel:
    now = office.clock()
    with opened(office.settings.data_dir) as db:
        return Panel(
            viewer,
            hiring.candidates(db),
            hiring.interviews(db),
            hiring.owed(db, now=now),
            now,
        )


# --- the list -------------------------------------------------------------------------------


def say(panel: Panel) -> Reply:
    if not panel.candidates:
        return Reply(tr("There is no candidate yet. `/team interview add` adds one."))
    coming = [one for one in panel.interviews if one.ends_at > panel.now]
    hint = tr(
        "`/team interview move` moves a candidate on, `/team interview purge` deletes one; "
        "other people's scores are shown once yours are in."
    )
    shown = [
        *_candidates(panel),
        *_interviews(panel, tr("*To come*"), coming),
        *_interviews(panel, tr("*Scorecards owed*"), panel.owed),
        blocks.context(hint),
    ]
    to_come = trn("{count} interview is to come", "{count} interviews are to come", len(coming))
    owed = trn("{count} scorecard is owed", "{count} scorecards are owed", len(panel.owed))
    return Reply(tr("Hiring: {to_come}, {owed}.", to_come=to_come, owed=owed), shown)


def _candidates(panel: Panel) -> list[Block]:
    held = by_candidate(panel.interviews)
    running = [one for one in panel.candidates if one.stage not in hiring.CLOSED][-SHOWN:]
    closed = [one for one in panel.candidates if one.stage in hiring.CLOSED][-SHOWN:]
    lines = [_say_candidate(panel, one, held.get(one.code, [])) for one in running]
    return [
        *([blocks.section(tr("*Candidates*"))] if lines else []),
        *map(blocks.section, lines),
        *([blocks.context(_say_closed(closed))] if closed else []),
    ]


def _interviews(panel: Panel, title: str, some: Sequence[Interview]) -> list[Block]:
    shown = [_interview(panel, one) for one in some[:SHOWN]]
    return [blocks.section(title), *shown] if shown else []


def _say_closed(closed: Sequence[Candidate]) -> str:
    said = [
        tr(
            "{code} {stage}, deleted on {day}",
            code=one.code,
            stage=tr(STAGES[one.stage]),
            day=one.purge_on,
        )
        for one in closed
    ]
    return tr("Closed: {candidates}", candidates="; ".join(said))


def _say_candidate(panel: Panel, one: Candidate, interviews: Sequence[Interview]) -> str:
    line = tr(
        "*{code}*  {role}, {stage} for {days}, owned by <@{owner}>",
        code=one.code,
        role=tr(ROLES.get(one.role, one.role)),
        stage=tr(STAGES[one.stage]),
        days=figures.duration((panel.now - one.stage_since).total_seconds()),
        owner=one.owner,
    )
    scored = [interview for interview in interviews if interview.submitted_at]
    if not scored or not sees_scores(panel.viewer, interviews):
        return line
    return "\n".join([line, *(f"      {say_scores(interview)}" for interview in scored)])


def say_scores(interview: Interview) -> str:
    """Write a scorecard on a line."""
    scores = ", ".join(f"{tr(words)} {getattr(interview, n)}" for n, words in CRITERIA.items())
    return tr(
        "Round {round}, <@{interviewer}>: {scores}",
        round=interview.round,
        interviewer=interview.interviewer,
        scores=scores,
    )


def _interview(panel: Panel, one: Interview) -> Block:
    """Show an interview with what its reader can do about it."""
    line = tr(
        "*{number}*  {code}, round {round}, <@{interviewer}>, {when}",
        number=one.id,
        code=one.candidate,
        round=one.round,
        interviewer=one.interviewer,
        when=figures.when(one.starts_at),
    )
    return blocks.section(line, accessory=_act(panel, one))


def _act(panel: Panel, one: Interview) -> Block | None:
    mine, ended = one.interviewer == panel.viewer, one.ends_at <= panel.now
    own = panel.owner_of(one) == panel.viewer
    if mine and one.starts_at <= panel.now:
        return blocks.button(tr("Fill in"), "interview_score", str(one.id), style="primary")
    if ended and own:
        return blocks.button(tr("Take it over"), "interview_take_over", str(one.id))
    if mine or own:
        return blocks.button(tr("Cancel it"), "interview_cancel", str(one.id), confirm=_sure())
    return None


def _sure() -> Block:
    said = tr("The interviewer then owes no scorecard.")
    return blocks.confirm(tr("Cancel the interview?"), said, yes=tr("Cancel it"), no=tr("Leave it"))


# --- what its buttons do --------------------------------------------------------------------


def take_over(office: Office, asker: Asker, value: str) -> Reply:
    """Owe a scorecard instead of who was to give it, as the candidate's owner."""
    require_panel(office, asker)
    with opened(office.settings.data_dir) as db:
        _require_owner_of(db, asker, find(db, int(value)))
        done = hiring.take_over(db, int(value), by=asker.user, now=office.clock())
    if not done:
        return Reply(tr("Its scores are in by now, or it was cancelled: nothing was changed."))
    return say(look(office, asker.user))


def cancel(office: Office, asker: Asker, value: str) -> Reply:
    """Cancel an interview, as its interviewer or its candidate's owner."""
    require_panel(office, asker)
    now = office.clock()
    with opened(office.settings.data_dir) as db, immediate(db):
        found = find(db, int(value))
        if asker.user != found.interviewer:
            _require_owner_of(db, asker, found)
        done = hiring.cancel(db, found.id, by=asker.user, now=now)
        if done and asker.user != found.interviewer:
            tell(office, db, found, CANCELLED)
    if not done:
        return Reply(tr("Its scores are in by now, or it was cancelled: nothing was changed."))
    return Reply(tr("Interview {number} is cancelled.", number=found.id))


def find(db: Database, number: int) -> Interview:
    """Find an interview; raises RefusalError with what to type instead."""
    found = hiring.interview(db, number)
    if found is None or found.cancelled_at is not None:
        raise RefusalError(
            tr("There is no interview {number}. `/team interview list` shows them.", number=number)
        )
    return found


def _require_owner_of(db: Database, asker: Asker, interview: Interview) -> None:
    candidate = hiring.find(db, interview.candidate)
    if candidate is None or candidate.owner != asker.user:
        raise RefusalError(tr("Only the candidate's owner may do that."))


def tell(office: Office, db: Database, interview: Interview, message: str) -> None:
    """Tell an interviewer, in their language, naming no candidate."""
    member = members.get(db, interview.interviewer)
    with use(member.language if member else office.settings.language):
        text = tr(message, when=figures.when(interview.starts_at))
    deliveries.put(
        db,
        key=f"interview:{interview.id}:{'planned' if message == PLANNED else 'cancelled'}",
        channel=interview.interviewer,
        user=interview.interviewer,
        body={"text": text},
        now=office.clock(),
    )
