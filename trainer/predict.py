"""Serve exported models without torch: texts in, calibrated answers or vectors out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from trainer.evaluate import softmax
from trainer.graph import GraphCard, TextGraph

Logits = NDArray[np.float32]  # [texts, labels]
Vectors = NDArray[np.float32]  # [texts, dimensions], each of length 1


class ModelCard(GraphCard):
    """What serving needs of a model's `model.json`; the rest of it is for people."""

    labels: list[str]
    temperature: float = Field(gt=0)
    threshold: float = Field(description="calibrated confidence below which it is not sure")


class EncoderCard(GraphCard):
    """What serving needs of an encoder's `encoder.json`."""

    dimensions: int


@dataclass(frozen=True)
class Prediction:
    """One answer; `sure` is false below the model's threshold."""

    label: str
    confidence: float  # calibrated
    probabilities: dict[str, float]  # label -> calibrated probability, in the model's order
    sure: bool


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
        return [self._answer(row) for row in self.chances(texts)]

    def chances(self, texts: Sequence[str]) -> NDArray[np.float64]:
        """Compute calibrated probabilities [texts, labels] in the order given."""
        return softmax(self.logits(texts), self.card.temperature)

    def fits(self, text: str) -> bool:
        """Tell whether a text is read to its end: of longer ones only the beginning is."""
        return self._graph.fits(text)

    def logits(self, texts: Sequence[str]) -> Logits:
        """Compute float32 logits [texts, labels] in the order given."""
        return self._graph.rows(texts, len(self.card.labels))

    def _answer(self, chances: NDArray[np.float64]) -> Prediction:
        best = int(chances.argmax())
        confidence = float(chances[best])
        return Prediction(
            label=self.card.labels[best],
            confidence=confidence,
            probabilities=dict(zip(self.card.labels, chances.tolist(), strict=True)),
            sure=confidence >= self.card.threshold,
        )


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
