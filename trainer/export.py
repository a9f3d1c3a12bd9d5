"""From a trained model to a graph that serves: ONNX, in int8 where that holds."""

from __future__ import annotations

import inspect
import json
import shutil
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any, Literal, cast

import numpy as np
import torch
from numpy.typing import NDArray
from onnxruntime.quantization import QuantType, quantize_dynamic
from torch import nn
from transformers import PreTrainedModel, PreTrainedTokenizerFast

from trainer.rewrite import rewrite
from trainer.spec import Difference, Export

Format = Literal["fp32", "int8"]
FORMATS: tuple[Format, ...] = ("fp32", "int8")

LEAST_AGREEMENT = 0.97  # share of test rows on which int8 must answer as fp32 does
ONE_FILE_BYTES = 1_800_000_000  # protobuf ends at 2 GB: weights beyond go to a file beside
TIMED_TEXTS = 30
OPSET = 23  # the first with Attention as one operator: a tenth faster than its parts


Answers = NDArray[np.float32]  # [texts, …]: logits or vectors
Answerer = Callable[[Sequence[str]], Answers]


@dataclass(frozen=True)
class Measured:
    """One format on the texts of the test split."""

    format: Format
    folder: Path
    bytes: int
    answers: Answers
    latency_ms: float


@contextmanager
def drafted(folder: Path) -> Iterator[Path]:
    """Give a folder to write into, which takes its place only once it is whole."""
    draft = folder.with_name(folder.name + ".tmp")
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir(parents=True)
    yield draft
    shutil.rmtree(folder, ignore_errors=True)
    draft.rename(folder)


def export_graph(
    graph: nn.Module,
    draft: Path,
    *,
    tokenizer: PreTrainedTokenizerFast,
    card: Mapping[str, Any],
    texts: Sequence[str],
    load: Callable[[Path], Answerer],
    judge: Callable[[Answers, Answers], tuple[float, Difference]],
    output: str = "logits",
) -> tuple[Export, Answers]:
    """Write a graph in both formats, answer `texts` with both as they will serve, keep the better.

    `card` names the graph's `inputs` and is kept as model.json; `load` opens a folder of the two;
    `judge` tells the share of answers that int8 and fp32 have in common, and what int8 changes.
    Afterwards the draft holds model.onnx, tokenizer.json and model.json of the format that serves,
    int8 unless it is worse. Return what was measured and that format's answers.
    """
    _write_formats(graph, tokenizer, draft, card, output=output)
    fp32, int8 = (measure(draft / name, name, texts, load) for name in FORMATS)
    decision = choose_format(fp32, int8, *judge(int8.answers, fp32.answers))
    serving = int8 if decision.format == "int8" else fp32
    for file in serving.folder.iterdir():
        file.rename(draft / file.name)
    for name in FORMATS:
        shutil.rmtree(draft / name)
    return decision, serving.answers


def input_names(model: PreTrainedModel, tokenizer: PreTrainedTokenizerFast) -> list[str]:
    """Name the inputs that the tokenizer makes and the model takes, in the tokenizer's order."""
    taken = inspect.signature(model.forward).parameters
    return [name for name in tokenizer.model_input_names if name in taken]


def write_onnx(
    graph: nn.Module, inputs: Sequence[str], path: Path, *, output: str = "logits"
) -> None:
    """Export to `output` [batch, width] from int64 inputs [batch, sequence], both dynamic.

    `graph` takes its inputs as one dict and gives one tensor.
    """
    # Two rows of two tokens and more: an axis of one would be taken for a constant.
    example = {name: torch.ones(2, 8, dtype=torch.int64) for name in inputs}
    axes = {0: torch.export.Dim.DYNAMIC, 1: torch.export.Dim.DYNAMIC}
    program = torch.onnx.export(
        graph.eval(),
        (),
        kwargs={"tokens": example},
        input_names=list(inputs),
        output_names=[output],
        dynamic_shapes={"tokens": dict.fromkeys(inputs, axes)},
        dynamo=True,
        opset_version=OPSET,
        verbose=False,
    )
    program = cast("torch.onnx.ONNXProgram", program)  # nothing comes of the old exporter alone
    rewrite(program.model)
    program.save(path, external_data=_weigh(graph) > ONE_FILE_BYTES)


