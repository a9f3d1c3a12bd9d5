"""From a trained model to the folder that serves: ONNX, int8 where it holds, calibrated."""

from __future__ import annotations

import inspect
import json
import shutil
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any, Literal, cast

import numpy as np
import torch
from datasets import Dataset
from numpy.typing import NDArray
from onnxruntime.quantization import QuantType, quantize_dynamic
from torch import nn
from transformers import PreTrainedModel, PreTrainedTokenizerFast

from trainer import evaluate
from trainer.predict import Classifier
from trainer.rewrite import rewrite
from trainer.spec import Difference, Export
from trainer.tasks.classification import Loaded

Format = Literal["fp32", "int8"]
FORMATS: tuple[Format, ...] = ("fp32", "int8")

LEAST_AGREEMENT = 0.97  # share of test rows on which int8 must answer as fp32 does
ONE_FILE_BYTES = 1_800_000_000  # protobuf ends at 2 GB: weights beyond go to a file beside
TIMED_TEXTS = 30
OPSET = 23  # the first with Attention as one operator: a tenth faster than its parts


@dataclass(frozen=True)
class Exported:
    """A folder ready to serve, and what was measured on the way there."""

    export: Export
    test_logits: NDArray[np.float32]  # [test rows, labels], of the format that serves
    temperature: float
    threshold: float


@dataclass(frozen=True)
class Measured:
    """One format on the test split."""

    format: Format
    folder: Path
    bytes: int
    logits: NDArray[np.float32]  # [test rows, labels]
    latency_ms: float


def export(
    model: PreTrainedModel,
    loaded: Loaded,
    *,
    folder: Path,
    origin: dict[str, Any],
    threads: int,
) -> Exported:
    """Write `folder`, whole or not at all, with the format that serves: int8 unless it is worse.

    It holds model.onnx, tokenizer.json and model.json for serving, test_predictions.npz (logits
    and true labels of the test split, in its order) for comparing, torch/ for training on.
    Temperature and threshold are chosen on the validation split, by the format that serves.
    """
    draft = folder.with_name(folder.name + ".tmp")
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir(parents=True)
    model = model.cpu().float().eval()
    _save_torch(model, loaded.tokenizer, draft / "torch")
    card = origin | _describe_inputs(model, loaded)
    _write_formats(model, loaded.tokenizer, draft, card)

    test, true = loaded.rows["test"], np.array(loaded.rows["test"]["label"])
    fp32, int8 = (measure(draft / name, name, test, threads) for name in FORMATS)
    decision = choose_format(fp32, int8, true=true)
    serving = int8 if decision.format == "int8" else fp32
    temperature, threshold = _calibrate(serving, loaded.rows["validation"], threads)

    _keep_serving(draft, serving)
    calibration = {"temperature": temperature, "threshold": threshold}
    _write_card(draft, card | calibration | {"format": decision.format})
    np.savez(draft / "test_predictions.npz", logits=serving.logits, true=true)
    shutil.rmtree(folder, ignore_errors=True)
    draft.rename(folder)
    return Exported(decision, serving.logits, temperature, threshold)


def input_names(model: PreTrainedModel, tokenizer: PreTrainedTokenizerFast) -> list[str]:
    """Name the inputs that the tokenizer makes and the model takes, in the tokenizer's order."""
    taken = inspect.signature(model.forward).parameters
    return [name for name in tokenizer.model_input_names if name in taken]


def _describe_inputs(model: PreTrainedModel, loaded: Loaded) -> dict[str, Any]:
    return {
        "labels": loaded.labels,
        "max_length": loaded.max_length,
        "inputs": input_names(model, loaded.tokenizer),
        "pad_token_id": loaded.tokenizer.pad_token_id,
        "temperature": 1.0,  # until they are chosen
        "threshold": 0.0,
    }


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


def measure(folder: Path, name: Format, test: Dataset, threads: int) -> Measured:
    """Answer the test split as it will be served, and time short texts one at a time."""
    classifier = Classifier.load(folder, threads=threads)
    texts = list(test["text"])
    short = sorted(texts, key=len)[: len(texts) // 2 + 1][-TIMED_TEXTS:]
    classifier.logits(short[:1])  # the first call allocates
    return Measured(
        format=name,
        folder=folder,
        bytes=sum(file.stat().st_size for file in folder.glob("model.onnx*")),
        logits=classifier.logits(texts),
        latency_ms=1_000 * median(_time_one(classifier, text) for text in short),
    )


def choose_format(fp32: Measured, int8: Measured, *, true: NDArray[np.int64]) -> Export:
    """Serve int8 unless it is shown to be worse, or answers too often unlike fp32."""
    a, b = int8.logits.argmax(axis=1), fp32.logits.argmax(axis=1)
    agreement = float((a == b).mean())
    change = evaluate.difference(a == true, b == true)
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
        return "fp32", f"fp32 serves: int8 costs {-change.points:.1f} points of accuracy."
    if agreement < LEAST_AGREEMENT:
        return "fp32", f"fp32 serves: {same}, fewer than {LEAST_AGREEMENT:.0%}."
    return "int8", f"int8 serves: {same}."


def _write_formats(
    model: PreTrainedModel, tokenizer: PreTrainedTokenizerFast, draft: Path, card: dict[str, Any]
) -> None:
    for name in FORMATS:
        (draft / name).mkdir()
        tokenizer.backend_tokenizer.save(str(draft / name / "tokenizer.json"))
        _write_card(draft / name, card | {"format": name})
    fp32 = draft / "fp32" / "model.onnx"
    write_onnx(Logits(model), card["inputs"], fp32)
    quantise(fp32, draft / "int8" / "model.onnx", model=model)


def _calibrate(serving: Measured, validation: Dataset, threads: int) -> tuple[float, float]:
    logits = Classifier.load(serving.folder, threads=threads).logits(list(validation["text"]))
    true = np.array(validation["label"])
    temperature = evaluate.fit_temperature(logits, true)
    return temperature, evaluate.choose_threshold(evaluate.softmax(logits, temperature), true)


def _keep_serving(draft: Path, serving: Measured) -> None:
    for file in serving.folder.iterdir():
        file.rename(draft / file.name)
    for name in FORMATS:
        shutil.rmtree(draft / name)


def _write_card(folder: Path, card: dict[str, Any]) -> None:
    words = json.dumps(card, ensure_ascii=False, indent=1)
    (folder / "model.json").write_text(words, encoding="utf-8")


def _save_torch(model: PreTrainedModel, tokenizer: PreTrainedTokenizerFast, folder: Path) -> None:
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)


def _time_one(classifier: Classifier, text: str) -> float:
    began = time.perf_counter()
    classifier.logits([text])
    return time.perf_counter() - began


def _weigh(model: nn.Module) -> int:
    return sum(weight.numel() * weight.element_size() for weight in model.parameters())
