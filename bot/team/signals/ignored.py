"""A kind of reminder that is hardly acted on: it comes last from then on, and the leads hear of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime

from bot.language import tr
from bot.team.facts import Facts
from bot.team.obligations import KINDS, Obligation, Rank
from storage.nudges import Rate
from storage.talent import Member

SENT, ACTED = 10, 0.2  # after so many lines, below this share


def demoted(rates: Mapping[str, Rate]) -> frozenset[str]:
    """Name the kinds that come last: acted on less than 20% of the time after 10 sends."""
    return frozenset(
        kind for kind, rate in rates.items() if rate.sent >= SENT and rate.share < ACTED
    )


def signal(facts: Facts, reader: Member, now: datetime) -> Iterator[Obligation]:  # noqa: ARG001
    if reader.user not in facts.leads:
        return
    for kind in sorted(demoted(facts.rates) & KINDS.keys()):
        rate = facts.rates[kind]
        yield Obligation(
            key=f"ignored:{kind}",
            kind="reminder",
            rank=Rank.SUGGESTION,
            text=tr(
                "Lines about {kind} are hardly acted on ({acted} of {sent}): they come last now.",
                kind=tr(KINDS[kind]),
                acted=rate.acted,
                sent=rate.sent,
            ),
            why=tr(
                "A kind acted on less than 20% of the time after 10 lines in 90 days is demoted, "
                "and leads are told once. Is it asked of the right people?"
            ),
            nudges=1,
        )
