"""What can be asked of /train."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import Field

from bot.commands.words import Alias, Argument, Command, Lower, Name, Number, Option, Title, Usage
from bot.language import mark
from trainer.spec import AUGMENTATIONS, Method, Precision, Recipe, Task, Tracker

DEFAULT_ALIAS = "sentiment"  # what `/sentiment` is answered by
# What a model of a task usually serves as.
ALIASES: dict[Task, str] = {
    "classification": DEFAULT_ALIAS,
    "multilabel": "topics",
    "retrieval": "answers",
    "recommendation": "learning",
    "generation": "chat",
}
_AUGMENTATION = "|".join(AUGMENTATIONS)
_LIST_OR_RANGE = Option(
    mark("values by commas, or from..to"), mark("what the search may choose from")
)
Space = Annotated[str | None, Field(min_length=1, max_length=200), _LIST_OR_RANGE]


@dataclass(frozen=True, kw_only=True)
class Choices(Command):
    """What a person chose by `name=value`; None leaves it to the recipe."""

    model: Annotated[
        str | None,
        Field(min_length=1, max_length=200),
        Option(mark("a hub id, a folder or `minilm`"), mark("the base model to fine-tune")),
    ] = None
    method: Annotated[
        Method | None,
        Option(
            mark("auto, full, body, head, probe, lora, adalora, ia3 or adapters"),
            mark("which weights are trained; auto tries the cheap ones first"),
        ),
    ] = None
    task: Annotated[
        Task | None,
        Option(
            mark("retrieval or generation"),
            mark("what is learnt from questions and answers: to find one, or to write one"),
        ),
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
    warmup: Annotated[
        float | None,
        Option(mark("0 up to 1"), mark("the share of the steps in which the rate rises")),
    ] = None
    weight_decay: Annotated[
        float | None, Option(mark("0 to 1"), mark("how much large weights are pulled back"))
    ] = None
    patience: Annotated[
        int | None,
        Option(mark("0 to 20"), mark("epochs without a better one before it stops; 0: never")),
    ] = None
    balanced: Annotated[bool | None, Option(mark("yes or no"), mark("rare classes weigh more"))] = (
        None
    )
    augment: Annotated[
        str | None,
        Field(pattern=rf"^({_AUGMENTATION})(,({_AUGMENTATION}))*$"),
        Option(
            mark("delete, swap, synonym, punctuation; some by commas"),
            mark("training rows are varied; what that changes is measured"),
        ),
    ] = None
    rank: Annotated[
        int | None, Option(mark("1 to 256"), mark("the size of LoRA and of adapters"))
    ] = None
    accumulation: Annotated[
        int | None,
        Option(mark("1 to 256"), mark("batches a step: as large a batch in less memory")),
    ] = None
    gradient_checkpointing: Annotated[
        bool | None, Option(mark("yes or no"), mark("less memory for more time"))
    ] = None
    precision: Annotated[
        Precision | None, Option(mark("auto, bf16 or fp32"), mark("the numbers it computes with"))
    ] = None
    compile: Annotated[
        bool | None, Option(mark("yes or no"), mark("torch.compile: a long start, faster steps"))
    ] = None
    gpus: Annotated[
        int | None, Field(ge=1, le=64), Option(mark("1 to 64"), mark("GPUs that train together"))
    ] = None
    track: Annotated[
        Tracker | None,
        Option(mark("tensorboard, wandb, mlflow or trackio"), mark("where curves are kept, too")),
    ] = None
    teacher: Annotated[
        int | None,
        Field(ge=1, lt=2**31),
        Option(mark("a model's number"), mark("learn its soft answers as well (distillation)")),
    ] = None
    prune: Annotated[
        bool | None, Option(mark("yes or no"), mark("leave out tokens that the data never uses"))
    ] = None
    priority: Annotated[
        int | None,
        Field(ge=-10, le=10),
        Option(mark("-10 to 10"), mark("higher starts earlier; 0 is usual")),
    ] = None
    now: Annotated[
        bool, Option(mark("yes or no"), mark("queue at once, without the plan card"))
    ] = False

    def recipe_overrides(self) -> dict[str, object]:
        """Give what was typed of the recipe beside the method, as `choose_recipe` takes it."""
        names = (name for name in Recipe.model_fields if hasattr(self, name) and name != "method")
        chosen = {name: getattr(self, name) for name in names}
        if self.augment is not None:
            chosen["augment"] = tuple(self.augment.split(","))
        return {name: value for name, value in chosen.items() if value is not None}

    def work_overrides(self) -> dict[str, object]:
        """Give what was typed of the work beside its recipe; whoever knows the models adds a teacher."""
        chosen: dict[str, object] = {}
        if self.gpus is not None:
            chosen["devices"] = self.gpus
        if self.track is not None:
            chosen["trackers"] = (self.track,)
        if self.prune is not None:
            chosen["prune_vocabulary"] = self.prune
        return chosen


@dataclass(frozen=True, kw_only=True)
class Train(Choices):
    dataset: Title


@dataclass(frozen=True, kw_only=True)
class RetryJob(Choices):
    """Without choices the job goes on from its checkpoint; with some it is a new job."""

    number: Number


@dataclass(frozen=True, kw_only=True)
class SweepTrain(Command):
    """Search for a better recipe: `lr=1e-5..5e-4 method=full,lora`."""

    dataset: Title
    trials: Annotated[
        int, Field(ge=2, le=500), Option(mark("2 to 500"), mark("recipes that are tried"))
    ] = 20
    budget: Annotated[
        str,
        Field(pattern=r"^[0-9]{1,4}(\.[0-9]+)?[mh]$"),
        Option(mark("such as 90m or 2h"), mark("the time of all trials together")),
    ] = "2h"
    model: Space = None
    method: Space = None
    lr: Space = None
    epochs: Space = None
    batch: Space = None
    max_length: Space = None
    warmup: Space = None
    weight_decay: Space = None
    rank: Space = None
    priority: Annotated[
        int | None,
        Field(ge=-10, le=10),
        Option(mark("-10 to 10"), mark("higher starts earlier; 0 is usual")),
    ] = None
    now: Annotated[
        bool, Option(mark("yes or no"), mark("queue at once, without the plan card"))
    ] = False


@dataclass(frozen=True)
class CompareJobs(Command):
    numbers: Annotated[
        str,
        Field(pattern=r"^#?\d{1,9}([ ,]+#?\d{1,9}){1,9}$"),
        Argument(mark("two to ten jobs' numbers"), rest=True),
    ]


@dataclass(frozen=True)
class PauseJob(Command):
    number: Number


@dataclass(frozen=True)
class ResumeJob(Command):
    number: Number


@dataclass(frozen=True)
class ExtendJob(Command):
    number: Number
    epochs: Annotated[
        int, Field(ge=1, le=20), Option(mark("1 to 20"), mark("more passes over the training rows"))
    ] = 1


@dataclass(frozen=True)
class SaveJob(Command):
    """Save a checkpoint now."""

    number: Number


@dataclass(frozen=True)
class ReviewData(Command):
    """Look at the rows whose label is suspected to be wrong."""

    name: Title


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
    as_: Annotated[
        str | None,
        Lower,
        Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,39}$"),
        Option(mark("a name"), mark("the purpose the model serves; else the usual of its task")),
    ] = None
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
class AddSample(Command):
    which: Annotated[Literal["work-chat", "support"], Argument(mark("work-chat or support"))] = (
        "work-chat"
    )


@dataclass(frozen=True)
class AddLearning(Command):
    """What the team took up to learn, as clicks."""


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
        ("sweep",),
        SweepTrain,
        mark("Search for a better recipe, then train the winner once."),
        "/train sweep reviews trials=10 lr=1e-5..5e-4 method=full,lora",
    ),
    Usage(
        "/train",
        ("compare",),
        CompareJobs,
        mark("Compare finished jobs: figures with intervals, time, memory, size."),
        "/train compare 12 14 15",
        guests=True,
    ),
    Usage(
        "/train",
        ("pause",),
        PauseJob,
        mark("Let a job save and wait; it goes on when it is resumed."),
        "/train pause 12",
    ),
    Usage("/train", ("resume",), ResumeJob, mark("Let a paused job go on."), "/train resume 12"),
    Usage(
        "/train",
        ("extend",),
        ExtendJob,
        mark("Give a running job more epochs."),
        "/train extend 12 epochs=2",
    ),
    Usage(
        "/train", ("save",), SaveJob, mark("Save a checkpoint of a running job."), "/train save 12"
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
        mark("Add a sample: work-chat messages with their sentiment, or support questions."),
        "/train data sample support",
    ),
    Usage(
        "/train",
        ("data", "learning"),
        AddLearning,
        mark("Make a data set of what the team took up to learn, to train what it recommends."),
        "/train data learning",
        roles=("admin", "lead"),
    ),
    Usage(
        "/train",
        ("data", "review"),
        ReviewData,
        mark("Look at the rows of a data set whose label may be wrong."),
        "/train data review reviews",
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
