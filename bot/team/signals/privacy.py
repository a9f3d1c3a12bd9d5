"""Data sets that nobody has signed off: the privacy committee hears of them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from bot.language import listed, tr, trn
from bot.team.facts import Facts
from bot.team.obligations import Act, Obligation, Rank
from bot.wording import code
from storage.talent import Member

NAMED = 3  # data sets in one line
SHORT = 12  # characters of a hash


def signal(facts: Facts, reader: Member, now: datetime) -> Iterator[Obligation]:  # noqa: ARG001
    """Put all into one line, named by the newest: another data set is another thing to say."""
    if reader.user not in facts.committee or not facts.unreviewed:
        return
    by_age = sorted(facts.unreviewed, key=lambda dataset: dataset.added_at)
    yield Obligation(
        key=f"privacy:{by_age[-1].hash[:SHORT]}",
        kind="privacy",
        rank=Rank.DUE,
        text=trn(
            "{count} data set waits for a privacy review: {names}.",
            "{count} data sets wait for a privacy review: {names}.",
            len(by_age),
            names=listed(code(dataset.title) for dataset in by_age[:NAMED]),
        ),
        why=tr(
            "You are on the privacy committee, and no review of {name} is signed. "
            "`/team review list` shows all.",
            name=code(by_age[-1].title),
        ),
        act=Act(tr("Review"), "review_open", by_age[0].hash),
    )
