"""What a run found: scores, baselines, comparisons, exports, and the summary of it all."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field, TypeAdapter, model_validator

from trainer.spec.dataset import ColumnQuestion
from trainer.spec.recipe import Method, Recipe, Task
from trainer.spec.record import Frozen
from trainer.spec.scores import AnyScores, Interval


class Difference(Frozen):
    """Paired difference on the same rows, in points (1 point = 0.01), or of a loss in nats."""

    points: float
    margin: float = Field(description="half of the 95% interval, in the same unit")
    n: int
    verdict: Literal["better", "worse", "none"] = Field(description="none: no difference shown")
    metric: str = Field(default="accuracy", description="as `figures()` of the scores calls it")
    unit: Literal["points", "nats"] = "points"


class Figured(Frozen):
    """A record with figures by name; the first versions wrote two of them as fields."""

    figures: dict[str, float]

    @model_validator(mode="before")
    @classmethod
    def _gather(cls, values: Any) -> Any:  # noqa: ANN401  (anything may come to be validated)
        if not isinstance(values, dict) or "figures" in values:
            return values
        old = {name: values[name] for name in ("accuracy", "macro_f1") if name in values}
        return {k: v for k, v in values.items() if k not in old} | {"figures": old}


class Baseline(Figured):
    """What a fine-tuned model has to beat; `difference` is the model minus the baseline."""

    name: str
    difference: Difference
    curve: list[float] = Field(default=[], description="where items are ranked: hit@1, hit@2, …")


class Comparison(Frozen):
    """The new model against the one that served, on the new one's test split."""

    model: int
    difference: Difference
    left_out: int = Field(description="test rows left out: the other model was trained on them")
    unknown_labels: list[str] = Field(default=[], description="labels the other model lacks")


class OnCorrections(Frozen):
    """Two models on the corrections that were held out and that neither was trained on."""

    model: int = Field(description="the other one")
    accuracy: float = Field(description="share of right answers")
    other_accuracy: float
    difference: Difference


class Export(Frozen):
    """What serving costs, each measured on the test split."""

    format: Literal["int8", "fp32"] = Field(description="what serves")
    why: str = Field(description="one sentence")
    bytes_fp32: int
    bytes_int8: int
    agreement: float = Field(description="share of test rows on which int8 and fp32 agree")
    accuracy_change: Difference = Field(description="int8 minus fp32, by the first figure")
    latency_ms_fp32: float = Field(description="median of one short text at a time")
    latency_ms_int8: float


class Evaluated(Figured):
    """One evaluation on the validation split."""

    step: int
    epoch: float
    loss: float

    def value(self, metric: str) -> float:
        """Give what the epochs are compared by: a figure, or else the loss."""
        return self.figures.get(metric.removeprefix("eval_"), self.loss)


class Tried(Frozen):
    """A method that `method=auto` tried: its first figure on the validation split, and its time."""

    method: Method | Literal["baseline"]
    value: float
    seconds: float


class Chosen(Frozen):
    """The method that `method=auto` came to."""

    method: Method | Literal["baseline"]
    why: str = Field(description="one sentence")
    tried: list[Tried]


class Adjustment(Frozen):
    """What a run changed by itself when memory ran out: the same rows a step, fewer at once."""

    batch: int
    accumulation: int
    at_step: int


class Compressed(Frozen):
    """One form of the model: what it costs, and how it answers the test split."""

    form: str = Field(description="such as fp32, int8, teacher, pruned")
    bytes: int
    parameters: int
    latency_ms: float = Field(description="median of one short text at a time")
    figure: Interval = Field(description="the first of the scores' figures")
    agreement: float = Field(description="share of test rows answered as the first form does")
    left_out: int = Field(default=0, description="test rows that this form was trained on")


class Augmented(Frozen):
    """What augmented rows changed, against the same recipe without them."""

    rows: int = Field(description="rows added to the training split")
    difference: Difference = Field(description="on the validation split, with minus without")


class TrialResult(Frozen):
    """One trial of a sweep."""

    number: int
    params: dict[str, float | str]
    state: Literal["complete", "pruned", "stopped", "failed"] = Field(
        description="pruned: it fell behind; stopped: the budget was too short for it"
    )
    value: float | None = Field(description="best figure on the validation split, so far as it got")
    epochs: float
    seconds: float
    failure: str | None = Field(default=None, description="its cause, where it failed")
    metric: str = Field(default="macro_f1", description="the figure that `value` is")


class SweepResult(Frozen):
    """What a search found, beside the noise of a training run."""

    trials: list[TrialResult]
    best: int = Field(description="number of the winning trial; the first is the default recipe")
    default: float | None = Field(description="validation figure of the recipe it began with")
    gain: float | None = Field(
        description="of the winner with fresh seeds over the default, positive where it is better"
    )
    noise: float | None = Field(description="standard deviation of the winner from seed to seed")
    margin: float | None = Field(
        default=None, description="what chance alone seldom exceeds (95%, one-sided)"
    )
    seeds: list[float] = Field(default=[], description="the winner's figures with fresh seeds")
    metric: str = Field(default="macro_f1", description="the figure, on the validation split")
    unit: Literal["points", "nats"] = Field(
        default="points", description="of gain, noise and margin"
    )
    importance: dict[str, float] = Field(default={}, description="parameter -> share")
    stopped: Literal["trials", "budget"] = "trials"
    seconds: float = Field(default=0, description="of trials and seeds, without the last run")


class TrainSummary(Frozen):
    """The whole result of a run, as the summary, the charts, the gate and the card need it."""

    dataset_hash: str
    base_model: str
    recipe: Recipe
    device: str
    task: Task = "classification"
    scores: AnyScores = Field(description="of the exported model that serves, on the test split")
    baselines: list[Baseline] = Field(description="what costs less, on the same rows")
    comparison: Comparison | None
    on_corrections: OnCorrections | None = None
    export: Export | None = Field(description="None: what writes serves as it was trained")
    temperature: float | None = Field(default=None, description="fitted on the validation split")
    threshold: float | None = Field(
        default=None, description="confidence or score below which it says that it doesn't know"
    )
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
    kept_by: str = Field(
        default="macro_f1", description="figure of an evaluation by which the best epoch was kept"
    )
    resumed_from_step: int | None = None
    adapter_bytes: int | None = Field(default=None, description="of the trained weights alone")
    devices: int = 1
    stopped_early: bool = False
    extended_by: int = Field(default=0, description="epochs that people added while it ran")
    adjustment: Adjustment | None = None
    chosen: Chosen | None = None
    augmented: Augmented | None = None
    compressed: list[Compressed] = Field(default=[])
    sweep: SweepResult | None = None
    tracking: dict[str, str] = Field(default={}, description="tracker -> address or folder")


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
    unlabelled: int | None = Field(
        default=None, description="rows given none of several labels; None: each has one"
    )
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
