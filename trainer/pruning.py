"""Static pruning of a vocabulary: the tokens that the training split and single characters need stay."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
import torch
from tokenizers import Tokenizer
from torch import nn
from transformers import AutoModel, PreTrainedModel, PreTrainedTokenizerFast

from trainer import vocabulary
from trainer.failures import RunFailed
from trainer.pretrained import safe_weights
from trainer.vocabulary import Ids

BATCH = 1_000  # texts tokenised at a time
PROOF = 16  # training texts whose vectors must stay as they were


@dataclass(frozen=True)
class Pruned:
    """A tokenizer with fewer tokens, and which ids of the whole one they were."""

    tokenizer: PreTrainedTokenizerFast
    kept: Ids  # [tokens], ascending: the new id of a token is its place
    whole: PreTrainedTokenizerFast
    base_model: str


def prune(
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerFast,
    texts: Sequence[str],
    base_model: str,
) -> Pruned:
    """Shrink the model's table of tokens in place, and give the tokenizer that goes with it.

    Texts of the training split keep their tokens and their vectors; other texts fall apart into
    smaller pieces where they had a token of their own, as every single character stays. Abdaoui
    et al. 2020, *Load What You Need: Smaller Versions of Multilingual BERT*. Raise RunFailed
    (bad_method) where the tokenizer or the model doesn't allow that.
    """
    try:
        pruned = prune_tokenizer(tokenizer, texts, base_model)
    except vocabulary.UnknownKindError as error:
        raise _refuse(tokenizer) from error
    some = list(texts[:PROOF])
    before = _encode(model, tokenizer, some)
    take_rows(model, pruned)
    if not torch.equal(_encode(model, pruned.tokenizer, some), before):
        raise _refuse(tokenizer)
    return pruned


def prune_tokenizer(
    tokenizer: PreTrainedTokenizerFast, texts: Sequence[str], base_model: str
) -> Pruned:
    """Leave out what no text uses; raise UnknownKindError for a vocabulary of an unknown kind."""
    written = json.loads(tokenizer.backend_tokenizer.to_str())
    kept = np.array(sorted(vocabulary.find_needed(written, _used(tokenizer, texts))))
    new = Tokenizer.from_str(json.dumps(vocabulary.keep(written, kept)))
    return Pruned(
        PreTrainedTokenizerFast(
            tokenizer_object=new,
            **tokenizer.special_tokens_map,
            model_max_length=tokenizer.model_max_length,
            model_input_names=tokenizer.model_input_names,
            padding_side=tokenizer.padding_side,
            truncation_side=tokenizer.truncation_side,
        ),
        kept,
        tokenizer,
        base_model,
    )


def take_rows(model: PreTrainedModel, pruned: Pruned) -> None:
    """Leave the kept tokens' rows alone in the table of tokens."""
    _put_table(model, _table_of(model)[torch.from_numpy(pruned.kept)])
    config, tokenizer = model.config, pruned.tokenizer
    for name in ("pad", "bos", "eos", "cls", "sep"):
        if getattr(config, f"{name}_token_id", None) is not None:
            setattr(config, f"{name}_token_id", getattr(tokenizer, f"{name}_token_id"))


def restore(model: PreTrainedModel, pruned: Pruned) -> PreTrainedModel:
    """Give a copy of a trained model with the whole table of tokens: what stayed as it was trained."""
    copied = copy.deepcopy(model)
    body = cast("PreTrainedModel", copied.base_model)
    with safe_weights(pruned.base_model) as source:
        base = AutoModel.from_pretrained(source, use_safetensors=True, trust_remote_code=False)
    table = base.float().get_input_embeddings().weight.detach().clone()
    table[torch.from_numpy(pruned.kept)] = _table_of(body)
    _put_table(body, table)
    return copied


def _table_of(model: PreTrainedModel) -> torch.Tensor:
    return cast("nn.Embedding", model.get_input_embeddings()).weight.detach()


def _put_table(model: PreTrainedModel, weight: torch.Tensor) -> None:
    old = cast("nn.Embedding", model.get_input_embeddings())
    new = nn.Embedding.from_pretrained(weight.clone(), freeze=not old.weight.requires_grad)
    model.set_input_embeddings(new)
    model.config.vocab_size = len(weight)


def _used(tokenizer: PreTrainedTokenizerFast, texts: Sequence[str]) -> Iterable[int]:
    backend = copy.deepcopy(tokenizer.backend_tokenizer)
    backend.no_truncation()
    backend.no_padding()
    used: set[int] = set()
    for start in range(0, len(texts), BATCH):
        for encoding in backend.encode_batch_fast(list(texts[start : start + BATCH])):
            used.update(encoding.ids)
    return used


@torch.inference_mode()
def _encode(
    model: PreTrainedModel, tokenizer: PreTrainedTokenizerFast, texts: list[str]
) -> torch.Tensor:
    """Give the vectors [texts, tokens, width] of the model's body."""
    body, training = cast("PreTrainedModel", model.base_model), model.training
    tokens: Mapping[str, Any] = tokenizer(
        texts, truncation=True, max_length=64, padding=True, return_tensors="pt"
    )
    vectors: torch.Tensor = body.eval()(**tokens).last_hidden_state
    model.train(training)
    return vectors


def _refuse(tokenizer: PreTrainedTokenizerFast) -> RunFailed:
    return RunFailed(
        "bad_method",
        f"The vocabulary of {type(tokenizer).__name__} can't be pruned: leave out prune=yes.",
        prune="no",
    )
