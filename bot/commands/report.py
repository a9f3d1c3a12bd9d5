"""What can be asked of /report."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import Field

from bot.commands.words import Argument, Channel, Command, Lower, Number, Option, Person, Usage
from bot.language import mark

Kind = Literal[
    "training", "sentiment", "week", "pairing", "hiring", "health", "quarter", "questions"
]
KINDS = mark("a report: training, sentiment, questions, week, pairing, hiring, health or quarter")
KindName = Annotated[Kind, Lower, Argument(KINDS)]


@dataclass(frozen=True)
class ReportNow(Command):
    kind: KindName
    csv: Annotated[bool, Option(mark("yes or no"), mark("with the figures as a CSV file"))] = False


@dataclass(frozen=True)
class ReportPreview(Command):
    kind: KindName


@dataclass(frozen=True)
class ListReports(Command): ...


@dataclass(frozen=True)
class ScheduleReport(Command):
    kind: Annotated[Kind | None, Lower, Argument(KINDS)] = None
    when: Annotated[
        str | None,
        Argument(
            mark("when it comes, such as `weekdays 9:30` or `每周一上午九点`, then a #channel"),
            rest=True,
        ),
    ] = None


@dataclass(frozen=True)
class StopReport(Command):
    number: Annotated[Number, Argument(mark("a schedule's number, as `/report list` shows"))]


@dataclass(frozen=True)
class Budget(Command):
    """Without an amount: how much is left."""

    of: Annotated[
        Person | Channel | None,
        Argument(mark("a @person or a #channel, picked from the list that Slack shows")),
    ] = None
    amount: Annotated[
        float | None,
        Field(ge=0),
        Argument(mark("what may be spent in a month; 0 takes the budget away")),
    ] = None


USAGE = (
    Usage(
        "/report",
        ("now",),
        ReportNow,
        mark("Post a report here, now."),
        "/report now training",
    ),
    Usage(
        "/report",
        ("preview",),
        ReportPreview,
        mark("Show you alone what a report would say now."),
        "/report preview week",
    ),
    Usage("/report", ("list",), ListReports, mark("Show which reports come when."), "/report list"),
    Usage(
        "/report",
        ("schedule",),
        ScheduleReport,
        mark("Let a report come by itself; without words a form opens."),
        "/report schedule training weekdays 9:30",
    ),
    Usage("/report", ("stop",), StopReport, mark("End a scheduled report."), "/report stop 3"),
    Usage(
        "/report",
        ("budget",),
        Budget,
        mark("Show what training costs and what is left, or set a monthly budget."),
        "/report budget",
    ),
)
