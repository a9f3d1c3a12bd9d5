"""What people can type: a record for each verb, and the one table of their usage."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields
from functools import cached_property
from typing import Annotated, Any, get_type_hints

from pydantic import BeforeValidator, Field

from trainer.spec import Method, Recipe

DEFAULT_ALIAS = "sentiment"  # what `/sentiment` is answered by


@dataclass(frozen=True)
class Argument:
    """A word known by its place, such as `<dataset>`; or the whole rest of the text."""

    meaning: str
    rest: bool = False


@dataclass(frozen=True)
class Option:
    """A word of the form `name=value`."""

    values: str
    meaning: str
    admins: bool = False


Number = Annotated[
    int,
    Field(ge=1, lt=2**31),
    BeforeValidator(lambda typed: typed.removeprefix("#")),
    Argument("a job's number, as `/train list` shows"),
]
Lower = BeforeValidator(str.lower)
Title = Annotated[
    str,
    Lower,
    Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,39}(@[1-9][0-9]{0,5})?$"),
    Argument("a data set's name, such as `reviews`, or a version of it, such as `reviews@2`"),
]
Name = Annotated[
    str,
    Lower,
    Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,39}$"),
    Argument("a name of letters a-z, digits, - and _, such as `reviews`"),
]
Alias = Annotated[
    str,
    Lower,
    Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,39}$"),
    Option("a name", "the purpose the model serves"),
]


@dataclass(frozen=True, kw_only=True)
class Choices:
    """What a person chose by `name=value`; None leaves it to the recipe."""

    model: Annotated[
        str | None,
        Field(min_length=1, max_length=200),
        Option("a hub id, a folder or `minilm`", "the base model to fine-tune"),
    ] = None
    method: Annotated[Method | None, Option("full, head or lora", "which weights are trained")] = (
        None
    )
    epochs: Annotated[int | None, Option("1 to 100", "passes over the training rows")] = None
    lr: Annotated[float | None, Option("above 0, up to 1", "the learning rate")] = None
    batch: Annotated[int | None, Option("1 to 1024", "rows a step")] = None
    max_length: Annotated[int | None, Option("8 to 8192", "tokens a text is cut to")] = None
    seed: Annotated[int | None, Option("0 or more", "the same seed, the same result")] = None
    priority: Annotated[
        int | None, Field(ge=-10, le=10), Option("-10 to 10", "higher starts earlier; 0 is usual")
    ] = None
    now: Annotated[bool, Option("yes or no", "queue at once, without the plan card")] = False

    def recipe_overrides(self) -> dict[str, float]:
        """Give the numbers of the recipe that were typed, as `choose_recipe` takes them."""
        chosen = {name: getattr(self, name) for name in Recipe.model_fields if hasattr(self, name)}
        return {k: v for k, v in chosen.items() if isinstance(v, int | float)}


@dataclass(frozen=True, kw_only=True)
class Train(Choices):
    dataset: Title


@dataclass(frozen=True, kw_only=True)
class RetryJob(Choices):
    """Without choices the job goes on from its checkpoint; with some it is a new job."""

    number: Number


@dataclass(frozen=True)
class ListJobs: ...


@dataclass(frozen=True)
class ShowJob:
    number: Number


@dataclass(frozen=True)
class CancelJob:
    number: Number


@dataclass(frozen=True)
class ShowLogs:
    number: Number


@dataclass(frozen=True)
class ListModels: ...


@dataclass(frozen=True)
class Promote:
    number: Number
    as_: Alias = DEFAULT_ALIAS
    reason: Annotated[
        str | None,
        Field(min_length=1, max_length=500),
        Option('"in quotation marks"', "why it serves though it is worse", admins=True),
    ] = None


@dataclass(frozen=True)
class Rollback:
    as_: Alias = DEFAULT_ALIAS


@dataclass(frozen=True)
class ListData: ...


@dataclass(frozen=True)
class ShowData:
    name: Title


@dataclass(frozen=True)
class AddData: ...


@dataclass(frozen=True)
class AddSample: ...


@dataclass(frozen=True)
class RenameData:
    name: Name
    new_name: Name


@dataclass(frozen=True)
class DeleteData:
    name: Title


@dataclass(frozen=True)
class Sentiment:
    text: Annotated[str | None, Argument("any text; without one a form opens", rest=True)] = None


@dataclass(frozen=True)
class Help:
    topic: Annotated[str | None, Argument("a command or one of its verbs", rest=True)] = None


@dataclass(frozen=True)
class Status: ...


@dataclass(frozen=True)
class Who: ...


Command = (
    Train
    | RetryJob
    | ListJobs
    | ShowJob
    | CancelJob
    | ShowLogs
    | ListModels
    | Promote
    | Rollback
    | ListData
    | ShowData
    | AddData
    | AddSample
    | RenameData
    | DeleteData
    | Sentiment
    | Help
    | Status
    | Who
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


def names(usage: Usage) -> tuple[str, str]:
    """Give what help finds a usage under: `train data list` and `data list`."""
    words = " ".join(usage.words)
    return f"{usage.command[1:]} {words}".strip(), words
