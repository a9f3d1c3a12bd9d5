"""Obligations: what a person is reminded of, computed from the facts and never stored."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

from bot.language import mark

NUDGES = 2  # of one obligation; a third undoes the first two (TALENT.md: Ancker 2017)

# The kinds, as they are muted and counted.
KINDS: dict[str, str] = {
    "scorecard": mark("scorecards of interviews"),
    "assignment": mark("what is due in learning plans"),
    "session": mark("sessions"),
    "skill": mark("assessments and skills"),
    "privacy": mark("privacy reviews"),
    "survey": mark("surveys"),
    "recommendation": mark("what to learn next"),
    "failure": mark("help with failed runs"),
    "promotion": mark("what to make of a promoted model"),
    "onboarding": mark("first steps"),
    "correction": mark("corrections to review"),
}


class Rank(IntEnum):
    """What comes first in a digest."""

    BLOCKS_OTHERS = 0
    OVERDUE = 1
    DUE = 2
    TODAY = 3
    SUGGESTION = 4  # at most one a digest


@dataclass(frozen=True)
class Act:
    """The one button that settles an obligation; without one, *Done* is just noted."""

    label: str
    action: str  # a button of some Feature
    value: str


@dataclass(frozen=True)
class Obligation:
    """One line of a digest, in its reader's language."""

    key: str  # names the thing owed: `assignment:12`, `score:7`, `first:run`; no spaces
    kind: str  # of KINDS
    rank: Rank
    text: str  # mrkdwn, one line
    why: str  # the rule, and the row behind it, in words
    act: Act | None = None
    nudges: int = NUDGES  # digests that may carry it
    pause: int = 7  # days until a digest may carry it again
    timely: bool = True  # else it is shown to who asks, and no digest carries it today
