"""What can be asked of /train."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from pydantic import Field

from bot.commands.words import Alias, Command, Name, Number, Option, Title, Usage
from bot.language import mark
from trainer.spec import Method, Recipe

DEFAULT_ALIAS = "sentiment"  # what `/sentiment` is answered by


@dataclass(frozen=True, kw_only=True)
class Choices(Command):
    """What a person chose by `name=value`; None leaves it to the recipe."""

    model: Annotated[
        str | None,
        Field(min_length=1, max_length=200),
        Option(mark("a hub id, a folder or `minilm`"), mark("the base model to fine-tune")),
    ] = None
    method: Annotated[
        Method | None, Option(mark("full, head or lora"), mark("which weights are trained"))
    ] = None
    epochs: Annotated[
        int | None, Option(mark("1 to 100"), mark("passes over the training rows"))
    ] = None
    lr: Annotated[float | None, Option(mark("above 0, up to 1"), mark("the learning rate"))] = None
    batch: Annotated[int | None, Option(mark("1 to 1024"), mark("rows a step"))] = None
    max_length: Annotated[
        int | None, Option(mark("8 to 8192"), mark("tokens a text is cut to"))
    ] = None
    seed: Annotated[
        int | None, Option(mark("0 or more"), mark("the same seed, the same result"))
    ] = None
    priority: Annotated[
        int | None,
        Field(ge=-10, le=10),
        Option(mark("-10 to 10"), mark("higher starts earlier; 0 is usual")),
    ] = None
    now: Annotated[
        bool, Option(mark("yes or no"), mark("queue at once, without the plan card"))
    ] = False

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
        Option(mark('"in quotation marks"'), mark("why it serves though it is worse"), admins=True),
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
        mark("Fine-tune a model on a data set: shows the plan, then queues it."),
        "/train reviews method=lora epochs=2",
    ),
    Usage(
        "/train",
        ("list",),
        ListJobs,
        mark("Show the queue and the newest jobs."),
        "/train list",
        guests=True,
    ),
    Usage(
        "/train",
        ("show",),
        ShowJob,
        mark("Show one job, or its result."),
        "/train show 12",
        guests=True,
    ),
    Usage(
        "/train",
        ("cancel",),
        CancelJob,
        mark("Stop a job; what it has is kept."),
        "/train cancel 12",
    ),
    Usage(
        "/train",
        ("retry",),
        RetryJob,
        mark("Run a job again: as it is from its checkpoint, or anew with other options."),
        "/train retry 12 batch=8",
    ),
    Usage(
        "/train",
        ("logs",),
        ShowLogs,
        mark("Show the end of a job's log."),
        "/train logs 12",
        guests=True,
    ),
    Usage(
        "/train",
        ("models",),
        ListModels,
        mark("Show the trained models."),
        "/train models",
        guests=True,
    ),
    Usage(
        "/train",
        ("promote",),
        Promote,
        mark("Let a job's model serve, unless it is shown to be worse."),
        "/train promote 12",
    ),
    Usage(
        "/train", ("rollback",), Rollback, mark("Go back to the model before."), "/train rollback"
    ),
    Usage(
        "/train",
        ("data", "list"),
        ListData,
        mark("Show the data sets."),
        "/train data list",
        guests=True,
    ),
    Usage(
        "/train",
        ("data", "show"),
        ShowData,
        mark("Show what is in a data set."),
        "/train data show reviews",
        guests=True,
    ),
    Usage("/train", ("data", "add"), AddData, mark("Add a file as a data set."), "/train data add"),
    Usage(
        "/train",
        ("data", "sample"),
        AddSample,
        mark("Add the sample: short work-chat messages, labelled by sentiment."),
        "/train data sample",
    ),
    Usage(
        "/train",
        ("data", "rename"),
        RenameData,
        mark("Give a data set another name."),
        "/train data rename reviews film-reviews",
    ),
    Usage(
        "/train",
        ("data", "delete"),
        DeleteData,
        mark("Delete a data set and its rows."),
        "/train data delete reviews",
    ),
)
