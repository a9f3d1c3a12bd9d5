"""A promoted model: its maker might tell how, and those who helped might be thanked."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from bot.language import tr
from bot.team.facts import Facts
from bot.team.obligations import Act, Obligation, Rank
from bot.wording import code
from storage.records import Dataset, Model, Promotion
from storage.talent import Member


def signal(facts: Facts, reader: Member, now: datetime) -> Iterator[Obligation]:  # noqa: ARG001
    """Suggest, privately; that it was promoted is told to all where it happens."""
    for promotion, model, dataset in facts.promotions:
        if promotion.by == reader.user != model.created_by:
            yield from _thank(facts, reader, promotion, model.created_by)
        if model.created_by == reader.user:
            yield _talk(promotion, model)
            yield from _thank(facts, reader, promotion, _giver(dataset))


def _giver(dataset: Dataset | None) -> str | None:
    return dataset.added_by if dataset else None


def _thank(
    facts: Facts, reader: Member, promotion: Promotion, helper: str | None
) -> Iterator[Obligation]:
    said = any(
        thank.sender == reader.user and thank.receiver == helper and thank.at >= promotion.at
        for thank in facts.thanks
    )
    if helper not in facts.members or helper == reader.user or said:
        return
    yield Obligation(
        key=f"thanks:{promotion.id}:{helper}",
        kind="promotion",
        rank=Rank.SUGGESTION,
        text=tr(
            "<@{helper}> had a part in {alias} v{version}: say thanks in public?",
            helper=helper,
            alias=code(promotion.alias),
            version=promotion.version,
        ),
        why=tr(
            "Model {model} was promoted in the last 7 days; <@{helper}> made it or gave its data.",
            model=promotion.model,
            helper=helper,
        ),
        act=Act(tr("Say thanks"), "thanks_open", f"{helper} {promotion.model}"),
        nudges=1,
    )


def _talk(promotion: Promotion, model: Model) -> Obligation:
    return Obligation(
        key=f"talk:{promotion.id}",
        kind="promotion",
        rank=Rank.SUGGESTION,
        text=tr(
            "Your model {model} serves {alias} now. A short talk would pass on how: "
            "`/team session add`",
            model=model.id,
            alias=code(promotion.alias),
        ),
        why=tr("Model {model}, which you made, was promoted in the last 7 days.", model=model.id),
        nudges=1,
    )
