"""Obligations: what a person is reminded of, computed from the facts and never stored."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

NUDGES = 2  # of one obligation; a third undoes the first two (TALENT.md: Ancker 2017)


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

    key: str  # names the thing owed: `assignment:12`, `score:7`, `first:run`
    kind: str  # what is muted and counted by: assignment, scorecard, session, skill, …
    rank: Rank
    text: str  # mrkdwn, one line
    why: str  # the rule, and the row behind it, in words
    act: Act | None = None
    nudges: int = NUDGES  # digests that may carry it
