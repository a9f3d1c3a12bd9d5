"""What can be asked of /team."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Annotated, Literal

from pydantic import Field

from bot.commands.words import (
    Argument,
    Command,
    Day,
    Lower,
    Number,
    Option,
    Person,
    Title,
    Usage,
)
from bot.language import mark
from storage.talent import Role

SkillName = Annotated[
    str,
    Field(min_length=1, max_length=60),
    Argument(mark('a skill, in quotation marks where it has spaces: `"prompt design"`')),
]
Level = Annotated[int, Field(ge=0, le=4), Argument(mark("0 (none) to 4 (teaches others)"))]
Track = Annotated[
    Literal["technical", "industry", "soft"] | None,
    Lower,
    Option(mark("technical, industry or soft"), mark("the track of the plan")),
]
Who = Annotated[Person, Argument(mark("a @person, picked from the list that Slack shows"))]
RoleName = Annotated[
    Literal["admin", "lead", "panel", "committee", "guest"],
    Lower,
    Argument(mark("admin, lead, panel (hiring), committee (privacy) or guest")),
]
# Whatever is typed here is read: a name that is refused must not be repeated in the refusal.
SessionNumber = Annotated[
    Number, Argument(mark("a session's number, as `/team session list` shows"))
]
Code = Annotated[str, Argument(mark("a candidate's code, such as `C-014`; never a name"))]
Table = Annotated[
    Literal["members", "skills", "plans", "resources"],
    Lower,
    Argument(mark("members, skills, plans or resources")),
]


@dataclass(frozen=True)
class Me(Command): ...


@dataclass(frozen=True)
class Prefs(Command):
    """Without options a form opens."""

    digest: Annotated[
        str | None,
        Field(pattern=r"^([01]?\d|2[0-3]):[0-5]\d$|^off$"),
        Option(mark("9:00 or off"), mark("when your morning message comes")),
    ] = None
    language: Annotated[
        Literal["en", "zh"] | None,
        Option(mark("en or zh"), mark("the language Coach speaks to you")),
    ] = None
    pause: Annotated[
        date | None, Day, Option("2026-12-24", mark("no reminders and no pairing until that day"))
    ] = None
    mute: Annotated[str | None, Option(mark("a kind of reminder"), mark("hear no more of it"))] = (
        None
    )
    pairing: Annotated[bool | None, Option(mark("yes or no"), mark("be paired for talks"))] = None
    helps: Annotated[
        bool | None, Option(mark("yes or no"), mark("be named to colleagues you could help"))
    ] = None


@dataclass(frozen=True)
class Away(Command):
    """Leave: no reminders, no pairing, and obligations are due the working day before."""

    starts: Annotated[date, Day, Argument(mark("the first day away, such as 2026-12-24"))]
    ends: Annotated[date | None, Day, Argument(mark("the last day away"))] = None


@dataclass(frozen=True)
class Learn(Command):
    topic: Annotated[
        str | None, Argument(mark("what you want to learn; else your wanted skills"), rest=True)
    ] = None


@dataclass(frozen=True)
class AddResource(Command): ...


@dataclass(frozen=True)
class ShowSkills(Command): ...


@dataclass(frozen=True)
class HaveSkill(Command):
    skill: SkillName
    level: Level


@dataclass(frozen=True)
class WantSkill(Command):
    skill: SkillName


@dataclass(frozen=True)
class AssessSkill(Command):
    who: Who
    skill: SkillName
    level: Level


@dataclass(frozen=True)
class AddSkill(Command):
    name: SkillName
    zh: Annotated[
        str | None, Field(max_length=60), Option(mark("its Chinese name"), mark("as read in 中文"))
    ] = None
    critical: Annotated[bool, Option(mark("yes or no"), mark("two people should have it"))] = False


@dataclass(frozen=True)
class ShowPlan(Command):
    who: Annotated[
        Person | None,
        Argument(mark("a @person, picked from the list that Slack shows; else yourself")),
    ] = None


@dataclass(frozen=True)
class Assign(Command):
    who: Who
    resource: Annotated[
        str, Field(min_length=1, max_length=200), Argument(mark("a resource's number or title"))
    ]
    due: Annotated[date | None, Day, Option("2026-12-01", mark("by when"))] = None
    track: Track = None


@dataclass(frozen=True)
class ListSessions(Command): ...


@dataclass(frozen=True)
class AddSession(Command): ...


@dataclass(frozen=True)
class HostSession(Command):
    number: SessionNumber


@dataclass(frozen=True)
class CancelSession(Command):
    number: SessionNumber


@dataclass(frozen=True)
class SessionCalendar(Command): ...


@dataclass(frozen=True)
class Pair(Command): ...


@dataclass(frozen=True)
class PairNow(Command): ...


@dataclass(frozen=True)
class ListInterviews(Command): ...


@dataclass(frozen=True)
class AddInterview(Command): ...


@dataclass(frozen=True)
class Score(Command):
    number: Annotated[
        Number, Argument(mark("an interview's number, as `/team interview list` shows"))
    ]


@dataclass(frozen=True)
class MoveCandidate(Command):
    code: Code
    stage: Annotated[
        Literal["sourced", "screen", "interview", "offer", "hired", "rejected", "withdrawn"],
        Lower,
        Argument(mark("sourced, screen, interview, offer, hired, rejected or withdrawn")),
    ]


@dataclass(frozen=True)
class PurgeCandidate(Command):
    code: Code


@dataclass(frozen=True)
class Thanks(Command):
    to: Who
    words: Annotated[str | None, Field(max_length=500), Argument(mark("for what"), rest=True)] = (
        None
    )
    run: Annotated[
        int | None, Field(ge=1), Option(mark("a job's number"), mark("for which run"))
    ] = None


@dataclass(frozen=True)
class ListSurveys(Command): ...


@dataclass(frozen=True)
class StartSurvey(Command): ...


@dataclass(frozen=True)
class SurveyResults(Command):
    number: Annotated[Number, Argument(mark("a survey's number, as `/team survey list` shows"))]


@dataclass(frozen=True)
class ListReviews(Command):
    """The privacy committee's list: data sets that nobody has signed off."""


