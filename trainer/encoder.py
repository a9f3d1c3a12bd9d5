"""Make an encoder: a base model with mean pooling as one ONNX graph, in int8 where that agrees."""

from __future__ import annotations

import hashlib
import json
import logging
import shutil
import socket
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from torch import nn
from torch.nn import functional
from transformers import AutoModel, PreTrainedModel, PreTrainedTokenizerFast
from transformers.utils import logging as transformers_logging

from trainer import device, export, failures
from trainer.events import EventWriter
from trainer.export import FORMATS, Format
from trainer.predict import Encoder
from trainer.pretrained import cut_length, load_tokenizer, safe_weights
from trainer.process import die_with_parent
from trainer.spec import EncoderResult, EncoderWork, Ended, Phase, RunSpec, Started

LEAST_AGREEMENT = 0.98  # cosine of a text's vectors in int8 and fp32, for every text
MAX_LENGTH = 256  # tokens: a title with its abstract
PROBES = (
    "evaluation of language models",
    "How to design prompts that hold up against adversarial input",
    "out of memory while training: batch size, gradient accumulation, checkpointing",
    "Writing a post-mortem that nobody has to be afraid of",
    "interviewing candidates fairly",
    "data cards and privacy reviews",
    "大模型微调与评测",
    "跨部门沟通与产品设计",
)
log = logging.getLogger("trainer.encoder")


def main() -> int:
    """Run `python -m trainer.encoder SPEC.json`; 0 for succeeded, 1 for failed."""
    die_with_parent()
    logging.basicConfig(format="%(asctime)s %(levelname)s %(message)s")
    spec = RunSpec.model_validate_json(Path(sys.argv[1]).read_text(encoding="utf-8"))
    with EventWriter(spec.attempt_dir / "events") as events:
        events.write(Started(host=socket.gethostname(), device=spec.device))
        events.write(Phase(name="exporting"))
        ended = run(spec)
        events.write(ended)
    return 1 if ended.state == "failed" else 0


def run(spec: RunSpec) -> Ended:
    """Make the encoder, and say how it ended whatever happens; the log gets a failure's traceback."""
    if not isinstance(spec.work, EncoderWork):
        raise TypeError("This is no encoder's work.")
    transformers_logging.disable_progress_bar()
    device.use_threads(spec.threads)
    try:
        made = make(spec.work, data_dir=spec.data_dir, draft=spec.attempt_dir / "encoder")
    except Exception as error:
        failure = failures.explain(error)
        log.exception("no encoder was made: %s", failure.evidence)
        return Ended(state="failed", failure=failure)
    return Ended(state="succeeded", encoder=made)


def make(work: EncoderWork, *, data_dir: Path, draft: Path) -> EncoderResult:
    """Export both formats into `draft`, and move the one that serves to `encoders/<id>`."""
    tokenizer = load_tokenizer(work.base_model)
    model = load_model(work.base_model)
    card = _describe(model, tokenizer) | {"base_model": work.base_model}
    fp32, int8 = (_begin(draft / name, tokenizer, card | {"format": name}) for name in FORMATS)
    export.write_onnx(model, card["inputs"], fp32 / "model.onnx", output="vectors")
    export.quantise(fp32 / "model.onnx", int8 / "model.onnx", model=model)
    agreement = compare(fp32, int8, [*PROBES, *work.texts])
    serves: Format = "int8" if agreement >= LEAST_AGREEMENT else "fp32"
    identity = _hash(draft / serves)
    path = Path("encoders") / identity
    _move(draft / serves, data_dir / path)
    shutil.rmtree(draft)
    return EncoderResult(
        id=identity,
        base_model=work.base_model,
        path=str(path),
        dimensions=card["dimensions"],
        format=serves,
        why=f"{serves} serves: the vectors of int8 and fp32 agree to a cosine of {agreement:.3f}.",
        agreement=agreement,
    )


class MeanPooled(nn.Module):
    """The mean of a text's token vectors, of length 1 (Reimers and Gurevych 2019, Sentence-BERT)."""

    def __init__(self, model: PreTrainedModel) -> None:
        super().__init__()
        self.model = model

    def forward(self, tokens: dict[str, torch.Tensor]) -> torch.Tensor:
        """Give [batch, dimensions]; padding counts for nothing."""
        hidden = self.model(**tokens).last_hidden_state
        mask = tokens["attention_mask"].unsqueeze(-1).to(hidden.dtype)
        mean = (hidden * mask).sum(dim=1) / mask.sum(dim=1).clamp(min=1)
        return functional.normalize(mean, dim=-1)


def load_model(base_model: str) -> MeanPooled:
    """Load a base model's body from safetensors alone."""
    with safe_weights(base_model) as source:
        model: PreTrainedModel = AutoModel.from_pretrained(
            source, use_safetensors=True, trust_remote_code=False
        )
    return MeanPooled(model.float().eval())


def compare(fp32: Path, int8: Path, texts: Sequence[str]) -> float:
    """Give the lowest cosine of a text's vectors in both formats, as they will be served."""
    a, b = (Encoder.load(folder).encode(texts) for folder in (fp32, int8))
    return float((a * b).sum(axis=1).min())


def _describe(model: MeanPooled, tokenizer: PreTrainedTokenizerFast) -> dict[str, Any]:
    return {
        "inputs": export.input_names(model.model, tokenizer),
        "pad_token_id": tokenizer.pad_token_id,
        "max_length": cut_length(MAX_LENGTH, tokenizer, model.model),
        "dimensions": model.model.config.hidden_size,
    }


def _begin(folder: Path, tokenizer: PreTrainedTokenizerFast, card: dict[str, Any]) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    tokenizer.backend_tokenizer.save(str(folder / "tokenizer.json"))
    words = json.dumps(card, ensure_ascii=False, indent=1)
    (folder / "encoder.json").write_text(words, encoding="utf-8")
    return folder


def _hash(folder: Path) -> str:
    """Name an encoder by what makes its vectors."""
    digest = hashlib.sha256()
    for path in sorted([*folder.glob("model.onnx*"), folder / "tokenizer.json"]):
        with path.open("rb") as file:
            digest.update(hashlib.file_digest(file, "sha256").digest())
    return digest.hexdigest()[:16]


def _move(folder: Path, target: Path) -> None:
    """Put the folder in its place, whole or not at all; the same one may be there already."""
    target.parent.mkdir(exist_ok=True)
    if not target.exists():
        folder.rename(target)


if __name__ == "__main__":
    sys.exit(main())
