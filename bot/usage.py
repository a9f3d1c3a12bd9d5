"""The one table of usage, from which parsing, help, the reference and the manifest are made."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields
from functools import cached_property
from typing import Any, get_type_hints

from bot.commands import (
    AddData,
    AddSample,
    Argument,
    CancelJob,
    Command,
    DeleteData,
    Help,
    ListData,
    ListJobs,
    ListModels,
    Option,
    Promote,
    RenameData,
    RetryJob,
    Rollback,
    Sentiment,
    ShowData,
    ShowJob,
    ShowLogs,
    Status,
    Train,
    Who,
)


@dataclass(frozen=True)
class Usage:
    """One verb: how it is typed, what it does, and an example that is valid."""

    command: str
    words: tuple[str, ...]
    record: type[Command]
    meaning: str
    example: str

    @cached_property
    def arguments(self) -> dict[str, Argument]:
        return dict(_marked(self.record, Argument))

    @cached_property
    def options(self) -> dict[str, Option]:
        return dict(_marked(self.record, Option))

    def line(self, *, admin: bool = True) -> str:
        """Write it as manuals do: `/train promote <number> [as=]`."""
        optional = {f.name for f in fields(self.record) if f.default is None}
        shown = [f"[{n}]" if n in optional else f"<{n}>" for n in self.arguments]
        options = [f"[{n.rstrip('_')}=]" for n, o in self.options.items() if admin or not o.admins]
        return " ".join((self.command, *self.words, *shown, *options))


def hints(record: type[Command]) -> dict[str, Any]:
    """Give the annotated type of each field of a record."""
    return get_type_hints(record, include_extras=True)


def _marked(record: type[Command], kind: type[Any]) -> Iterator[tuple[str, Any]]:
    for name, hint in hints(record).items():
        for mark in getattr(hint, "__metadata__", ()):
            if isinstance(mark, kind):
                yield name, mark


USAGE: tuple[Usage, ...] = (
    Usage(
        "/train",
        (),
        Train,
        "Fine-tune a model on a data set: shows the plan, then queues it.",
        "/train reviews method=lora epochs=2",
    ),
    Usage("/train", ("list",), ListJobs, "Show the queue and the newest jobs.", "/train list"),
    Usage("/train", ("show",), ShowJob, "Show one job, or its result.", "/train show 12"),
    Usage("/train", ("cancel",), CancelJob, "Stop a job; what it has is kept.", "/train cancel 12"),
    Usage(
        "/train",
        ("retry",),
        RetryJob,
        "Run a job again: as it is from its checkpoint, or anew with other options.",
        "/train retry 12 batch=8",
    ),
    Usage("/train", ("logs",), ShowLogs, "Show the end of a job's log.", "/train logs 12"),
    Usage("/train", ("models",), ListModels, "Show the trained models.", "/train models"),
    Usage(
        "/train",
        ("promote",),
        Promote,
        "Let a job's model serve, unless it is shown to be worse.",
        "/train promote 12",
    ),
    Usage("/train", ("rollback",), Rollback, "Go back to the model before.", "/train rollback"),
    Usage("/train", ("data", "list"), ListData, "Show the data sets.", "/train data list"),
    Usage(
        "/train",
        ("data", "show"),
        ShowData,
        "Show what is in a data set.",
        "/train data show reviews",
    ),
    Usage("/train", ("data", "add"), AddData, "Add a file as a data set.", "/train data add"),
    Usage(
        "/train",
        ("data", "sample"),
        AddSample,
        "Add the sample: short work-chat messages, labelled by sentiment.",
        "/train data sample",
    ),
    Usage(
        "/train",
        ("data", "rename"),
        RenameData,
        "Give a data set another name.",
        "/train data rename reviews film-reviews",
    ),
    Usage(
        "/train",
        ("data", "delete"),
        DeleteData,
        "Delete a data set and its rows.",
        "/train data delete reviews",
    ),
    Usage(
        "/sentiment",
        (),
        Sentiment,
        "Tell the sentiment of a text, to you alone.",
        "/sentiment I love how quick this was",
    ),
    Usage("/coach", ("help",), Help, "Show what you can type.", "/coach help retry"),
    Usage("/coach", ("status",), Status, "Show how Coach is doing.", "/coach status"),
    Usage("/coach", ("who",), Who, "Show who you are to Coach, and whose jobs run.", "/coach who"),
)


def about(topic: str | None) -> tuple[Usage, ...]:
    """Find the usage of a command (`train`), a verb (`cancel`) or both (`train data`); all for None."""
    wanted = (topic or "").lower().removeprefix("/")
    return tuple(
        u for u in USAGE if any(f"{n} ".startswith(f"{wanted} ".lstrip()) for n in names(u))
    )


def verbs_of(command: str) -> list[str]:
    """List the words that may follow a command, as `list` and `data` follow `/train`."""
    return sorted({usage.words[0] for usage in USAGE if usage.command == command and usage.words})


def names(usage: Usage) -> tuple[str, str]:
    """Give what help finds a usage under: `train data list` and `data list`."""
    words = " ".join(usage.words)
    return f"{usage.command[1:]} {words}".strip(), words
