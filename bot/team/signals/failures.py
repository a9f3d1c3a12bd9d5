"""The same failure twice in a week: one thing to learn from, and one colleague who got over it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import datetime

from bot.language import mark, tr
from bot.team import said
from bot.team.facts import Facts
from bot.team.obligations import Obligation, Rank
from storage.failures import FailedRun
from storage.talent import Member, Resource

# The causes that a person can learn to avoid; the others are the machine's.
CAUSES: dict[str, str] = {
    "out_of_memory": mark("out of memory"),
    "nan_loss": mark("a loss that stopped being a number"),
    "bad_labels": mark("labels that can't be trained on"),
    "bad_file": mark("a file that can't be used"),
    "model_not_found": mark("a base model that isn't there"),
    "unsafe_model": mark("a base model in an unsafe format"),
}


def signal(facts: Facts, reader: Member, now: datetime) -> Iterator[Obligation]:  # noqa: ARG001
    """Tell its person alone, once a cause in 30 days; where nothing would help, nothing is said."""
    for cause, runs in _repeated(facts.failed.get(reader.user, ())):
        help_ = _help(_resource(facts, reader, cause), _colleague(facts, reader, cause))
        if help_:
            # Under the same key it isn't said again.
            told = facts.told.get((reader.user, cause))
            yield Obligation(
                key=told or f"failure:{cause}:{runs[-1].job}",
                kind="failure",
                rank=Rank.SUGGESTION,
                text=tr("Two runs met {cause}. {help}", cause=tr(CAUSES[cause]), help=help_),
                why=tr(
                    "Jobs {first} and {second} failed of the same cause within 7 days. Only you "
                    "see this, once in 30 days, and it is part of no assessment.",
                    first=runs[-2].job,
                    second=runs[-1].job,
                ),
                nudges=1,
            )


def _repeated(runs: Sequence[FailedRun]) -> Iterator[tuple[str, list[FailedRun]]]:
    by_cause: defaultdict[str, list[FailedRun]] = defaultdict(list)
    for run in runs:
        by_cause[run.cause].append(run)
    return ((cause, same) for cause, same in by_cause.items() if cause in CAUSES and same[1:])


def _resource(facts: Facts, reader: Member, cause: str) -> Resource | None:
    """Find the shortest thing that mends it, which the reader has neither done nor declined."""
    mending = [
        resource
        for resource in facts.resources.values()
        if resource.mends == cause
        and facts.marks.get((reader.user, resource.id), frozenset()).isdisjoint(
            {"done", "declined"}
        )
    ]
    return min(mending, key=lambda resource: (resource.minutes, resource.id), default=None)


def _colleague(facts: Facts, reader: Member, cause: str) -> str | None:
    """Find who got over it last, of those who let themselves be named."""
    others = [
        facts.members[user] for user in facts.recovered.get(cause, ()) if user in facts.members
    ]
    return next((one.user for one in others if one.helps and one.user != reader.user), None)


def _help(resource: Resource | None, colleague: str | None) -> str:
    if resource and colleague:
        return tr(
            "{resource} ({minutes} min) helps, and <@{colleague}> got over it.",
            resource=said.resource(resource),
            minutes=resource.minutes,
            colleague=colleague,
        )
    if resource:
        return tr(
            "{resource} ({minutes} min) helps.",
            resource=said.resource(resource),
            minutes=resource.minutes,
        )
    return tr("<@{colleague}> got over it: ask them.", colleague=colleague) if colleague else ""