@dataclass(frozen=True)
class SignOff(Command):
    dataset: Title


@dataclass(frozen=True)
class Balance(Command): ...


@dataclass(frozen=True)
class SetTargets(Command):
    targets: Annotated[
        str, Argument(mark("a number of people by discipline: `engineer 4 designer 2`"), rest=True)
    ]


@dataclass(frozen=True)
class GiveRole(Command):
    who: Who
    role: RoleName


@dataclass(frozen=True)
class TakeRole(Command):
    who: Who
    role: RoleName


@dataclass(frozen=True)
class MemberLeaves(Command):
    who: Who


@dataclass(frozen=True)
class Export(Command):
    table: Table


@dataclass(frozen=True)
class Import(Command):
    table: Table


@dataclass(frozen=True)
class SetChannelLanguage(Command):
    language: Annotated[Literal["en", "zh"], Lower, Argument(mark("en or zh"))]


@dataclass(frozen=True)
class SetWorkday(Command):
    """Mend what the calendar of holidays does not know."""

    day: Annotated[date, Day, Argument(mark("a day, such as 2027-02-06"))]
    country: Annotated[
        str, Field(pattern=r"^[A-Za-z]{2}$"), Argument(mark("a country's two letters, such as CN"))
    ]
    kind: Annotated[Literal["work", "holiday"], Lower, Argument(mark("work or holiday"))]


def _usage(
    words: str,
    record: type[Command],
    meaning: str,
    example: str,
    *roles: Role,
    guests: bool = False,
) -> Usage:
    spoken = tuple(words.split())
    return Usage("/team", spoken, record, meaning, f"/team {example}", roles, guests=guests)


