"""Find the answer to a question without torch: an exported encoder, and the vectors of all answers."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

from trainer.graph import GraphCard, TextGraph

QUESTIONS_AT_ONCE = 64  # with 100,000 answers 26 MB of scores
Vectors = NDArray[np.float32]  # [texts, dimensions], each of length 1
Scores = NDArray[np.float32]  # [questions, answers]: cosines


class RetrieverCard(GraphCard):
    """What serving needs of a retriever's `model.json`; the rest of it is for people."""

    dimensions: int
    threshold: float = Field(description="cosine below which the answer is not in the docs")


class Entry(BaseModel):
    """A line of `answers.jsonl`: an answer, and how many rows of `vectors.npy` are its own."""

    model_config = ConfigDict(frozen=True, hide_input_in_errors=True)

    answer: str
    source: int = Field(description="the row of the file that it first stood in")
    vectors: int = Field(default=1, ge=1, description="its own, then those of its questions")


@dataclass(frozen=True)
class Found:
    """An answer to a question."""

    answer: str
    source: int  # the row of the file that it came from
    score: float  # cosine, at most 1


class Index:
    """The answers with their vectors, each answer's together; exact search.

    An answer is as near as the nearest of its vectors: its own, or that of a question which it
    answered in training. A question takes 40 ms with 100,000 vectors of 384 dimensions; what has
    many more wants an approximate index.
    """

    def __init__(self, entries: Sequence[Entry], vectors: Vectors) -> None:
        counts = [entry.vectors for entry in entries]
        if sum(counts) != len(vectors):
            raise ValueError(f"{sum(counts)} vectors are named, and there are {len(vectors)}.")
        self.entries = entries
        self._vectors = vectors
        self._starts = np.cumsum([0, *counts[:-1]])

    @classmethod
    def load(cls, folder: Path) -> Index:
        """Load `answers.jsonl` and `vectors.npy`; raise OSError or ValueError as they are amiss."""
        with (folder / "answers.jsonl").open(encoding="utf-8") as lines:
            entries = [Entry.model_validate_json(line) for line in lines]
        vectors = np.load(folder / "vectors.npy", allow_pickle=False)
        return cls(entries, vectors.astype(np.float32))

    def save(self, folder: Path) -> None:
        """Write both files, the vectors in half precision: a cosine changes by 0.001 at most."""
        lines = (json.dumps(entry.model_dump(), ensure_ascii=False) for entry in self.entries)
        (folder / "answers.jsonl").write_text("".join(f"{x}\n" for x in lines), encoding="utf-8")
        np.save(folder / "vectors.npy", self._vectors.astype(np.float16))

    def score(self, questions: Vectors) -> Scores:
        """Give the cosine of each question with each answer, in the order of `entries`."""
        near = questions @ self._vectors.T
        if len(self._vectors) == len(self.entries):
            return near
        return np.maximum.reduceat(near, self._starts, axis=1)


def load_encoder(folder: Path, *, threads: int = 0) -> Callable[[Sequence[str]], Vectors]:
    """Load what turns texts into vectors, for a folder that has no index yet."""
    card = RetrieverCard.model_validate_json((folder / "model.json").read_bytes())
    graph = TextGraph.load(folder, card, threads=threads)
    return partial(graph.rows, width=card.dimensions)


class Retriever:
    """A model that answers questions, in memory; one may be used from several threads at once."""

    def __init__(self, graph: TextGraph, card: RetrieverCard, index: Index) -> None:
        self.card = card
        self.index = index
        self._graph = graph

    @classmethod
    def load(cls, folder: Path, *, threads: int = 0) -> Retriever:
        """Load the folder that training wrote; 0 threads means as many as there are CPUs.

        Raise OSError where a file is missing, ValueError where one is no such file.
        """
        card = RetrieverCard.model_validate_json((folder / "model.json").read_bytes())
        graph = TextGraph.load(folder, card, threads=threads)
        return cls(graph, card, Index.load(folder))

    @property
    def threshold(self) -> float:
        """A best score below it means that the docs don't answer the question."""
        return self.card.threshold

    def warm(self) -> None:
        """Answer one question, so that the first person needn't wait for the first allocation."""
        self.search(["warm"], k=1)

    def search(self, questions: Sequence[str], k: int = 3) -> list[list[Found]]:
        """Find the k best answers to each question, the best first; fewer where there are fewer.

        They are found whatever they score: see `threshold`.
        """
        return [self._name(row, k) for scores in self.scores(questions) for row in scores]

    def scores(self, questions: Sequence[str]) -> Iterator[Scores]:
        """Give scores [questions, answers], some questions at a time, in their order."""
        vectors = self.encode(questions)
        for start in range(0, len(vectors), QUESTIONS_AT_ONCE):
            yield self.index.score(vectors[start : start + QUESTIONS_AT_ONCE])

    def encode(self, texts: Sequence[str]) -> Vectors:
        """Compute vectors of length 1 [texts, dimensions], in the order given."""
        return self._graph.rows(texts, self.card.dimensions)

    def fits(self, text: str) -> bool:
        """Tell whether a question is read to its end: of longer ones only the beginning is."""
        return self._graph.fits(text)

    def _name(self, scores: NDArray[np.float32], k: int) -> list[Found]:
        best = np.argsort(-scores, kind="stable")[:k]
        entries = self.index.entries
        return [
            Found(entries[i].answer, entries[i].source, min(float(scores[i]), 1.0)) for i in best
        ]
