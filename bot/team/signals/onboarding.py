"""The first steps of a newcomer: what happened is congratulated, what is missing suggested."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from bot.language import mark, tr
from bot.team import said
from bot.team.facts import FRESH, Facts
from bot.team.obligations import Obligation, Rank
from storage.firsts import Firsts
from storage.talent import Member


@dataclass(frozen=True)
class Step:
    """One first, with the day since joining from which it is suggested."""

    name: Literal["dataset", "run", "promotion", "talk"]
    day: int
    suggested: str
    happened: str


STEPS = (
    Step(
        "dataset",
        1,
        mark(
            "Welcome! A file dropped in a channel becomes a data set; `/train data sample` has one."
        ),
        mark("Your first data set is in. `/train` and its name trains on it."),
    ),
    Step(
        "run",
        7,
        mark("Your first run is a command away: `/train data list`, then `/train` and a name."),
        mark("Your first run is made. Its message says what it found, and what to try next."),
    ),
    Step(
        "promotion",
        30,
        mark(
            "No model of yours serves yet. `/train list` shows the runs; `/train promote` asks the gate."
        ),
        mark("Your first model serves. That is what it is all for."),
    ),
    Step(
        "talk",
        90,
        mark(
            "You have seen a few things by now: host a talk? `/team session list` shows what wants a host."
        ),
        mark("Your first talk is given. Thank you for it."),
    ),
)
LASTS = timedelta(days=14)  # of a suggestion, from its day on


def signal(facts: Facts, reader: Member, now: datetime) -> Iterator[Obligation]:
    known = facts.firsts.get(reader.user)
    if known is None:
        return
    for step in STEPS:
        at: datetime | None = getattr(known, step.name)
        starts = reader.joined_at + timedelta(days=step.day)
        if at is not None and at > max(reader.joined_at, now - FRESH):
            yield _line(f"did:{step.name}", tr(step.happened), reader)
        elif at is None and starts <= now < starts + LASTS and _is_next(known, step):
            yield _line(f"first:{step.name}", tr(step.suggested), reader)


def _is_next(known: Firsts, step: Step) -> bool:
    """Tell whether nothing comes before it: who has no data set isn't told to promote a model."""
    missing = [one for one in STEPS if getattr(known, one.name) is None and one.name != "talk"]
    return step.name == "talk" or missing[:1] == [step]


def _line(key: str, text: str, reader: Member) -> Obligation:
    return Obligation(
        key=key,
        kind="onboarding",
        rank=Rank.SUGGESTION,
        text=text,
        why=tr(
            "You joined on {day}. The first data set, run, promotion and talk are looked for from "
            "days 1, 7, 30 and 90 on; each is spoken of once.",
            day=said.date_of(reader.joined_at.date()),
        ),
        nudges=1,
    )
