"""What somebody owes or may want to know: each a pure function of the facts, one file a signal."""

from __future__ import annotations

from datetime import datetime

from bot.team.facts import Facts
from bot.team.obligations import Obligation
from bot.team.signals import (
    assignments,
    corrections,
    failures,
    ignored,
    onboarding,
    privacy,
    promotions,
    recommendations,
    scorecards,
    sessions,
    skills,
    surveys,
)
from storage.talent import Member

SIGNALS = (
    scorecards.signal,
    assignments.signal,
    sessions.signal,
    privacy.signal,
    corrections.signal,
    surveys.signal,
    skills.signal,
    failures.signal,
    promotions.signal,
    onboarding.signal,
    recommendations.signal,
    ignored.signal,
)


def obligations(facts: Facts, reader: Member, now: datetime) -> list[Obligation]:
    """Compute all that one member is owed a word about, in the current language, by rank."""
    found = [one for signal in SIGNALS for one in signal(facts, reader, now)]
    return sorted(found, key=lambda one: one.rank)