def quantise(fp32: Path, int8: Path, *, model: nn.Module) -> None:
    """Write the graph of a model once more, with weights in int8; activations follow their range."""
    quantize_dynamic(
        fp32,
        int8,
        per_channel=True,
        weight_type=QuantType.QInt8,
        op_types_to_quantize=["MatMul", "Gemm", "Gather"],  # Attention has no weights of its own
        use_external_data_format=_weigh(model) > ONE_FILE_BYTES,
    )


class Logits(nn.Module):
    """The model with nothing but its logits as output."""

    def __init__(self, model: PreTrainedModel) -> None:
        super().__init__()
        self.model = model

    def forward(self, tokens: dict[str, torch.Tensor]) -> torch.Tensor:
        logits: torch.Tensor = self.model(**tokens).logits
        return logits


def measure(
    folder: Path, name: Format, texts: Sequence[str], load: Callable[[Path], Answerer]
) -> Measured:
    """Answer the texts as they will be served, and time short ones one at a time."""
    answer = load(folder)
    short = sorted(texts, key=len)[: len(texts) // 2 + 1][-TIMED_TEXTS:]
    answer(short[:1])  # the first call allocates
    return Measured(
        format=name,
        folder=folder,
        bytes=sum(file.stat().st_size for file in folder.glob("model.onnx*")),
        answers=answer(texts),
        latency_ms=1_000 * median(_time_one(answer, text) for text in short),
    )


def choose_format(fp32: Measured, int8: Measured, agreement: float, change: Difference) -> Export:
    """Serve int8 unless it is shown to be worse, or answers too often unlike fp32."""
    serves, why = _judge(agreement, change)
    return Export(
        format=serves,
        why=why,
        bytes_fp32=fp32.bytes,
        bytes_int8=int8.bytes,
        agreement=agreement,
        accuracy_change=change,
        latency_ms_fp32=fp32.latency_ms,
        latency_ms_int8=int8.latency_ms,
    )


def _judge(agreement: float, change: Difference) -> tuple[Format, str]:
    same = f"int8 answers {agreement:.1%} of the test rows as fp32 does"
    if change.verdict == "worse":
        metric = change.metric.replace("_f1", "-F1")
        return "fp32", f"fp32 serves: int8 costs {-change.points:.1f} points of {metric}."
    if agreement < LEAST_AGREEMENT:
        return "fp32", f"fp32 serves: {same}, fewer than {LEAST_AGREEMENT:.0%}."
    return "int8", f"int8 serves: {same}."


def _write_formats(
    graph: nn.Module,
    tokenizer: PreTrainedTokenizerFast,
    draft: Path,
    card: Mapping[str, Any],
    *,
    output: str,
) -> None:
    for name in FORMATS:
        (draft / name).mkdir()
        tokenizer.backend_tokenizer.save(str(draft / name / "tokenizer.json"))
        write_card(draft / name, {**card, "format": name})
    fp32 = draft / "fp32" / "model.onnx"
    write_onnx(graph, card["inputs"], fp32, output=output)
    quantise(fp32, draft / "int8" / "model.onnx", model=graph)


def write_card(folder: Path, card: Mapping[str, Any]) -> None:
    words = json.dumps(card, ensure_ascii=False, indent=1)
    (folder / "model.json").write_text(words, encoding="utf-8")


def save_torch(model: PreTrainedModel, tokenizer: PreTrainedTokenizerFast, folder: Path) -> None:
    """Keep what can be trained on."""
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)


def _time_one(answer: Answerer, text: str) -> float:
    began = time.perf_counter()
    answer([text])
    return time.perf_counter() - began


def _weigh(model: nn.Module) -> int:
    return sum(weight.numel() * weight.element_size() for weight in model.parameters())
