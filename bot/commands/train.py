"""What can be asked of /train."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from pydantic import Field

from bot.commands.words import Alias, Command, Name, Number, Option, Title, Usage
from trainer.spec import Method, Recipe

DEFAULT_ALIAS = "sentiment"  # what `/sentiment` is answered by


@dataclass(frozen=True, kw_only=True)
class Choices(Command):
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
class ListJobs(Command): ...


@dataclass(frozen=True)
class ShowJob(Command):
    number: Number


@dataclass(frozen=True)
class CancelJob(Command):
    number: Number


@dataclass(frozen=True)
class ShowLogs(Command):
    number: Number


@dataclass(frozen=True)
class ListModels(Command): ...


@dataclass(frozen=True)
class Promote(Command):
    number: Number
    as_: Alias = DEFAULT_ALIAS
    reason: Annotated[
        str | None,
        Field(min_length=1, max_length=500),
        Option('"in quotation marks"', "why it serves though it is worse", admins=True),
    ] = None


@dataclass(frozen=True)
class Rollback(Command):
    as_: Alias = DEFAULT_ALIAS


@dataclass(frozen=True)
class ListData(Command): ...


@dataclass(frozen=True)
class ShowData(Command):
    name: Title


@dataclass(frozen=True)
class AddData(Command): ...


@dataclass(frozen=True)
class AddSample(Command): ...


@dataclass(frozen=True)
class RenameData(Command):
    name: Name
    new_name: Name


@dataclass(frozen=True)
class DeleteData(Command):
    name: Title


USAGE = (
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
)
