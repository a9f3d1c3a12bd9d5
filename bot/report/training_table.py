"""The runs that finished, as a table; those that failed have an owner, so they are not in it."""

from __future__ import annotations

from collections.abc import Sequence

from bot import cost, figures, sheet
from bot.cost import Cost
from bot.report.people import Naming
from bot.report.training_facts import Facts
from bot.train import metrics
from storage.records import Job
from trainer.spec import TrainSummary

COLUMNS = (
    "job",
    "data set",
    "base model",
    "method",
    "by",
    "ended",
    "device",
    "hours",
    "cost",
    "task",
    "metric",
    "value",
    "low",
    "high",
    "beside model",
    "verdict",
    "points",
    "margin",
    "promoted as",
)


def write(facts: Facts, results: Sequence[tuple[Job, TrainSummary]], names: Naming) -> str:
    """Write one row a run."""
    return sheet.write(COLUMNS, [_row(facts, job, found, names) for job, found in results])


def _row(facts: Facts, job: Job, found: TrainSummary, names: Naming) -> list[object]:
    uses = [use for use in facts.uses if use.job == job.id]
    scope = facts.scope
    rates = scope.settings.gpu_hour_rates
    spent = sum((cost.cost_of(use, scope.since, scope.now, rates) for use in uses), Cost())
    (metric, figure), against = metrics.first(found), found.comparison
    difference = against.difference if against else None
    return [
        job.id,
        job.work["dataset"],
        figures.model_name(found.base_model),
        found.recipe.method,
        names(job.requested_by),
        job.ended_at.isoformat(timespec="seconds") if job.ended_at else None,
        found.device,
        round(spent.seconds / cost.HOUR, 3),
        round(spent.amount, 2) if rates else None,
        found.task,
        metric,
        *(round(share, 4) for share in (figure.value, figure.low, figure.high)),
        against.model if against else None,
        difference.verdict if difference else None,
        difference.points if difference else None,
        difference.margin if difference else None,
        facts.purposes.get(job.id),
    ]
