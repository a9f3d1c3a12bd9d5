"""The models that answer, in memory: loaded beside the one that serves, swapped without a gap."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from trainer.predict import Classifier, Prediction

KEPT = 2  # models: each takes some 50 MB
TURN = 64  # texts answered in a row: a long list lets a single question in between


class Serving:
    """Answer texts by any model of the data directory, off the event loop.

    Loading and answering have a thread each: while a newly promoted model is loaded and warmed,
    the others go on answering. The least recently asked model makes room for a new one.
    """

    def __init__(self, data_dir: Path, *, threads: int = 0, kept: int = KEPT) -> None:
        self._data_dir = data_dir
        self._threads = threads
        self._kept = kept
        self._models: OrderedDict[str, asyncio.Task[Classifier]] = OrderedDict()
        self._loader = ThreadPoolExecutor(1, "load")
        self._answerer = ThreadPoolExecutor(1, "answer")

    async def classify(self, path: str, texts: Sequence[str]) -> list[Prediction]:
        """Answer texts in their order by the model in the folder `path` of the data directory.

        Raise OSError where the folder is gone.
        """
        model = await self.load(path)
        loop = asyncio.get_running_loop()
        answers: list[Prediction] = []
        for start in range(0, len(texts), TURN):
            turn = texts[start : start + TURN]
            answers += await loop.run_in_executor(self._answerer, model.classify, turn)
        return answers

    async def load(self, path: str) -> Classifier:
        """Have a model ready: called before a promotion, the alias moves without a gap."""
        if path not in self._models:
            self._models[path] = asyncio.create_task(self._load(path))
        self._models.move_to_end(path)
        while len(self._models) > self._kept:
            self._models.popitem(last=False)
        return await asyncio.shield(self._models[path])  # others may wait for the same model

    def close(self) -> None:
        """Take no more work; what is being answered is finished."""
        self._loader.shutdown(wait=False, cancel_futures=True)
        self._answerer.shutdown(wait=False, cancel_futures=True)

    async def _load(self, path: str) -> Classifier:
        loop = asyncio.get_running_loop()
        try:
            return await loop.run_in_executor(self._loader, self._open, path)
        except BaseException:
            self._models.pop(path, None)  # the next question tries again
            raise

    def _open(self, path: str) -> Classifier:
        model = Classifier.load(self._data_dir / path, threads=self._threads)
        model.warm()
        return model
