"""What can be asked of /coach."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from bot.commands.words import Alias, Argument, Command, Usage
from bot.language import mark


@dataclass(frozen=True)
class Help(Command):
    topic: Annotated[str | None, Argument(mark("a command or one of its verbs"), rest=True)] = None


@dataclass(frozen=True)
class Status(Command): ...


@dataclass(frozen=True)
class Who(Command): ...


@dataclass(frozen=True)
class WhoDid(Command):
    """Look into the audit: who changed what, when, from what to what."""

    what: Annotated[
        str | None,
        Argument(mark("an action, a @person or a thing, such as `promote` or `job 12`"), rest=True),
    ] = None


@dataclass(frozen=True)
class ChatOn(Command):
    """Let a model that writes answer `@coach` in the threads of this channel."""

    model: Alias = "chat"


@dataclass(frozen=True)
class ChatOff(Command): ...


@dataclass(frozen=True)
class ShowPrivacy(Command):
    """What is kept about the asker, and for how long."""


@dataclass(frozen=True)
class ExportPrivacy(Command): ...


@dataclass(frozen=True)
class Forget(Command): ...


USAGE = (
    Usage(
        "/coach", ("help",), Help, mark("Show what you can type."), "/coach help retry", guests=True
    ),
    Usage(
        "/coach",
        ("status",),
        Status,
        mark("Show how Coach is doing."),
        "/coach status",
        guests=True,
    ),
    Usage(
        "/coach",
        ("who", "did"),
        WhoDid,
        mark("Show who changed what, to admins."),
        "/coach who did promote",
        ("admin",),
    ),
    Usage(
        "/coach",
        ("who",),
        Who,
        mark("Show who you are to Coach, and whose jobs run."),
        "/coach who",
        guests=True,
    ),
    Usage(
        "/coach",
        ("chat", "on"),
        ChatOn,
        mark("Let a model that writes answer `@coach` in this channel's threads."),
        "/coach chat on",
    ),
    Usage("/coach", ("chat", "off"), ChatOff, mark("Let no model write here."), "/coach chat off"),
    Usage(
        "/coach",
        ("privacy",),
        ShowPrivacy,
        mark("Show what is kept about you, and how long."),
        "/coach privacy",
        guests=True,
    ),
    Usage(
        "/coach",
        ("privacy", "export"),
        ExportPrivacy,
        mark("Get all that is kept about you as a file."),
        "/coach privacy export",
        guests=True,
    ),
    Usage(
        "/coach",
        ("privacy", "forget"),
        Forget,
        mark("Have what you said forgotten."),
        "/coach privacy forget",
        guests=True,
    ),
)
