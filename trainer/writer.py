"""A model that writes: loaded safely, how unlikely it finds answers, and what it answers by itself."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from peft import PeftModel
from safetensors.torch import load_model as load_weights
from torch import nn
from torch.nn import functional
from transformers import (
    AutoConfig,
    AutoModelForCausalLM,
    GenerationConfig,
    PreTrainedModel,
    PreTrainedTokenizerFast,
)

from trainer import adapters, device
from trainer.failures import RunFailed
from trainer.pretrained import NO_LIMIT, cut_length, load_tokenizer, safe_weights
from trainer.spec import Turn, WriterCard
from trainer.turns import IGNORED, Pair, add_template, encode_pair, encode_turns

EXAMPLE = "HuggingFaceTB/SmolLM2-135M-Instruct"  # a small one that follows instructions
WRITES = ("ForCausalLM", "LMHeadModel")  # how the architectures that do are called
BATCH_TOKENS = 2_048  # computed at once, padding included

Losses = NDArray[np.float64]  # [answers, (nats, tokens)]


@dataclass(frozen=True)
class Writer:
    """A model with its tokenizer, ready to be measured and to write the likeliest words."""

    model: PreTrainedModel
    tokenizer: PreTrainedTokenizerFast
    context_length: int  # tokens that it reads and writes, together

    @classmethod
    def of(cls, base_model: str, *, where: str = "cpu") -> Writer:
        """Load a base model as it is. Raise RunFailed for one that can't write."""
        return cls._ready(load_model(base_model), load_words(base_model), where)

    @classmethod
    def open(cls, folder: Path, *, where: str = "cpu") -> Writer:
        """Load what training wrote, as it serves. Raise OSError where the folder is gone."""
        card = WriterCard.model_validate_json((folder / "model.json").read_bytes())
        trained = str(folder / "torch")
        words = load_words(trained)
        if card.format == "merged":
            return cls._ready(load_model(trained), words, where)
        adapted = PeftModel.from_pretrained(load_model(card.base_model), trained)
        return cls._ready(adapted.merge_and_unload(), words, where)

    @classmethod
    def _ready(cls, model: PreTrainedModel, words: PreTrainedTokenizerFast, where: str) -> Writer:
        model.generation_config = GenerationConfig(
            do_sample=False,
            eos_token_id=sorted({*_ends(model), words.eos_token_id}),
            pad_token_id=words.pad_token_id,
        )
        nn.Module.to(model, where, _serving_format(model, where)).eval()
        return cls(model, words, cut_length(NO_LIMIT, words, model))

    def encode(self, question: str, answer: str, *, limit: int = NO_LIMIT) -> Pair | None:
        """Turn a pair into tokens; None where its answer is longer than the model reads."""
        limit = min(limit, self.context_length)
        return encode_pair(self.tokenizer, question, answer, limit=limit)

    @torch.inference_mode()
    def measure(self, pairs: Sequence[Pair]) -> Losses:
        """Give for each answer how unlikely the model finds it in all, in nats, and its tokens."""
        losses = np.zeros((len(pairs), 2))
        for batch in _batches([len(pair.input_ids) for pair in pairs]):
            ids = _pad([pairs[i].input_ids for i in batch], 0).to(self.model.device)
            labels = _pad([pairs[i].labels for i in batch], IGNORED)[:, 1:].to(ids.device)
            mask = _pad([[1] * len(pairs[i].input_ids) for i in batch], 0).to(ids.device)
            logits = self.model(input_ids=ids, attention_mask=mask, use_cache=False).logits[:, :-1]
            learnt = labels != IGNORED
            nats = torch.zeros(labels.shape, device=ids.device)
            wanted = logits[learnt].float(), labels[learnt]
            nats[learnt] = functional.cross_entropy(*wanted, reduction="none")
            losses[batch, 0] = nats.double().sum(dim=1).cpu().numpy()
            losses[batch, 1] = learnt.sum(dim=1).cpu().numpy()
        return losses

    @torch.inference_mode()
    def answer(
        self, turns: Sequence[Turn], *, max_tokens: int, seconds: float | None = None
    ) -> tuple[str, bool]:
        """Write the next turn; gives it, and whether it came to its end by itself.

        Of a conversation that is too long the oldest is left out.
        """
        room = min(max_tokens, self.context_length // 2)
        prompt = encode_turns(self.tokenizer, turns, limit=self.context_length - room)
        if prompt is None:
            return "", False
        asked = torch.tensor([prompt], device=self.model.device)
        wrote = self.model.generate(  # type: ignore[operator]  # typed as a module's attribute
            input_ids=asked,
            attention_mask=torch.ones_like(asked),
            max_new_tokens=room,
            max_time=seconds,
        )[0, len(prompt) :].tolist()
        ended = bool(wrote) and wrote[-1] in _ends(self.model)
        return str(self.tokenizer.decode(wrote, skip_special_tokens=True)).strip(), ended


def load_words(base_model: str) -> PreTrainedTokenizerFast:
    """Load a tokenizer with a chat template; raise RunFailed for one without an end of text."""
    tokenizer = load_tokenizer(base_model)
    if tokenizer.eos_token_id is None:
        raise RunFailed(
            "model_not_found",
            f"{base_model!r} has no token that ends a text: choose another base model.",
            model=EXAMPLE,
        )
    add_template(tokenizer)
    return tokenizer


def load_model(base_model: str, dtype: torch.dtype | str = "auto") -> PreTrainedModel:
    """Load a model that writes, from safetensors alone; `auto` keeps the format it is stored in.

    Raise RunFailed (model_not_found) for a model that writes nothing, such as an encoder.
    """
    with safe_weights(base_model) as source:
        config = AutoConfig.from_pretrained(source, trust_remote_code=False)
        if not any(str(name).endswith(WRITES) for name in config.architectures or ()):
            raise RunFailed(
                "model_not_found",
                f"{base_model!r} is no model that writes: choose a causal language model, "
                f"such as {EXAMPLE}.",
                model=EXAMPLE,
            )
        model: PreTrainedModel = AutoModelForCausalLM.from_pretrained(
            source, dtype=dtype, use_safetensors=True, trust_remote_code=False
        )
    _add_bottlenecks(model, Path(source))
    return model


def stored_format(base_model: str) -> torch.dtype:
    """Tell the number format of a base model's weights."""
    with safe_weights(base_model) as source:
        found = AutoConfig.from_pretrained(source, trust_remote_code=False).dtype
    return found if isinstance(found, torch.dtype) else torch.float32


def _serving_format(model: PreTrainedModel, where: str) -> torch.dtype:
    """Keep the stored format, but for one of 16 bits that is slow here."""
    if model.dtype == torch.float32 or where != "cpu":
        return model.dtype
    return torch.bfloat16 if device.has_bfloat16("cpu") else torch.float32


def _ends(model: PreTrainedModel) -> list[int]:
    """List the tokens that end what a model writes."""
    ends = getattr(model.generation_config, "eos_token_id", None)
    return ends if isinstance(ends, list) else [] if ends is None else [ends]


def _batches(lengths: Sequence[int]) -> Iterator[list[int]]:
    """Group the indices of texts of like length, as many as the budget of tokens holds."""
    batch: list[int] = []
    for i in sorted(range(len(lengths)), key=lengths.__getitem__):
        if batch and (len(batch) + 1) * lengths[i] > BATCH_TOKENS:
            yield batch
            batch = []
        batch.append(i)
    if batch:
        yield batch


def _pad(rows: Sequence[Sequence[int]], filler: int) -> torch.Tensor:
    width = max(map(len, rows))
    return torch.tensor([[*row, *[filler] * (width - len(row))] for row in rows])


def _add_bottlenecks(model: PreTrainedModel, source: Path) -> None:
    """Put the adapters back that a folder's model was trained with: no library knows of them."""
    size = getattr(model.config, adapters.BESIDE, 0)
    if size:
        adapters.add(model, size)
        load_weights(model, source / "model.safetensors")
