"""Serve an exported model with onnxruntime and tokenizers alone: texts in, calibrated answers out."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field
from tokenizers import Encoding, Tokenizer

from trainer.evaluate import softmax

Logits = NDArray[np.float32]  # [texts, labels]

CHUNK_TEXTS = 4_096  # tokenised and sorted together; bounds the memory of a long list
BATCH_TOKENS = 512  # padding included; more falls out of the processor's cache
CHARACTERS_PER_TOKEN = 32  # past max_length times this nothing is read: some texts are huge


class ModelCard(BaseModel):
    """What serving needs of a model's `model.json`; the rest of it is for people."""

    model_config = ConfigDict(frozen=True, hide_input_in_errors=True)

    labels: list[str]
    inputs: list[str] = Field(description="the ONNX graph's inputs, all int64 [batch, tokens]")
    pad_token_id: int
    max_length: int = Field(description="tokens; longer texts are cut")
    temperature: float = Field(gt=0)
    threshold: float = Field(description="calibrated confidence below which it is not sure")


@dataclass(frozen=True)
class Prediction:
    """One answer; `sure` is false below the model's threshold."""

    label: str
    confidence: float  # calibrated
    probabilities: dict[str, float]  # label -> calibrated probability, in the model's order
    sure: bool


class Classifier:
    """An exported model in memory; one may be used from several threads at once."""

    def __init__(
        self,
        session: onnxruntime.InferenceSession,
        tokenizer: Tokenizer,
        card: ModelCard,
        *,
        threads: int,
    ) -> None:
        self.card = card
        self._session = session
        self._tokenizer = tokenizer
        # Batches side by side use several CPUs better than threads within a small one.
        self._pool = ThreadPoolExecutor(threads, "batch")

    @classmethod
    def load(cls, folder: Path, *, threads: int = 0) -> Classifier:
        """Load the folder that `trainer.export` wrote; 0 threads means as many as there are CPUs.

        Raise OSError where a file is missing, ValueError where model.json is no model card.
        """
        card = ModelCard.model_validate_json((folder / "model.json").read_bytes())
        tokenizer = Tokenizer.from_str((folder / "tokenizer.json").read_text(encoding="utf-8"))
        tokenizer.no_padding()
        tokenizer.enable_truncation(card.max_length)
        threads = threads or len(os.sched_getaffinity(0))
        return cls(_open_session(folder / "model.onnx", threads), tokenizer, card, threads=threads)

    def warm(self) -> None:
        """Answer one text, so that the first person needn't wait for the first allocation."""
        self.logits(["warm"])

    def classify(self, texts: Sequence[str]) -> list[Prediction]:
        """Answer texts in their order, with calibrated confidence."""
        chances = softmax(self.logits(texts), self.card.temperature)
        return [self._answer(row) for row in chances]

    def logits(self, texts: Sequence[str]) -> Logits:
        """Compute float32 logits [texts, labels] in the order given.

        Texts of like length share a batch, and a batch has room for so many tokens: with texts of
        5 to 400 tokens padding would else be most of the work.
        """
        found = np.empty((len(texts), len(self.card.labels)), np.float32)
        for start in range(0, len(texts), CHUNK_TEXTS):
            chunk = slice(start, start + CHUNK_TEXTS)
            found[chunk] = self._chunk_logits(texts[chunk])
        return found

    def _chunk_logits(self, texts: Sequence[str]) -> Logits:
        encodings = self._tokenizer.encode_batch_fast([self._cut(text) for text in texts])
        batches = list(fill_batches([len(encoding) for encoding in encodings]))
        found = np.empty((len(texts), len(self.card.labels)), np.float32)

        def answer(batch: list[int]) -> None:
            inputs = self._pad([encodings[i] for i in batch])
            (found[batch],) = self._session.run(None, inputs)

        list(self._pool.map(answer, batches))
        return found

    def _cut(self, text: str) -> str:
        """Leave out what is never read, and halves of characters, which no tokenizer takes."""
        readable = text[: self.card.max_length * CHARACTERS_PER_TOKEN]
        return readable.encode("utf-8", "replace").decode()

    def _pad(self, encodings: Sequence[Encoding]) -> dict[str, NDArray[np.int64]]:
        shape = len(encodings), max(map(len, encodings))
        padding = {"input_ids": self.card.pad_token_id}
        inputs = {name: np.full(shape, padding.get(name, 0)) for name in self.card.inputs}
        for row, encoding in enumerate(encodings):
            for name, padded in inputs.items():
                padded[row, : len(encoding)] = _COLUMNS[name](encoding)
        return inputs

    def _answer(self, chances: NDArray[np.float64]) -> Prediction:
        best = int(chances.argmax())
        confidence = float(chances[best])
        return Prediction(
            label=self.card.labels[best],
            confidence=confidence,
            probabilities=dict(zip(self.card.labels, chances.tolist(), strict=True)),
            sure=confidence >= self.card.threshold,
        )


_COLUMNS: dict[str, Callable[[Encoding], list[int]]] = {
    "input_ids": lambda encoding: encoding.ids,
    "attention_mask": lambda encoding: encoding.attention_mask,
    "token_type_ids": lambda encoding: encoding.type_ids,
}


def fill_batches(lengths: Sequence[int]) -> Iterator[list[int]]:
    """Group row numbers by length, longest first; padded, a batch has at most BATCH_TOKENS.

    A row longer than that is a batch of its own.
    """
    batch: list[int] = []
    room = 0  # rows as long as the batch's first
    for row in sorted(range(len(lengths)), key=lambda i: -lengths[i]):
        if len(batch) == room:
            if batch:
                yield batch
            batch, room = [], max(1, BATCH_TOKENS // max(lengths[row], 1))
        batch.append(row)
    if batch:
        yield batch


def _open_session(path: Path, threads: int) -> onnxruntime.InferenceSession:
    if not path.is_file():  # onnxruntime's own error is no OSError
        raise FileNotFoundError(f"There is no {path.name} in {path.parent}.")
    options: Any = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    # Idle threads that spin take the CPU from a training run beside: half the pace for both.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.enable_cpu_mem_arena = False  # it keeps the largest batch's memory, and saves no time
    return onnxruntime.InferenceSession(
        path,
        options,
        providers=["CPUExecutionProvider"],
        # Fused, this layer is scalar code on a CPU: without it texts take a fifth less time.
        disabled_optimizers=["SkipLayerNormFusion"],
    )
