"""The models that answer, in memory: loaded beside the one that serves, swapped without a gap."""

from __future__ import annotations

import asyncio
import os
from collections import OrderedDict
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Generic, Protocol, TypeVar

import numpy as np

from bot.sentiment.batching import Batcher
from bot.sentiment.batching import BusyError as BusyError  # noqa: PLC0414 - callers know it from here
from bot.writer import Writer
from trainer.predict import Classifier, Encoder, Prediction, Vectors
from trainer.search import Found, Retriever
from trainer.taste.recommender import Recommender

KEPT = 3  # models of a kind, as a purpose's, a topic's and a candidate: each takes some 50 MB


class Warm(Protocol):
    """A model that can be made ready."""

    def warm(self) -> None: ...


M = TypeVar("M", bound=Warm)


class Serving:
    """Answer texts by any model of the data directory, off the event loop.

    Loading and answering have threads of their own: while a newly promoted model is loaded and
    warmed, the others go on answering, and who waits for one that makes room still gets its
    answer. The least recently asked model of a kind makes room for a new one.
    """

    def __init__(self, data_dir: Path, *, threads: int = 0, kept: int = KEPT) -> None:
        """Give answering so many threads; 0 means as many as there are CPUs."""
        self._loader = ThreadPoolExecutor(1, "load")
        # Batches side by side, a CPU each: a list's batch leaves the others to questions.
        self._batcher = Batcher(threads or len(os.sched_getaffinity(0)))

        self.writer = Writer(data_dir)

        def open_classifier(path: str) -> Classifier:
            return Classifier.load(data_dir / path, threads=1)

        def open_encoder(path: str) -> Encoder:
            return Encoder.load(data_dir / path, threads=1)

        def open_recommender(path: str) -> Recommender:
            return Recommender.load(data_dir / path, threads=1)

        def open_retriever(path: str) -> Retriever:
            return Retriever.load(data_dir / path, threads=1)

        self._classifiers = Shelf(open_classifier, self._loader, kept=kept)
        self._encoders = Shelf(open_encoder, self._loader, kept=kept)
        self._recommenders = Shelf(open_recommender, self._loader, kept=kept)
        self._retrievers = Shelf(open_retriever, self._loader, kept=kept)

    async def classify(self, path: str, texts: Sequence[str]) -> list[Prediction]:
        """Answer texts in their order by the model in the folder `path` of the data directory.

        One text is a question, which goes before lists. Of a text no more is read than
        `trainer.graph` says. Raise OSError where the folder is gone, BusyError where too many
        wait.
        """
        model = await self.load(path)
        return await self._batcher.answer(model.classify, texts)

    async def encode(self, path: str, texts: Sequence[str]) -> Vectors:
        """Give float32 vectors [texts, dimensions] by the encoder in the folder `path`.

        Raise OSError and BusyError as `classify` does.
        """
        encoder = await self._encoders.load(path)
        vectors = await self._batcher.answer(encoder.encode, texts)
        return np.array(vectors, np.float32).reshape(len(texts), encoder.card.dimensions)

    async def search(self, path: str, question: str) -> list[Found]:
        """Find the best answers to a question by the retriever in the folder `path`, best first.

        Raise OSError and BusyError as `classify` does.
        """
        retriever = await self._retrievers.load(path)
        return await self._batcher.ask(retriever.search, question)

    async def load(self, path: str) -> Classifier:
        """Have a model ready: called before a promotion, the alias moves without a gap."""
        return await self._classifiers.load(path)

    async def recommender(self, path: str) -> Recommender:
        """Have a model ready that orders items for people; ask it in a thread.

        Raise OSError where its folder is gone.
        """
        return await self._recommenders.load(path)

    async def retriever(self, path: str) -> Retriever:
        """Have a model ready that finds answers. Raise OSError where its folder is gone."""
        return await self._retrievers.load(path)

    def close(self) -> None:
        """Take no more work; what is being answered is finished."""
        self._loader.shutdown(wait=False, cancel_futures=True)
        self._batcher.close()
        self.writer.close()


class Shelf(Generic[M]):
    """The models of one kind by their folders, each loaded once however many wait for it."""

    def __init__(self, open_: Callable[[str], M], loader: ThreadPoolExecutor, *, kept: int) -> None:
        self._open = open_
        self._loader = loader
        self._kept = kept
        self._models: OrderedDict[str, asyncio.Task[M]] = OrderedDict()

    async def load(self, path: str) -> M:
        """Give a model, loaded and warm. Raise OSError where its folder is gone."""
        if path not in self._models:
            self._models[path] = asyncio.create_task(self._load(path))
        self._models.move_to_end(path)
        while len(self._models) > self._kept:
            self._models.popitem(last=False)
        return await asyncio.shield(self._models[path])  # others may wait for the same model

    async def _load(self, path: str) -> M:
        loop = asyncio.get_running_loop()
        try:
            return await loop.run_in_executor(self._loader, self._make_ready, path)
        except BaseException:
            self._models.pop(path, None)  # the next question tries again
            raise

    def _make_ready(self, path: str) -> M:
        model = self._open(path)
        model.warm()
        return model
