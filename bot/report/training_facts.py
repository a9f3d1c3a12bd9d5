"""What was recorded of training in the time that a report covers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlite_utils import Database

from bot import cost
from bot.report.kinds import Scope
from bot.train import spending
from storage import jobs, models, runs
from storage.records import Job, Promotion, Use


@dataclass(frozen=True)
class Facts:
    """What was recorded of training in the time that a report covers."""

    scope: Scope
    running: int
    queued: int
    ended: Sequence[Job]
    uses: Sequence[Use]
    purposes: Mapping[int, str]  # a model -> the alias it came to serve
    promotions: Sequence[Promotion]
    standings: Sequence[cost.Standing]

    @property
    def done(self) -> list[Job]:
        return [job for job in self.ended if job.state == "succeeded"]

    @property
    def is_empty(self) -> bool:
        return not (self.running or self.queued or self.ended or self.uses or self.promotions)


def gather(db: Database, scope: Scope) -> Facts:
    return Facts(
        scope=scope,
        running=sum(job.kind == "train" for job in jobs.running(db)),
        queued=sum(job.kind == "train" for job in jobs.queued(db)),
        ended=jobs.ended_between(db, scope.since, scope.now),
        uses=runs.used(db, scope.since, scope.now),
        purposes=models.purposes(db),
        promotions=models.promoted_between(db, scope.since, scope.now),
        standings=spending.all_standings(db, scope.settings, now=scope.now),
    )
