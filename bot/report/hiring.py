"""The report on hiring: interviews today, scorecards owed, what ages or differs; codes only."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from sqlite_utils import Database

from bot import blocks, figures
from bot.asking import Block
from bot.language import listed, mark, tr, trn
from bot.report.kinds import Kind, Report, Scope
from bot.team.hiring import CRITERIA, STAGES, ageing, by_candidate, differing
from storage import hiring
from storage.talent import Candidate, Interview

TITLE = mark("Hiring")
BAR = 12  # characters


@dataclass(frozen=True)
class Summary:
    """What the panel should know this morning."""

    today: Sequence[Interview]
    owed: Sequence[Interview]
    late: Sequence[Candidate]  # at their stage for too long
    apart: Sequence[tuple[str, Sequence[str]]]  # codes, and in which criteria scores differ
    stages: Counter[str]

    @property
    def is_news(self) -> bool:
        return bool(self.today or self.owed or self.late or self.apart)


def compose(db: Database, scope: Scope) -> Report | None:
    found = summarise(
        hiring.candidates(db),
        hiring.interviews(db),
        hiring.owed(db, now=scope.now),
        now=scope.now,
        zone=ZoneInfo(scope.zone),
    )
    return say(found, scope.now) if found.is_news else None


# No table: a file can't be found again when a candidate is purged, a message can.
KIND = Kind("hiring", TITLE, compose, covers=timedelta(days=1), readers=("panel",), private=True)

# --- pure -----------------------------------------------------------------------------------


def summarise(
    candidates: Sequence[Candidate],
    interviews: Sequence[Interview],
    owed: Sequence[Interview],
    *,
    now: datetime,
    zone: ZoneInfo,
) -> Summary:
    """Choose what is news: of the zone's day, and of candidates who are not closed."""
    day = now.astimezone(zone).date()
    running = [one for one in candidates if one.stage not in hiring.CLOSED]
    return Summary(
        today=[one for one in interviews if one.starts_at.astimezone(zone).date() == day],
        owed=owed,
        late=ageing(running, now),
        apart=_apart(running, by_candidate(interviews)),
        stages=Counter(one.stage for one in candidates),
    )


def _apart(
    candidates: Iterable[Candidate], held: dict[str, list[Interview]]
) -> Sequence[tuple[str, Sequence[str]]]:
    """Find the scores that differ, until their candidate moves on."""
    found = []
    for one in candidates:
        given = held.get(one.code, [])
        news = any(card.submitted_at and card.submitted_at > one.stage_since for card in given)
        criteria = differing(given) if news else []
        found += [(one.code, criteria)] if criteria else []
    return found


def say(found: Summary, now: datetime) -> Report:
    parts = [
        (tr("*Today*"), [_say_interview(one) for one in found.today]),
        (tr("*Scorecards owed*"), _say_owed(found.owed)),
        (tr("*Waiting long*"), [_say_late(one, now) for one in found.late]),
        (tr("*Scores to talk about*"), [_say_apart(*one) for one in found.apart]),
    ]
    said = ["\n".join([title, *lines]) for title, lines in parts if lines]
    title = _say_sum(found)
    shown: list[Block] = [
        blocks.section(f"*{title}*"),
        *map(blocks.section, said),
        blocks.section(f"```{_draw(found.stages)}```"),
        blocks.context(tr("`/team interview list` shows all of it, to the panel alone.")),
    ]
    return Report(blocks.cut("\n".join([title, *said]), blocks.SECTION), shown)


def _say_sum(found: Summary) -> str:
    return tr(
        "Hiring: {interviews} today, {owed}.",
        interviews=trn("{count} interview", "{count} interviews", len(found.today)),
        owed=trn("{count} scorecard owed", "{count} scorecards owed", len(found.owed)),
    )


def _say_interview(one: Interview) -> str:
    return tr(
        "• {when}  {code}, round {round}, <@{interviewer}>",
        when=figures.when(one.starts_at),
        code=one.candidate,
        round=one.round,
        interviewer=one.interviewer,
    )


def _say_owed(owed: Sequence[Interview]) -> list[str]:
    people: dict[str, list[str]] = {}
    for one in owed:
        named = tr("{code}, interview {number}", code=one.candidate, number=one.id)
        people.setdefault(one.interviewer, []).append(named)
    return [
        tr("• <@{user}>: {interviews}", user=user, interviews=listed(some))
        for user, some in people.items()
    ]


def _say_late(one: Candidate, now: datetime) -> str:
    return tr(
        "• {code}, {stage} for {days}, owned by <@{owner}>",
        code=one.code,
        stage=tr(STAGES[one.stage]),
        days=figures.duration((now - one.stage_since).total_seconds()),
        owner=one.owner,
    )


def _say_apart(code: str, criteria: Sequence[str]) -> str:
    named = listed(tr(CRITERIA[name]) for name in criteria)
    return tr("• {code}: {criteria}", code=code, criteria=named)


def _draw(stages: Counter[str]) -> str:
    """Draw how many candidates stand at each stage."""
    most = max(stages.values(), default=1)
    rows = [
        [tr(words), figures.bar(stages[stage] / most, BAR), str(stages[stage])]
        for stage, words in STAGES.items()
        if stages[stage]
    ]
    return figures.table(rows)
