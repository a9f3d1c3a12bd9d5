"""Budgets: shown, set, and told of once a month when little is left."""

from __future__ import annotations

import asyncio
from datetime import datetime

from sqlite_utils import Database

from bot import blocks, cost, language, readers
from bot.asking import Asker, Office, RefusalError, Reply
from bot.commands.report import Budget
from bot.cost import Cost, Standing
from bot.language import tr
from bot.report.people import naming
from bot.rights import require
from bot.train import spending
from storage import budgets, deliveries, runs
from storage.database import opened

SHOWN = 20


def handle(office: Office, asker: Asker, command: Budget) -> Reply:
    """Show what was spent this month and what is left, or set what may be spent."""
    if command.amount is None:
        return _show(office, command.of)
    if command.of is None:
        raise RefusalError(
            tr(
                "Say whose budget it is: `/report budget #channel 500` or `/report budget @name 200`."
            )
        )
    require(office, asker, "lead", "admin")
    if not office.settings.gpu_hour_rates and command.amount:
        raise RefusalError(
            tr("What an hour costs isn't set: an admin sets `GPU_HOUR_RATES` in `.env` first.")
        )
    now = office.clock()
    with opened(office.settings.data_dir) as db:
        budgets.set_amount(db, command.of, command.amount, by=asker.user, now=now)
    return _show(office, command.of)


async def warn(office: Office) -> None:
    """Tell whoever has spent most of a budget, once a month."""
    await asyncio.to_thread(_warn, office)


def _warn(office: Office) -> None:
    settings, now = office.settings, office.clock()
    with opened(settings.data_dir) as db:
        for standing in spending.all_standings(db, settings, now=now):
            if standing.is_running_out:
                _tell(db, office, standing, now)


def _tell(db: Database, office: Office, standing: Standing, now: datetime) -> None:
    settings, of = office.settings, standing.of
    if of[:1] in {"C", "G"}:
        spoken = readers.channel_speaks(db, of, user="", default=settings.language)
    else:
        spoken = readers.person_speaks(db, of, default=settings.language)
    with language.use(spoken):
        said = say_warning(standing, settings.currency)
    key = f"budget:{of}:{now:%Y-%m}:80"
    body = {"text": said, "blocks": [blocks.section(said)]}
    deliveries.put(db, key=key, channel=of, body=body, now=now)


def say_warning(standing: Standing, currency: str) -> str:
    share = min(1, int(100 * standing.share) / 100)
    said = spending.say_standing(standing, currency)
    if share < 1:
        return tr(
            "{share:.0%} of this month's budget for training is spent. {standing}. "
            "When it is used up, a new job needs the approval of a lead.",
            share=share,
            standing=said,
        )
    return tr(
        "This month's budget for training is used up. {standing}. "
        "A new job needs the approval of a lead.",
        standing=said,
    )


# --- showing --------------------------------------------------------------------------------


def _show(office: Office, of: str | None) -> Reply:
    settings, now = office.settings, office.clock()
    with opened(settings.data_dir) as db:
        start, _ = cost.month_of(now)
        uses = [u for u in runs.used(db, start, now) if of in (None, u.requested_by, u.channel)]
        costs = (cost.cost_of(use, start, now, settings.gpu_hour_rates) for use in uses)
        lines = [
            _say_total(sum(costs, Cost()), settings.gpu_hour_rates, settings.currency),
            *_say_budgets(db, office, of, now),
        ]
    text = "\n".join(lines)
    return Reply(text, [blocks.section(text)])


def _say_budgets(db: Database, office: Office, of: str | None, now: datetime) -> list[str]:
    known = spending.all_standings(db, office.settings, now=now)
    wanted = sorted((s for s in known if of in (None, s.of)), key=lambda s: -s.share)
    if not wanted:
        return [tr("No budget is set. A lead sets one: `/report budget #channel 500`.")]
    names, currency = naming(db), office.settings.currency
    return [f"• {names(s.of)}  {spending.say_standing(s, currency)}" for s in wanted[:SHOWN]]


def _say_total(spent: Cost, rates: cost.Rates, currency: str) -> str:
    hours = spent.seconds / cost.HOUR
    if not rates:
        return tr("Training took {hours:,.1f} hours of devices this month (UTC).", hours=hours)
    return tr(
        "Training took {hours:,.1f} hours of devices this month (UTC), which cost {amount}.",
        hours=hours,
        amount=cost.say_money(spent.amount, currency),
    )
