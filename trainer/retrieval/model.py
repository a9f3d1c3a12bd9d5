"""A bi-encoder: a base model's body with the pooling that it came with, in training and as a graph."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, cast

import numpy as np
import torch
from datasets import Dataset
from sentence_transformers import SentenceTransformer
from sentence_transformers.base.evaluation import BaseEvaluator
from sentence_transformers.base.model import BaseModel
from sentence_transformers.sentence_transformer.losses import MultipleNegativesRankingLoss
from sentence_transformers.sentence_transformer.modules import Pooling, Transformer
from sentence_transformers.sentence_transformer.trainer import SentenceTransformerTrainer
from torch import nn
from torch.nn import functional
from transformers import PreTrainedModel, PreTrainedTokenizerFast, Trainer
from transformers.utils.hub import cached_file

from trainer.fit import Exact
from trainer.pretrained import cut_length, load_tokenizer, safe_weights
from trainer.retrieval.batches import DealtBatches
from trainer.retrieval.figures import name
from trainer.retrieval.pairs import Pairs
from trainer.retrieval.ranking import by_vectors, rank
from trainer.search import Vectors

ENCODE_BATCH = 64  # texts of like length, without gradients
POOLING_CONFIG = "1_Pooling/config.json"


class BiEncoder:
    """Questions and answers go through the same weights (Reimers and Gurevych 2019)."""

    def __init__(self, transformer: Transformer, pooling: Pooling, *, on_cpu: bool) -> None:
        self._transformer = transformer
        self.pooling = pooling
        device = "cpu" if on_cpu else None  # None: the library finds the GPU
        self.model = SentenceTransformer(modules=[transformer, pooling], device=device)

    @classmethod
    def load(cls, base_model: str, *, max_length: int, on_cpu: bool) -> BiEncoder:
        """Load a base model's body from safetensors alone, with its pooling, else the mean."""
        tokenizer = load_tokenizer(base_model)
        with safe_weights(base_model) as source:
            transformer = Transformer(
                source,
                model_kwargs={"use_safetensors": True, "trust_remote_code": False},
                config_kwargs={"trust_remote_code": False},
                processor_kwargs={"trust_remote_code": False},
            )
            pooling = _load_pooling(source, transformer.get_embedding_dimension())
        tokenizer.model_max_length = cut_length(max_length, tokenizer, transformer.model)
        transformer.processor = tokenizer  # it pads, whatever the base model's own does
        return cls(transformer, pooling, on_cpu=on_cpu)

    @property
    def body(self) -> PreTrainedModel:
        """What a method prepares and training changes."""
        return self._transformer.model

    @body.setter
    def body(self, body: nn.Module) -> None:
        self._transformer.model = cast("PreTrainedModel", body)  # PEFT's wrapper will do as well

    @property
    def tokenizer(self) -> PreTrainedTokenizerFast:
        return cast("PreTrainedTokenizerFast", self._transformer.processor)

    @property
    def dimensions(self) -> int:
        return self.pooling.pooling_output_dimension

    def vectors(self, texts: Sequence[str]) -> Vectors:
        """Compute vectors of length 1 [texts, dimensions]."""
        return encode(self.model, texts)


def encode(model: SentenceTransformer, texts: Sequence[str]) -> Vectors:
    """Compute vectors of length 1 [texts, dimensions], without gradients."""
    found = model.encode(
        list(texts), batch_size=ENCODE_BATCH, show_progress_bar=False, normalize_embeddings=True
    )
    return np.asarray(found, np.float32)


class Graph(nn.Module):
    """What is exported: from token ids to a vector of length 1."""

    def __init__(self, body: PreTrainedModel, pooling: Pooling) -> None:
        super().__init__()
        self.body = body
        self.pooling = pooling

    def forward(self, tokens: dict[str, torch.Tensor]) -> torch.Tensor:
        """Give [batch, dimensions]."""
        hidden = self.body(**tokens).last_hidden_state
        features = {"token_embeddings": hidden, "attention_mask": tokens["attention_mask"]}
        pooled: torch.Tensor = self.pooling(features)["sentence_embedding"]
        return functional.normalize(pooled, dim=-1)


class PairTrainer(Exact, SentenceTransformerTrainer):
    """The library's Trainer, resuming exactly whatever the method wraps around the body."""

    # The library's own saves and loads each module its own way, of which adapters lose something;
    # all weights by name are what is trained and nothing else.
    _save = Trainer._save  # noqa: SLF001
    _load_from_checkpoint = Trainer._load_from_checkpoint  # type: ignore[assignment]  # noqa: SLF001
    _load_best_model = Trainer._load_best_model  # noqa: SLF001

    def add_model_card_callback(self, default_args_dict: Mapping[str, Any]) -> None:
        """Do without: a model has a card of our own."""

    def get_batch_sampler(  # type: ignore[override]
        self, dataset: Dataset, batch_size: int, **_: object
    ) -> DealtBatches:
        return DealtBatches(dataset, batch_size, seed=self.args.seed)

    def get_default_loss(self, model: BaseModel) -> nn.Module:
        """Tell the right answer from all others in the batch (Henderson et al. 2017)."""
        return MultipleNegativesRankingLoss(cast("SentenceTransformer", model))


class Validation(BaseEvaluator):
    """Rank the validation questions among all answers after each epoch."""

    def __init__(self, pairs: Pairs) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._answers, self._asked = pairs.answers, pairs.asked["validation"]

    def __call__(self, model: BaseModel, *_: object, **__: object) -> dict[str, float]:
        vectors = partial(encode, cast("SentenceTransformer", model))
        near = by_vectors(vectors, vectors(self._answers))
        return name(rank(near([question.text for question in self._asked]), self._asked))


def _load_pooling(source: str, dimensions: int) -> Pooling:
    found = cached_file(
        source,
        POOLING_CONFIG,
        _raise_exceptions_for_missing_entries=False,
        _raise_exceptions_for_connection_errors=False,
    )
    if found is None:
        mean: Pooling = Pooling(dimensions, "mean")
        return mean
    own: Pooling = Pooling.load(str(Path(found).parent))
    return own
