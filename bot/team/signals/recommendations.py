"""At most one thing to learn, chosen once a day for each person."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from bot.language import tr
from bot.team import said
from bot.team.facts import Facts
from bot.team.obligations import Act, Obligation, Rank
from storage.talent import Member

OVER = frozenset({"started", "done", "declined"})


def signal(facts: Facts, reader: Member, now: datetime) -> Iterator[Obligation]:  # noqa: ARG001
    """Suggest what was chosen, unless the reader is over with it by now."""
    found = facts.resources.get(facts.recommended.get(reader.user, 0))
    if found is None or facts.marks.get((reader.user, found.id), frozenset()) & OVER:
        return
    yield Obligation(
        key=f"recommendation:{found.id}",
        kind="recommendation",
        rank=Rank.SUGGESTION,
        text=tr(
            "To learn next: {resource} ({minutes} min)",
            resource=said.resource(found),
            minutes=found.minutes,
        ),
        why=tr(
            "Resource {number} is the closest to the skills you want and to what you work on, of "
            "those you haven't begun. `/team learn` shows more, and how well that order works.",
            number=found.id,
        ),
        act=Act(tr("Start"), "learn_start", str(found.id)),
        nudges=1,
    )
