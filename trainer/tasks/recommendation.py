"""Recommending: an encoder of items, whose vectors averaged over a history find the next choice."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
from datasets import Dataset
from torch import nn
from transformers import AutoModel, PreTrainedModel, Trainer, TrainerCallback, TrainingArguments

from trainer.compare import recommendation
from trainer.compare.contender import contenders
from trainer.encoder import MeanPooled
from trainer.export import (
    Answerer,
    Answers,
    drafted,
    export_graph,
    input_names,
    save_torch,
    write_card,
)
from trainer.graph import TextGraph
from trainer.predict import Encoder, EncoderCard
from trainer.pretrained import cut_length, load_tokenizer, safe_weights
from trainer.spec import (
    Baseline,
    Comparison,
    Difference,
    OnCorrections,
    RecommendationScores,
    Rival,
    RunSpec,
    TrainWork,
)
from trainer.tasks import Exported
from trainer.tasks.contrast import Batches, Contrast, encode
from trainer.taste import ranking
from trainer.taste.clicks import Choice, Click, World, make_world, save_choices
from trainer.taste.ranking import Orderer, Ranked
from trainer.taste.recommender import Item, Items
from trainer.taste.score import RECENT, Vectors, popularity

LEFT = 4  # of what was shown and left, contrasted with a choice


class Recommendation:
    """Fine-tune an encoder so that what people take next is near what they took before."""

    metric, greater_is_better = "ndcg@10", True
    _ranked: Ranked  # the test choices, by what serves

    def __init__(self, spec: RunSpec, work: TrainWork) -> None:
        self._base_model = work.base_model
        self.world = read_world(spec.dataset_dir)
        self.model = load_model(work.base_model)
        self.tokenizer = load_tokenizer(work.base_model)
        self.max_length = cut_length(work.recipe.max_length, self.tokenizer, self.model)
        encoded = self.tokenizer(self.world.items, truncation=True, max_length=self.max_length)
        self._tokens: list[list[int]] = encoded["input_ids"]
        self._popular = popularity(self.world.clicks)
        self._train = contrasts(self.world.choices["train"])
        self.rows = {name: len(found) for name, found in self.world.choices.items()}
        self.rows["train"] = len(self._train)

    def make_trainer(
        self, model: nn.Module, arguments: Mapping[str, Any], callbacks: Sequence[TrainerCallback]
    ) -> Trainer:
        chosen = {"train_sampling_strategy": "random", "remove_unused_columns": False}
        return Contrast(
            model=model,
            args=TrainingArguments(**{**arguments, **chosen}),
            data_collator=Batches(self._tokens, self.tokenizer, taken=_list_taken(self.world)),
            train_dataset=self._train,
            eval_dataset=contrasts(self.world.choices["validation"]),
            callbacks=list(callbacks),
            figures=self._validate,
        )

    def export(
        self, model: PreTrainedModel, *, folder: Path, origin: Mapping[str, Any], threads: int
    ) -> Exported:
        """Write model.onnx, tokenizer.json and model.json for serving; torch/ for training on.

        `trainer.taste.recommender` says what items.jsonl and vectors.npy have. Of the test choices
        test_choices.jsonl keeps numbers, without a name, for comparing.
        """
        model = model.cpu().float().eval()
        with drafted(folder) as draft:
            save_torch(model, self.tokenizer, draft / "torch")
            card = {**origin, **self._describe(model)}
            exported, vectors = export_graph(
                MeanPooled(model),
                draft,
                tokenizer=self.tokenizer,
                card=card,
                texts=self.world.items,
                load=partial(_load_encoder, threads=threads),
                judge=self._judge,
                output="vectors",
            )
            weight = self._choose_weight(vectors)
            write_card(draft, {**card, "popularity_weight": weight, "format": exported.format})
            items = [
                Item(item=text, clicks=clicks)
                for text, clicks in zip(self.world.items, self.world.clicks, strict=True)
            ]
            Items(items, vectors).save(draft)
            save_choices(self._test, draft / "test_choices.jsonl")
        self._ranked = ranking.rank(self._test, self._by_taste(vectors, weight))
        return Exported(exported)

    def test(self) -> RecommendationScores:
        new = np.array([choice.user not in self.world.known for choice in self._test])
        return ranking.score(self._ranked, items=len(self.world.items), new=new)

    def baselines(self) -> list[Baseline]:
        """Measure popularity alone, and the base model as it came."""
        untuned = encode(load_model(self._base_model), self._tokens, self.tokenizer)
        orders = {
            "popularity": ranking.by_popularity(self._popular),
            "untuned encoder": self._by_taste(untuned, self._choose_weight(untuned)),
        }
        return [self._measure(name, order) for name, order in orders.items()]

    def compare(
        self, spec: RunSpec, rival: Rival
    ) -> tuple[Comparison | None, OnCorrections | None]:
        ours, theirs = contenders(spec, rival)
        return recommendation.compare(ours, theirs, threads=spec.threads), None

    @property
    def _test(self) -> Sequence[Choice]:
        return self.world.choices["test"]

    def _measure(self, name: str, order: Orderer) -> Baseline:
        ranked = ranking.rank(self._test, order)
        change = ranking.difference(self._ranked, ranked)
        return Baseline(name=name, figures=ranked.figures(), difference=change, curve=ranked.curve)

    def _validate(self, model: nn.Module) -> dict[str, float]:
        order = self._by_taste(encode(model, self._tokens, self.tokenizer), ranking.USUAL_WEIGHT)
        return ranking.rank(self.world.choices["validation"], order).figures()

    def _choose_weight(self, vectors: Vectors) -> float:
        return ranking.choose_weight(self.world.choices["validation"], vectors, self._popular)

    def _by_taste(self, vectors: Vectors, weight: float) -> Orderer:
        return ranking.by_taste(vectors, self._popular, weight=weight)

    def _judge(self, int8: Answers, fp32: Answers) -> tuple[float, Difference]:
        """Tell how alike both formats order, and what int8 changes of hit@10."""
        weight = self._choose_weight(fp32)
        small, large = self._by_taste(int8, weight), self._by_taste(fp32, weight)
        ours, theirs = ranking.rank(self._test, small), ranking.rank(self._test, large)
        return ranking.agreement(self._test, small, large), ranking.difference(ours, theirs)

    def _describe(self, model: PreTrainedModel) -> dict[str, Any]:
        return {
            "inputs": input_names(model, self.tokenizer),
            "pad_token_id": self.tokenizer.pad_token_id,
            "max_length": self.max_length,
            "dimensions": model.config.hidden_size,
        }


def read_world(dataset_dir: Path) -> World:
    """Read the clicks of a data set; raise RunFailed (bad_rows) where they teach nothing."""
    table = pq.read_table(dataset_dir / "rows.parquet", columns=list(Click._fields))
    return make_world([Click(*row) for row in zip(*table.to_pydict().values(), strict=True)])


def load_model(base_model: str) -> PreTrainedModel:
    """Load an encoder's body from safetensors alone."""
    with safe_weights(base_model) as source:
        model: PreTrainedModel = AutoModel.from_pretrained(
            source, use_safetensors=True, trust_remote_code=False
        )
    return model


def contrasts(choices: Sequence[Choice]) -> Dataset:
    """Give the choices that teach: without a history there is nothing to be near to."""
    taught = [choice for choice in choices if choice.history]
    return Dataset.from_dict(
        {
            "user": [choice.user for choice in taught],
            "item": [choice.item for choice in taught],
            "history": [list(choice.history[-RECENT:]) for choice in taught],
            "left": [list(choice.shown[:LEFT]) for choice in taught],
        }
    )


def _list_taken(world: World) -> dict[int, frozenset[int]]:
    """Give what each person took in training."""
    found: defaultdict[int, set[int]] = defaultdict(set)
    for choice in world.choices["train"]:
        found[choice.user].add(choice.item)
    return {user: frozenset(items) for user, items in found.items()}


def _load_encoder(folder: Path, *, threads: int) -> Answerer:
    """Load what turns items into vectors, for a folder that has no items yet."""
    card = EncoderCard.model_validate_json((folder / "model.json").read_bytes())
    return Encoder(TextGraph.load(folder, card, threads=threads), card).encode
