"""The models that answer, in memory: loaded beside the one that serves, swapped without a gap."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Generic, Protocol, TypeVar

import numpy as np

from trainer.predict import Classifier, Encoder, Prediction, Vectors

KEPT = 2  # models of a kind: each takes some 50 MB
TURN = 64  # texts answered in a row: a long list lets a single question in between


class Warm(Protocol):
    """A model that can be made ready."""

    def warm(self) -> None: ...


M = TypeVar("M", bound=Warm)


class Serving:
    """Answer texts by any model of the data directory, off the event loop.

    Loading and answering have a thread each: while a newly promoted model is loaded and warmed,
    the others go on answering. The least recently asked model of a kind makes room for a new one.
    """

    def __init__(self, data_dir: Path, *, threads: int = 0, kept: int = KEPT) -> None:
        self._loader = ThreadPoolExecutor(1, "load")
        self._answerer = ThreadPoolExecutor(1, "answer")

        def open_classifier(path: str) -> Classifier:
            return Classifier.load(data_dir / path, threads=threads)

        def open_encoder(path: str) -> Encoder:
            return Encoder.load(data_dir / path, threads=threads)

        self._classifiers = Shelf(open_classifier, self._loader, kept=kept)
        self._encoders = Shelf(open_encoder, self._loader, kept=kept)

    async def classify(self, path: str, texts: Sequence[str]) -> list[Prediction]:
        """Answer texts in their order by the model in the folder `path` of the data directory.

        Raise OSError where the folder is gone.
        """
        model = await self.load(path)
        loop = asyncio.get_running_loop()
        answers: list[Prediction] = []
        for turn in _turns(texts):
            answers += await loop.run_in_executor(self._answerer, model.classify, turn)
        return answers

    async def encode(self, path: str, texts: Sequence[str]) -> Vectors:
        """Give float32 vectors [texts, dimensions] by the encoder in the folder `path`.

        Raise OSError where the folder is gone.
        """
        encoder = await self._encoders.load(path)
        loop = asyncio.get_running_loop()
        parts = [np.empty((0, encoder.card.dimensions), np.float32)]
        parts += [
            await loop.run_in_executor(self._answerer, encoder.encode, turn)
            for turn in _turns(texts)
        ]
        return np.concatenate(parts)

    async def load(self, path: str) -> Classifier:
        """Have a model ready: called before a promotion, the alias moves without a gap."""
        return await self._classifiers.load(path)

    def close(self) -> None:
        """Take no more work; what is being answered is finished."""
        self._loader.shutdown(wait=False, cancel_futures=True)
        self._answerer.shutdown(wait=False, cancel_futures=True)


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


def _turns(texts: Sequence[str]) -> list[Sequence[str]]:
    return [texts[start : start + TURN] for start in range(0, len(texts), TURN)]
