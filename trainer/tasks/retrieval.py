"""Answering questions: a bi-encoder of questions and answers, and the index of all answers."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from datasets import Dataset
from numpy.typing import NDArray
from sentence_transformers.sentence_transformer.training_args import (
    SentenceTransformerTrainingArguments,
)
from torch import nn
from transformers import PreTrainedModel, Trainer, TrainerCallback

from trainer.compare.contender import contenders
from trainer.compare.retrieval import compare
from trainer.events import EventWriter
from trainer.export import drafted, export_graph, input_names, write_card
from trainer.retrieval import figures, pairs, ranking, scope
from trainer.retrieval.batches import WithNegatives
from trainer.retrieval.lexical import by_words
from trainer.retrieval.model import BiEncoder, Graph, PairTrainer, Validation
from trainer.retrieval.negatives import mine
from trainer.retrieval.pairs import Pairs
from trainer.retrieval.ranking import Ranking
from trainer.search import Index, Retriever, Vectors, load_encoder
from trainer.spec import (
    Baseline,
    Comparison,
    Difference,
    OnCorrections,
    Phase,
    RetrievalScores,
    Rival,
    RunSpec,
    TrainWork,
)
from trainer.tasks import Exported


class Retrieval:
    """Fine-tune an encoder so that a question is near its answer and far from the others."""

    metric, greater_is_better = "mrr", True

    def __init__(self, spec: RunSpec, work: TrainWork, events: EventWriter | None = None) -> None:
        self.pairs = pairs.read(spec.dataset_dir)
        self.encoder = BiEncoder.load(
            work.base_model, max_length=work.recipe.max_length, on_cpu=spec.device == "cpu"
        )
        self.model = self.encoder.body
        taught = {"train": len(self.pairs.taught)}
        self.rows = {split: len(asked) for split, asked in self.pairs.asked.items()} | taught
        self._layout = ranking.lay_out(self.pairs)
        if events:
            events.write(Phase(name="mining"))
        self._look_untuned()
        self._test: Ranking
        self._threshold: scope.Threshold
        self._questions_searched = 0

    def make_trainer(
        self, model: nn.Module, arguments: Mapping[str, Any], callbacks: Sequence[TrainerCallback]
    ) -> Trainer:
        self.encoder.body = model
        return PairTrainer(
            model=self.encoder.model,
            args=SentenceTransformerTrainingArguments(**arguments),
            data_collator=WithNegatives(preprocess_fn=self.encoder.model.preprocess),
            train_dataset=self._taught,
            eval_dataset=_columns(self.pairs, "validation"),
            evaluator=Validation(self.pairs),
            callbacks=list(callbacks),
        )

    def export(
        self, model: PreTrainedModel, *, folder: Path, origin: Mapping[str, Any], threads: int
    ) -> Exported:
        """Write model.onnx, tokenizer.json and model.json for serving; torch/ for training on.

        answers.jsonl has all answers, each with its row of the file, and vectors.npy their vectors;
        where it helps on the validation split, those of the training questions too. The threshold
        is fitted there as well, by what serves.
        """
        self.encoder.body = model = model.cpu().float().eval()
        card = {**origin, **self._describe()}
        with drafted(folder) as draft:
            self.encoder.model.save_pretrained(str(draft / "torch"), create_model_card=False)
            exported, _ = export_graph(
                Graph(model, self.encoder.pooling),
                draft,
                tokenizer=self.encoder.tokenizer,
                card=card,
                texts=[*self.pairs.answers, *self._test_questions],
                load=partial(load_encoder, threads=threads),
                judge=self._judge,
                output="vectors",
            )
            self._index(draft, load_encoder(draft, threads=threads))
            self._measure(Retriever.load(draft, threads=threads))
            threshold = self._threshold.score
            write_card(draft, {**card, "threshold": threshold, "format": exported.format})
        return Exported(exported, threshold=threshold)

    def test(self) -> RetrievalScores:
        return figures.score(
            self._test,
            self._threshold,
            self.pairs,
            questions_searched=self._questions_searched,
        )

    def baselines(self) -> list[Baseline]:
        """Measure what is found by words alone, and by the base model as it came."""
        others = {
            "BM25": ranking.stand(by_words(self._layout.texts), self._layout, self.pairs),
            "untuned encoder": self._untuned,
        }
        return [figures.beside(self._test, name, found) for name, found in others.items()]

    def compare(
        self, spec: RunSpec, rival: Rival
    ) -> tuple[Comparison | None, OnCorrections | None]:
        ours, theirs = contenders(spec, rival)
        return compare(ours, theirs, threads=spec.threads), None

    # --- steps ----------------------------------------------------------------------------------

    def _look_untuned(self) -> None:
        """Rank with the base model as it came, and mine what it takes for nearly right."""
        vectors = self.encoder.vectors(self._layout.texts)
        scorer = ranking.by_vectors(self.encoder.vectors, vectors)
        self._untuned = ranking.stand(scorer, self._layout, self.pairs)
        taught, answers = self.pairs.taught, self.pairs.answers
        questions = vectors[self._layout.questions]
        negatives = mine([q for q, _ in taught], questions, vectors[self._layout.starts])
        self._taught = _columns(self.pairs, "train").add_column(
            "negatives", [[answers[answer] for answer in found] for found in negatives]
        )

    def _describe(self) -> dict[str, Any]:
        tokenizer = self.encoder.tokenizer
        return {
            "inputs": input_names(self.encoder.body, tokenizer),
            "pad_token_id": tokenizer.pad_token_id,
            "max_length": tokenizer.model_max_length,
            "dimensions": self.encoder.dimensions,
            "threshold": 0.0,  # until it is fitted
        }

    def _judge(self, int8: Vectors, fp32: Vectors) -> tuple[float, Difference]:
        """Tell how often both formats find the same answer, and what int8 changes of recall@1."""
        asked = [question for question in self.pairs.asked["test"] if question.right]
        a, b = (self._find_first(vectors) for vectors in (int8, fp32))
        rights = [
            [answer in question.right for answer, question in zip(found, asked, strict=True)]
            for found in (a, b)
        ]
        return float((a == b).mean()), figures.difference(*rights)

    def _find_first(self, vectors: Vectors) -> NDArray[np.int64]:
        """Give the number of the nearest answer to each test question that has one."""
        answers, questions = np.split(vectors, [len(self.pairs.answers)])
        scorer = ranking.by_vectors(lambda _: questions, answers)
        return np.concatenate([near.argmax(axis=1) for near in scorer(self._test_questions)])

    @property
    def _test_questions(self) -> list[str]:
        return [question.text for question in self.pairs.asked["test"] if question.right]

    def _index(self, folder: Path, encode: Callable[[Sequence[str]], Vectors]) -> None:
        """Write the index, with the training questions where they help to find their answers."""
        vectors = encode(self._layout.texts)
        scorer = ranking.by_vectors(encode, vectors)
        with_questions = ranking.prefers_questions(scorer, self._layout, self.pairs)
        self._questions_searched = len(self.pairs.taught) if with_questions else 0
        kept = vectors if with_questions else vectors[self._layout.starts]
        entries = self._layout.entries(self.pairs, questions=with_questions)
        Index(entries, kept).save(folder)

    def _measure(self, retriever: Retriever) -> None:
        """Fit the threshold on the validation split, and rank the test split, by what serves."""
        validation, self._test = (
            ranking.rank(retriever.scores([question.text for question in asked]), asked)
            for asked in (self.pairs.asked["validation"], self.pairs.asked["test"])
        )
        self._threshold = scope.fit(scope.out_of_scope(validation).scores)


def _columns(found: Pairs, split: str) -> Dataset:
    taught = [(q.text, found.answers[a]) for q in found.asked[split] for a in q.right]
    questions, answers = zip(*taught, strict=True)
    return Dataset.from_dict({"question": questions, "answer": answers})
