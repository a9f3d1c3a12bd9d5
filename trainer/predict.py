"""Serve exported models without torch: texts in, calibrated answers or vectors out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from trainer.evaluate import softmax
from trainer.graph import GraphCard, TextGraph
from trainer.label_sets import sigmoid

Logits = NDArray[np.float32]  # [texts, labels]
JOIN = "|"  # between the labels of a text
Vectors = NDArray[np.float32]  # [texts, dimensions], each of length 1


class ModelCard(GraphCard):
    """What serving needs of a model's `model.json`; the rest of it is for people."""

    labels: list[str]
    temperature: float = Field(gt=0)
    threshold: float = Field(description="calibrated confidence below which it is not sure")
    thresholds: dict[str, float] | None = Field(
        default=None, description="label -> probability from which on a text is given it"
    )


class EncoderCard(GraphCard):
    """What serving needs of an encoder's `encoder.json`."""

    dimensions: int


@dataclass(frozen=True)
class Prediction:
    """One answer; `sure` is false below the model's threshold.

    A model of several labels gives `labels`, maybe none; `label` is then the likeliest of these,
    or of all where none is given, and that isn't sure.
    """

    label: str
    confidence: float  # calibrated
    probabilities: dict[str, float]  # label -> calibrated probability, in the model's order
    sure: bool
    labels: tuple[str, ...] | None = None  # likeliest first; None: a text has one label

    @property
    def told(self) -> str:
        """All that was told, several labels as data sets write them: `billing|refund`."""
        return self.label if self.labels is None else JOIN.join(sorted(self.labels))


class Classifier:
    """A model of labels in memory; one may be used from several threads at once."""

    def __init__(self, graph: TextGraph, card: ModelCard) -> None:
        self.card = card
        self._graph = graph

    @classmethod
    def load(cls, folder: Path, *, threads: int = 0) -> Classifier:
        """Load the folder that `trainer.export` wrote; 0 threads means as many as there are CPUs.

        Raise OSError where a file is missing, ValueError where model.json is no model card.
        """
        card = ModelCard.model_validate_json((folder / "model.json").read_bytes())
        return cls(TextGraph.load(folder, card, threads=threads), card)

    def warm(self) -> None:
        """Answer one text, so that the first person needn't wait for the first allocation."""
        self.logits(["warm"])

    def classify(self, texts: Sequence[str]) -> list[Prediction]:
        """Answer texts in their order, with calibrated confidence."""
        return [answer(self.card, row) for row in self.chances(texts)]

    def chances(self, texts: Sequence[str]) -> NDArray[np.float64]:
        """Compute calibrated probabilities [texts, labels] in the order given."""
        return calibrate(self.card, self.logits(texts))

    def fits(self, text: str) -> bool:
        """Tell whether a text is read to its end: of longer ones only the beginning is."""
        return self._graph.fits(text)

    def logits(self, texts: Sequence[str]) -> Logits:
        """Compute float32 logits [texts, labels] in the order given."""
        return self._graph.rows(texts, len(self.card.labels))


def calibrate(card: ModelCard, logits: Logits) -> NDArray[np.float64]:
    """Turn logits into calibrated probabilities of the same shape."""
    if card.thresholds is not None:
        return sigmoid(logits, card.temperature)
    return softmax(logits, card.temperature)


def answer(card: ModelCard, chances: Sequence[float] | NDArray[np.floating[Any]]) -> Prediction:
    """Answer a text by its calibrated probabilities [labels], in the order of the card."""
    probabilities = dict(zip(card.labels, map(float, chances), strict=True))
    if card.thresholds is None:
        best = max(card.labels, key=lambda label: probabilities[label])
        confidence = probabilities[best]
        return Prediction(best, confidence, probabilities, confidence >= card.threshold)
    likeliest = sorted(card.labels, key=lambda label: -probabilities[label])
    given = tuple(one for one in likeliest if probabilities[one] >= card.thresholds[one])
    label = given[0] if given else likeliest[0]
    return Prediction(label, probabilities[label], probabilities, bool(given), given)


class Encoder:
    """A model of vectors in memory; one may be used from several threads at once."""

    def __init__(self, graph: TextGraph, card: EncoderCard) -> None:
        self.card = card
        self._graph = graph

    @classmethod
    def load(cls, folder: Path, *, threads: int = 0) -> Encoder:
        """Load the folder that `trainer.encoder` wrote; 0 threads means as many as there are CPUs.

        Raise OSError where a file is missing, ValueError where encoder.json is no card of one.
        """
        card = EncoderCard.model_validate_json((folder / "encoder.json").read_bytes())
        return cls(TextGraph.load(folder, card, threads=threads), card)

    def warm(self) -> None:
        """Encode one text, so that the first person needn't wait for the first allocation."""
        self.encode(["warm"])

    def encode(self, texts: Sequence[str]) -> Vectors:
        """Compute float32 vectors [texts, dimensions] of length 1, in the order given."""
        return self._graph.rows(texts, self.card.dimensions)
