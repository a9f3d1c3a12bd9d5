"""How a candidate agreed with the model that serves, over the questions that both answered."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlite_utils import Database

from bot import figures
from bot.language import listed, mark, tr
from bot.wording import escape
from storage import shadows
from storage.answering import ShadowCount, ShadowRun
from trainer.evaluate import proportion

PAIRS = 5  # of labels on which the two differ
NO_LABEL = mark("none of its labels")


@dataclass(frozen=True)
class Agreement:
    """What a shadow has counted."""

    shadow: ShadowRun
    counts: Sequence[ShadowCount]  # the most frequent first

    @property
    def n(self) -> int:
        return sum(one.n for one in self.counts)


def find(db: Database, model: int, *, beside: int | None = None) -> Agreement | None:
    """Find what a candidate's newest shadow counted, beside a serving model where one is named."""
    shadow = shadows.newest_of(db, model)
    if shadow is None or beside not in {None, shadow.serving}:
        return None
    return Agreement(shadow, shadows.counts(db, shadow.id))


def say(found: Agreement) -> str:
    """Say how often both told the same, where they differ, and how long each takes."""
    told = {"model": found.shadow.model, "serving": found.shadow.serving}
    if not found.n:
        return tr("Model {model} has answered no question beside model {serving} yet.", **told)
    same = sum(one.n for one in found.counts if one.told == one.would_tell)
    lines = [
        tr(
            "On real questions model {model} tells the same as model {serving} in {share}, "
            "n = {n:,}.",
            **told,
            share=figures.interval(proportion(same, found.n)),
            n=found.n,
        )
    ]
    differing = [one for one in found.counts if one.told != one.would_tell]
    if differing:
        pairs = [_pair(one) for one in differing[:PAIRS]]
        lines.append(tr("Where they differ most: {pairs}.", pairs=listed(pairs)))
    lines.append(
        tr(
            "It takes {candidate:.1f} ms a text, model {serving} {now:.1f} ms.",
            **told,
            candidate=found.shadow.candidate_ms / found.n,
            now=found.shadow.serving_ms / found.n,
        )
    )
    return "\n".join(lines)


def _pair(one: ShadowCount) -> str:
    return tr(
        "{told} → {other} {count:,} times",
        told=escape(one.told) or tr(NO_LABEL),
        other=escape(one.would_tell) or tr(NO_LABEL),
        count=one.n,
    )
