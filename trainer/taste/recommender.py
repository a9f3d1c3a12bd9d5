"""Recommend without torch: an exported encoder, the items it knows, and how popular each is."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from trainer.graph import GraphCard, TextGraph
from trainer.taste import score as taste
from trainer.taste.score import Scores, Vectors

REMEMBERED = 10_000  # texts beyond the known items whose vectors are kept: 15 MB


class RecommenderCard(GraphCard):
    """What serving needs of a recommender's `model.json`; the rest of it is for people."""

    dimensions: int
    popularity_weight: float = Field(description="of popularity beside a cosine")


class Item(BaseModel):
    """A line of `items.jsonl`."""

    model_config = ConfigDict(frozen=True, hide_input_in_errors=True)

    item: str
    clicks: int = Field(description="in the training split")


@dataclass(frozen=True)
class Order:
    """How much a person will like each candidate; more is better, whatever the scale."""

    scores: Scores  # [candidates]
    by: Literal["history", "popularity"]  # what spoke: who has no history gets what is popular


class Items:
    """The items of a model in the order of their numbers, with their vectors."""

    def __init__(self, items: Sequence[Item], vectors: Vectors) -> None:
        if len(items) != len(vectors):
            raise ValueError(f"There are {len(items)} items and {len(vectors)} vectors.")
        self.texts = [one.item for one in items]
        self.clicks = [one.clicks for one in items]
        self.vectors = vectors

    @classmethod
    def load(cls, folder: Path) -> Items:
        """Load `items.jsonl` and `vectors.npy`; raise OSError or ValueError as they are amiss."""
        with (folder / "items.jsonl").open(encoding="utf-8") as lines:
            items = [Item.model_validate_json(line) for line in lines]
        vectors = np.load(folder / "vectors.npy", allow_pickle=False)
        return cls(items, vectors.astype(np.float32))

    def save(self, folder: Path) -> None:
        """Write both files, the vectors in half precision: a cosine changes by 0.001 at most."""
        with (folder / "items.jsonl").open("w", encoding="utf-8") as file:
            for item, clicks in zip(self.texts, self.clicks, strict=True):
                file.write(json.dumps({"item": item, "clicks": clicks}, ensure_ascii=False) + "\n")
        np.save(folder / "vectors.npy", self.vectors.astype(np.float16))


class Recommender:
    """A model that orders items for people, in memory; several threads may use it at once."""

    def __init__(self, graph: TextGraph, card: RecommenderCard, items: Items) -> None:
        self.card = card
        self.items = items.texts
        self._graph = graph
        self._clicks = dict(zip(items.texts, items.clicks, strict=True))
        self._known = dict(zip(items.texts, items.vectors, strict=True))
        self._met: dict[str, Vectors] = {}  # texts that are no item of the model

    @classmethod
    def load(cls, folder: Path, *, threads: int = 0) -> Recommender:
        """Load the folder that training wrote; 0 threads means as many as there are CPUs.

        Raise OSError where a file is missing, ValueError where one is no such file.
        """
        card = RecommenderCard.model_validate_json((folder / "model.json").read_bytes())
        return cls(TextGraph.load(folder, card, threads=threads), card, Items.load(folder))

    def warm(self) -> None:
        """Encode one text, so that the first person needn't wait for the first allocation."""
        self._graph.rows(["warm"], self.card.dimensions)

    def rank(self, history: Sequence[str], candidates: Sequence[str]) -> Order:
        """Score candidates for who took these items before, the latest last.

        Texts that the model doesn't know are encoded; they are as popular as what nobody took.
        """
        vectors = self.vectors([*history, *candidates])
        earlier, items = vectors[: len(history)], vectors[len(history) :]
        query = taste.ask([range(len(history))], earlier)
        weight = self.card.popularity_weight
        (scores,) = taste.score(query, items, self.popularity(candidates), weight=weight)
        return Order(scores, "history" if history else "popularity")

    def vectors(self, texts: Sequence[str]) -> Vectors:
        """Give vectors [texts, dimensions] of length 1; each text is encoded once."""
        found = {text: self._find(text) for text in texts}
        unmet = [text for text, vector in found.items() if vector is None]
        fresh = dict(zip(unmet, self._graph.rows(unmet, self.card.dimensions), strict=True))
        self._met = fresh if len(self._met) > REMEMBERED else {**self._met, **fresh}
        known = {**found, **fresh}
        return np.array([known[text] for text in texts], np.float32).reshape(
            len(texts), self.card.dimensions
        )

    def popularity(self, texts: Sequence[str]) -> Scores:
        """Give the log of each text's share of the clicks in training, smoothed."""
        return taste.popularity([self._clicks.get(text, 0) for text in texts])

    def _find(self, text: str) -> Vectors | None:
        return self._known.get(text, self._met.get(text))
