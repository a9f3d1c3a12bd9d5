"""What training has cost this month and what is on its way, beside the budgets of who pays."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlite_utils import Database

from bot import cost, figures
from bot.cost import HOUR, Standing
from bot.language import tr
from bot.settings import BotSettings
from bot.train import outlook
from bot.train.estimate import Span
from storage import budgets, jobs, plans, runs
from storage.records import Job, Plan, Use
from storage.talent import BudgetRecord
from trainer.spec import TrainWork


@dataclass(frozen=True)
class Bill:
    """What a plan is expected to cost, and how the budgets that pay for it stand."""

    expected: Span | None  # an amount
    standings: Sequence[Standing]
    currency: str

    @property
    def exceeded(self) -> list[Standing]:
        middle = (self.expected.low + self.expected.high) / 2 if self.expected else 0.0
        return cost.find_exceeded(self.standings, middle)


def bill(db: Database, plan: Plan, settings: BotSettings, *, now: datetime) -> Bill:
    """Reckon what a plan would cost its person and its channel if it was queued now."""
    resumed = plans.find_resumed(db, plan)
    person, channel = _payers(resumed or plan)
    work = TrainWork.model_validate(plan.work)
    rate = work.devices * _rate(db, settings, now)
    takes = outlook.estimate(db, work, jobs.succeeded(db)) if rate else None
    asked = [found for of in (person, channel) if (found := budgets.get(db, of))]
    standings = _standings(db, asked, settings, now=now)
    return Bill(_price(takes, rate), standings, settings.currency)


def all_standings(db: Database, settings: BotSettings, *, now: datetime) -> list[Standing]:
    return _standings(db, budgets.all_set(db), settings, now=now)


def say_bill(bill: Bill) -> list[str]:
    """Say in lines what a plan costs and whether the budgets have room for it."""
    full = tr(":warning: There is no room for it this month: a lead or an admin must approve it.")
    return [*say_prices(bill), *([full] if bill.exceeded else [])]


def say_prices(bill: Bill) -> list[str]:
    lines = []
    if bill.expected:
        low, high = (
            cost.say_money(x, bill.currency) for x in (bill.expected.low, bill.expected.high)
        )
        lines.append(tr("*Cost*  {low} to {high}", low=low, high=high))
    for standing in bill.standings:
        said = say_standing(standing, bill.currency)
        lines.append(tr("*Budget*  {of} {standing}", of=mention(standing.of), standing=said))
    return lines


def mention(of: str) -> str:
    """Name a person or a channel by its id."""
    return f"<#{of}>" if of[:1] in {"C", "G"} else f"<@{of}>"


def say_standing(standing: Standing, currency: str) -> str:
    """Draw a budget as a bar, with what is spent, on its way and left."""
    said = tr(
        "`{bar}` {share:.0%}: {spent} of {amount} spent, {left} left",
        bar=figures.bar(standing.share, 10),
        share=standing.share,
        spent=cost.say_money(standing.spent, currency),
        amount=cost.say_money(standing.amount, currency),
        left=cost.say_money(standing.left, currency),
    )
    if not standing.committed:
        return said
    coming = cost.say_money(standing.committed, currency)
    return tr("{said}; {coming} for jobs that wait or run", said=said, coming=coming)


def _payers(work: Job | Plan) -> tuple[str, str]:
    return work.requested_by, work.channel


def _standings(
    db: Database, asked: Sequence[BudgetRecord], settings: BotSettings, *, now: datetime
) -> list[Standing]:
    if not asked:
        return []
    start, _ = cost.month_of(now)
    uses, coming = runs.used(db, start, now), _coming(db, settings, now)

    def total(of: str, amount: Callable[[Use], float]) -> float:
        return sum(amount(use) for use in uses if of in (use.requested_by, use.channel))

    def spent(use: Use) -> float:
        return cost.cost_of(use, start, now, settings.gpu_hour_rates).amount

    return [
        Standing(
            found.of,
            found.amount,
            total(found.of, spent),
            sum(amount for job, amount in coming if found.of in _payers(job)),
        )
        for found in asked
    ]


def _coming(db: Database, settings: BotSettings, now: datetime) -> list[tuple[Job, float]]:
    """Reckon what queued and running jobs will take yet, of those that have an estimate."""
    rate, done = _rate(db, settings, now), jobs.succeeded(db)
    waiting = [job for job in [*jobs.running(db), *jobs.queued(db)] if job.kind == "train"]
    spans = [(job, outlook.estimate_rest(db, job, done)) for job in waiting]
    middles = [(job, (span.low + span.high) / 2 / HOUR) for job, span in spans if span]
    return [(job, hours * rate * job.work.get("devices", 1)) for job, hours in middles]


def _rate(db: Database, settings: BotSettings, now: datetime) -> float:
    """Give the highest rate of the devices that a job may get now."""
    names = [str(slot["name"]) for slot in outlook.find_slots(db, now)] or ["*"]
    return max(cost.rate_of(name, settings.gpu_hour_rates) for name in names)


def _price(takes: Span | None, rate: float) -> Span | None:
    return Span(takes.low / HOUR * rate, takes.high / HOUR * rate) if takes else None
