"""Figures of a model on its test split, a record for each task; the first figure is compared by."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import Discriminator, Field, Tag

from trainer.spec.record import Frozen


class Interval(Frozen):
    """A figure with its 95% bootstrap interval."""

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
    """A classifier's figures on one test split; the labels are in the order of `confusion`."""

    task: Literal["classification"] = "classification"
    n: int
    labels: list[str]
    accuracy: Interval
    macro_f1: Interval
    per_class: list[ClassScore]
    confusion: list[list[int]] = Field(description="rows are true labels, columns are predictions")

    def figures(self) -> dict[str, Interval]:
        """Give the figures by name; the first is the one that models are compared by."""
        return {"accuracy": self.accuracy, "macro_f1": self.macro_f1}


class LabelScore(ClassScore):
    """One of several labels that a text may have."""

    threshold: float = Field(description="probability from which on it is given")


class MultilabelScores(Frozen):
    """Figures of a model that gives each text any number of labels."""

    task: Literal["multilabel"] = "multilabel"
    n: int
    labels: list[str]
    micro_f1: Interval
    macro_f1: Interval
    exact: Interval = Field(description="share of texts with all their labels and no other")
    per_label: list[LabelScore]

    def figures(self) -> dict[str, Interval]:
        return {"micro_f1": self.micro_f1, "macro_f1": self.macro_f1, "exact": self.exact}


class RetrievalScores(Frozen):
    """Figures of a model that finds the answer to a question among all answers."""

    task: Literal["retrieval"] = "retrieval"
    n: int = Field(description="test questions that have an answer")
    answers: int = Field(description="answers searched")
    recall_at_1: Interval
    recall_at_5: Interval
    mrr: Interval
    out_of_scope: int = Field(description="test questions without an answer")
    answered_out_of_scope: Interval | None = Field(description="of those, answered all the same")
    answered: Interval = Field(description="of the questions that have an answer")
    right_if_answered: Interval | None = Field(
        default=None, description="of the latter, answered rightly"
    )
    made_out_of_scope: int = Field(
        default=0, description="of those out of scope, made by leaving their answers out"
    )
    bound: float = Field(
        default=1.0, description="promised share of out-of-scope questions that are answered"
    )
    questions_searched: int = Field(
        default=0, description="training questions that lead to their answers; 0: none do"
    )
    curve: list[float] = Field(default=[], description="recall@1, recall@2, … recall@10")
    hardest: list[int] = Field(
        default=[], description="rows of the file whose questions rank their answers lowest"
    )

    def figures(self) -> dict[str, Interval]:
        return {"recall@1": self.recall_at_1, "recall@5": self.recall_at_5, "mrr": self.mrr}


class RecommendationScores(Frozen):
    """Figures of a model that orders items by what a person will choose, on later choices."""

    task: Literal["recommendation"] = "recommendation"
    n: int = Field(description="choices predicted")
    users: int
    items: int
    hit_at_10: Interval
    ndcg_at_10: Interval
    auc: Interval
    cold_users: int = Field(description="users of the test split without a history")
    new_users: dict[str, float] = Field(
        default={}, description="the same figures on users that training never saw"
    )
    curve: list[float] = Field(default=[], description="hit@1, hit@2, … hit@20")

    def figures(self) -> dict[str, Interval]:
        return {"hit@10": self.hit_at_10, "ndcg@10": self.ndcg_at_10, "auc": self.auc}


class Sample(Frozen):
    """A held-out prompt, and what was written after it; all cut."""

    prompt: str
    expected: str
    before: str
    after: str


class GenerationScores(Frozen):
    """Figures of a model that writes, on held-out answers; lower is better."""

    task: Literal["generation"] = "generation"
    n: int = Field(description="test answers")
    tokens: int
    loss: Interval = Field(description="nats a token of the answers")
    perplexity: Interval
    samples: list[Sample]
    unanswered: int = Field(default=0, description="pairs of any split left out: no answer")
    too_long: int = Field(default=0, description="pairs left out: the answer alone is too long")

    def figures(self) -> dict[str, Interval]:
        return {"loss": self.loss, "perplexity": self.perplexity}


def _task_of(scores: object) -> str:
    """Name the task that scores are of; the first versions wrote none, and had one task."""
    if isinstance(scores, Mapping):
        return str(scores.get("task", "classification"))
    return str(getattr(scores, "task", ""))


AnyScores = Annotated[
    Annotated[Scores, Tag("classification")]
    | Annotated[MultilabelScores, Tag("multilabel")]
    | Annotated[RetrievalScores, Tag("retrieval")]
    | Annotated[RecommendationScores, Tag("recommendation")]
    | Annotated[GenerationScores, Tag("generation")],
    Discriminator(_task_of),
]
