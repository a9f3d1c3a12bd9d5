"""What people can ask for: a record for each verb, its words told by their annotations."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

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
