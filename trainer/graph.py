"""An exported graph in memory, by onnxruntime and tokenizers alone: a row of numbers for each text."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field
from tokenizers import Encoding, Tokenizer

CHUNK_TEXTS = 4_096  # tokenised and sorted together; bounds the memory of a long list
BATCH_TOKENS = 512  # padding included; more falls out of the processor's cache
CHARACTERS_PER_TOKEN = 32  # past max_length times this nothing is read: some texts are huge


class GraphCard(BaseModel):
    """How texts become a graph's inputs."""

    model_config = ConfigDict(frozen=True, hide_input_in_errors=True)

    inputs: list[str] = Field(description="the ONNX graph's inputs, all int64 [batch, tokens]")
    pad_token_id: int
    max_length: int = Field(description="tokens; longer texts are cut")


class TextGraph:
    """A graph with its tokenizer; one may be used from several threads at once."""

    def __init__(
        self,
        session: onnxruntime.InferenceSession,
        tokenizer: Tokenizer,
        card: GraphCard,
        *,
        threads: int,
    ) -> None:
        self._card = card
        self._session = session
        self._tokenizer = tokenizer
        # Batches side by side use several CPUs better than threads within a small one.
        self._pool = ThreadPoolExecutor(threads, "batch")

    @classmethod
    def load(cls, folder: Path, card: GraphCard, *, threads: int = 0) -> TextGraph:
        """Load `model.onnx` and `tokenizer.json`; 0 threads means as many as there are CPUs.

        Raise OSError where a file is missing.
        """
        tokenizer = Tokenizer.from_str((folder / "tokenizer.json").read_text(encoding="utf-8"))
        tokenizer.no_padding()
        tokenizer.enable_truncation(card.max_length)
        threads = threads or len(os.sched_getaffinity(0))
        return cls(_open_session(folder / "model.onnx", threads), tokenizer, card, threads=threads)

    def rows(self, texts: Sequence[str], width: int) -> NDArray[np.float32]:
        """Compute float32 [texts, width] in the order given; `width` is that of the output.

        Texts of like length share a batch, and a batch has room for so many tokens: with texts of
        5 to 400 tokens padding would else be most of the work.
        """
        found = np.empty((len(texts), width), np.float32)
        for start in range(0, len(texts), CHUNK_TEXTS):
            chunk = slice(start, start + CHUNK_TEXTS)
            self._fill(found[chunk], texts[chunk])
        return found

    def fits(self, text: str) -> bool:
        """Tell whether a text is read to its end: `rows` cuts those with too many tokens."""
        read = self._cut(text)
        return len(read) >= len(text) and not self._tokenizer.encode(read).overflowing

    def _fill(self, found: NDArray[np.float32], texts: Sequence[str]) -> None:
        encodings = self._tokenizer.encode_batch_fast([self._cut(text) for text in texts])
        batches = list(fill_batches([len(encoding) for encoding in encodings]))

        def answer(batch: list[int]) -> None:
            inputs = self._pad([encodings[i] for i in batch])
            (found[batch],) = self._session.run(None, inputs)

        each = self._pool.map if len(batches) > 1 else map
        list(each(answer, batches))

    def _cut(self, text: str) -> str:
        """Leave out what is never read, and halves of characters, which no tokenizer takes."""
        readable = text[: self._card.max_length * CHARACTERS_PER_TOKEN]
        return readable.encode("utf-8", "replace").decode()

    def _pad(self, encodings: Sequence[Encoding]) -> dict[str, NDArray[np.int64]]:
        shape = len(encodings), max(map(len, encodings))
        padding = {"input_ids": self._card.pad_token_id}
        inputs = {name: np.full(shape, padding.get(name, 0)) for name in self._card.inputs}
        for row, encoding in enumerate(encodings):
            for name, padded in inputs.items():
                padded[row, : len(encoding)] = _COLUMNS[name](encoding)
        return inputs


_COLUMNS: dict[str, Callable[[Encoding], list[int]]] = {
    "input_ids": lambda encoding: encoding.ids,
    "attention_mask": lambda encoding: encoding.attention_mask,
    "token_type_ids": lambda encoding: encoding.type_ids,
}


def fill_batches(lengths: Sequence[int], *, budget: int = BATCH_TOKENS) -> Iterator[list[int]]:
    """Group row numbers by length, longest first; padded, a batch is no longer than the budget.

    A row longer than that is a batch of its own.
    """
    batch: list[int] = []
    room = 0  # rows as long as the batch's first
    for row in sorted(range(len(lengths)), key=lambda i: -lengths[i]):
        if len(batch) == room:
            if batch:
                yield batch
            batch, room = [], max(1, budget // max(lengths[row], 1))
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
    return onnxruntime.InferenceSession(
        path,
        options,
        providers=["CPUExecutionProvider"],
        # Fused, this layer is scalar code on a CPU: without it texts take a fifth less time.
        disabled_optimizers=["SkipLayerNormFusion"],
    )