USAGE = (
    _usage("me", Me, mark("Show what Coach knows of you, and what is due."), "me"),
    _usage(
        "prefs",
        Prefs,
        mark("Choose when, in which language and of what you are reminded."),
        "prefs digest=9:30",
    ),
    _usage("away", Away, mark("Say when you are away."), "away 2026-12-24 2027-01-02"),
    _usage("learn add", AddResource, mark("Add something to learn from."), "learn add"),
    _usage("learn", Learn, mark("Find what to learn next."), "learn evaluation"),
    _usage("skill list", ShowSkills, mark("Show who can do what."), "skill list"),
    _usage("skill have", HaveSkill, mark("Say how well you know a skill."), "skill have pytorch 3"),
    _usage("skill want", WantSkill, mark("Say what you want to learn."), 'skill want "data cards"'),
    _usage(
        "skill assess",
        AssessSkill,
        mark("Assess somebody's skill, as their lead."),
        "skill assess @bo pytorch 3",
    ),
    _usage(
        "skill add",
        AddSkill,
        mark("Add a skill to the list."),
        "skill add pytorch zh=深度学习",
        "lead",
        "admin",
    ),
    _usage(
        "plan add",
        Assign,
        mark("Give somebody, or yourself, something to learn."),
        "plan add @bo 12 due=2026-12-01",
    ),
    _usage("plan", ShowPlan, mark("Show a learning plan."), "plan"),
    _usage(
        "session list",
        ListSessions,
        mark("Show the sessions to come."),
        "session list",
        guests=True,
    ),
    _usage("session add", AddSession, mark("Plan a session."), "session add"),
    _usage("session host", HostSession, mark("Host a session."), "session host 4"),
    _usage("session cancel", CancelSession, mark("Cancel a session."), "session cancel 4"),
    _usage(
        "session calendar",
        SessionCalendar,
        mark("Get the sessions as a calendar file."),
        "session calendar",
        guests=True,
    ),
    _usage("pair now", PairNow, mark("Pair people now, as a lead."), "pair now", "lead", "admin"),
    _usage("pair", Pair, mark("Show whom you are paired with."), "pair"),
    _usage(
        "interview list",
        ListInterviews,
        mark("Show interviews and scorecards owed, to the hiring panel."),
        "interview list",
        "panel",
    ),
    _usage("interview add", AddInterview, mark("Plan an interview."), "interview add", "panel"),
    _usage("interview score", Score, mark("Fill in a scorecard."), "interview score 7", "panel"),
    _usage(
        "interview move",
        MoveCandidate,
        mark("Move a candidate to another stage."),
        "interview move C-014 offer",
        "panel",
    ),
    _usage(
        "interview purge",
        PurgeCandidate,
        mark("Delete all that is known of a candidate."),
        "interview purge C-014",
        "panel",
    ),
    _usage(
        "thanks", Thanks, mark("Thank somebody in this channel."), "thanks @bo for the evaluation"
    ),
    _usage("survey list", ListSurveys, mark("Show the open surveys."), "survey list"),
    _usage(
        "survey start",
        StartSurvey,
        mark("Ask the team, anonymously."),
        "survey start",
        "lead",
        "committee",
    ),
    _usage(
        "survey results",
        SurveyResults,
        mark("Show a survey's answers, five or none."),
        "survey results 2",
        "lead",
        "committee",
    ),
    _usage(
        "review list",
        ListReviews,
        mark("Show what waits for a privacy review."),
        "review list",
        "committee",
    ),
    _usage(
        "review sign",
        SignOff,
        mark("Sign off a data set's privacy."),
        "review sign reviews",
        "committee",
    ),
    _usage("balance", Balance, mark("Show the team's disciplines and skills."), "balance"),
    _usage(
        "balance target",
        SetTargets,
        mark("Set how many of each discipline the team should have."),
        "balance target engineer 4 designer 2",
        "lead",
        "admin",
    ),
    _usage("role give", GiveRole, mark("Give somebody a role."), "role give @bo lead", "admin"),
    _usage(
        "role take", TakeRole, mark("Take a role from somebody."), "role take @bo lead", "admin"
    ),
    _usage(
        "leaves",
        MemberLeaves,
        mark("Say that somebody has left the team."),
        "leaves @bo",
        "lead",
        "admin",
    ),
    _usage("export", Export, mark("Get a table as CSV."), "export skills"),
    _usage("import", Import, mark("Read a table from CSV."), "import resources", "lead", "admin"),
    _usage(
        "language",
        SetChannelLanguage,
        mark("Set the language of this channel."),
        "language zh",
        "lead",
        "admin",
    ),
    _usage(
        "workday",
        SetWorkday,
        mark("Correct the calendar of working days."),
        "workday 2027-02-06 CN work",
        "lead",
        "admin",
    ),
)
