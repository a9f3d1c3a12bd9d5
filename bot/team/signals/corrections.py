"""Corrections that wait for the owner of their data set."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from bot.language import tr, trn
from bot.team.facts import Facts
from bot.team.obligations import Act, Obligation, Rank
from bot.wording import code
from storage.talent import Member


def signal(facts: Facts, reader: Member, now: datetime) -> Iterator[Obligation]:  # noqa: ARG001
    """Put a data set's into one line, named by the oldest: more of them are no new thing to say."""
    for waiting in facts.corrections.get(reader.user, ()):
        if not waiting.open:
            continue
        yield Obligation(
            key=f"corrections:{waiting.dataset}:{waiting.oldest}",
            kind="correction",
            rank=Rank.DUE,
            text=trn(
                "{count:,} correction of {dataset} waits for your decision.",
                "{count:,} corrections of {dataset} wait for your decision.",
                waiting.open,
                dataset=code(waiting.dataset),
            ),
            why=tr(
                "People said that answers of a model that was trained on {dataset} were wrong. Its "
                "owner decides, or an admin where that person is not on the team: "
                "`/sentiment corrections {name}`.",
                dataset=code(waiting.dataset),
                name=waiting.dataset,
            ),
            act=Act(tr("Review"), "corrections_review", waiting.dataset),
        )
