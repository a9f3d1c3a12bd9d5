"""Answers: what is learnt from pairs, how answers are ranked, when one is given, what serves."""

from __future__ import annotations

import csv
import json
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from keyword_models import write_keyword_model
from records import enqueue
from results import assert_postable
from short_runs import make_spec, read_events
from sqlite_utils import Database
from transformers import BertConfig, BertModel, set_seed

from bot.train import curve, summary
from storage.records import Job
from trainer import data, device, fit, methods, tasks, train
from trainer.compare.contender import Contender
from trainer.compare.retrieval import compare
from trainer.events import EventWriter
from trainer.failures import RunFailed
from trainer.pretrained import load_tokenizer
from trainer.process import Cancellation, Cancelled
from trainer.retrieval import lexical, negatives, pairs, ranking, scope
from trainer.retrieval.batches import choose_negatives, count_batches, deal
from trainer.retrieval.pairs import Question, Row
from trainer.search import Entry, Index, Retriever
from trainer.spec import (
    Body,
    Checkpoint,
    IntakeWork,
    Method,
    Phase,
    RetrievalScores,
    RunSpec,
    TrainSummary,
    TrainWork,
    text_hash,
)

# Of torch's exporter and of peft.
pytestmark = [
    pytest.mark.filterwarnings("ignore:.*LeafSpec.*:FutureWarning"),
    pytest.mark.filterwarnings("ignore:.*is_gradient_checkpointing.*:FutureWarning"),
]
THINGS = ("invoice", "password", "parcel", "refund", "address", "contract", "voucher", "meeting")
ASKED = (
    "How do I change my {}?",
    "Where is the {}?",
    "I lost my {}, what now",
    "Who looks after the {}?",
    "can somebody help with a {}",
)
PLACES = ("train", "train", "train", "validation", "test")


def make_rows() -> list[Row]:
    """Give five questions about each thing, whose answer is the same; two have no answer."""
    rows = [
        Row(
            question=asked.format(thing),
            answer=f"All about the {thing} is on its page.",
            source=0,
            split=split,
        )
        for thing in THINGS
        for asked, split in zip(ASKED, PLACES, strict=True)
    ]
    rows += [
        Row(question=f"Is there life on {planet}?", answer="", source=0, split=split)
        for planet, split in (("Mars", "validation"), ("Venus", "test"))
    ]
    return [row | {"source": number} for number, row in enumerate(rows, 2)]


def keep(data_dir: Path) -> str:
    """Make the data set as an upload does, and give its hash."""
    upload = data_dir / "uploads" / "faq.csv"
    upload.parent.mkdir(parents=True)
    with upload.open("w", encoding="utf-8", newline="") as file:
        rows = [(row["question"], row["answer"], row["split"]) for row in make_rows()]
        csv.writer(file).writerows([("question", "answer", "split"), *rows])
    work = IntakeWork(upload="uploads/faq.csv", filename="faq.csv", name="faq", shape="pairs")
    card = data.make_dataset(
        RunSpec(job=900, attempt=1, data_dir=data_dir, work=work, device="cpu")
    ).card
    assert card is not None
    return card.hash


def specify(data_dir: Path, dataset: str, **about: object) -> RunSpec:
    spec = make_spec(data_dir, dataset, **about)  # type: ignore[arg-type]
    return spec.model_copy(update={"work": spec.work.model_copy(update={"task": "retrieval"})})


# --- rows -----------------------------------------------------------------------------------


def row(question: str, answer: str, split: str = "train", source: int = 1) -> Row:
    return Row(question=question, answer=answer, source=source, split=split)


def test_answers_that_differ_in_case_or_space_are_one_from_where_it_first_stood() -> None:
    found = pairs.gather([row("a?", "Yes.", source=7), row("b?", " yes. ", source=9)])
    assert (found.answers, found.sources) == (["Yes."], [7])
    assert [question.right for question in found.asked["train"]] == [(0,), (0,)]


def test_a_question_with_two_answers_has_both_and_one_without_has_none() -> None:
    found = pairs.gather([row("a?", "x"), row("A?", "y"), row("b?", "", "test", 5)])
    assert [question.right for question in found.asked["train"]] == [(0, 1)]
    assert found.asked["test"] == [Question("b?", (), 5)]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"answer": "the same"}, "Every question has the same answer"),
        ({"split": "train"}, "The validation split has no question with an answer."),
        ({"question": "why?"}, "The training split has 1 questions with an answer; at least 10"),
    ],
)
def test_rows_that_teach_nothing_are_refused_in_words(
    changes: dict[str, str], words: str, tmp_path: Path
) -> None:
    rows = [one | changes for one in make_rows()]
    pq.write_table(pa.Table.from_pylist(rows), tmp_path / "rows.parquet")
    with pytest.raises(RunFailed, match=words):
        pairs.read(tmp_path)


# --- batches and negatives ------------------------------------------------------------------

dealt_rows = st.lists(st.tuples(st.integers(0, 30), st.integers(0, 6)), min_size=1, max_size=60)


@given(dealt_rows, st.integers(1, 16), st.randoms(use_true_random=False))
def test_no_batch_has_a_question_or_an_answer_twice(
    rows: list[tuple[int, int]], size: int, random: object
) -> None:
    order = list(range(len(rows)))
    random.shuffle(order)  # type: ignore[attr-defined]
    batches = count_batches(rows, size)
    dealt = deal(rows, order, batches)
    assert len(dealt) == batches
    assert max(Counter(number for batch in dealt for number in batch).values()) == 1
    for batch in dealt:
        assert len(batch) <= size
        for column in zip(*(rows[number] for number in batch), strict=True):
            assert len(set(column)) == len(column)


@given(st.integers(1, 100), st.integers(1, 32))
def test_rows_that_share_nothing_are_all_dealt(rows: int, size: int) -> None:
    dealt = deal([(i, -i) for i in range(rows)], range(rows), -(-rows // size))
    assert sorted(number for batch in dealt for number in batch) == list(range(rows))


def test_an_answer_of_half_the_rows_is_in_every_batch_once() -> None:
    rows = [(i, 0 if i < 10 else i) for i in range(20)]
    dealt = deal(rows, range(20), count_batches(rows, 8))
    assert [sorted(rows[i][1] == 0 for i in batch) for batch in dealt] == [[False, True]] * 10


def test_a_negative_is_no_answer_of_the_batch_and_used_once() -> None:
    rows = [("a", ["b", "x", "y"]), ("b", ["a", "x", "z"])]
    assert choose_negatives(rows) == ["x", "z"]
    assert choose_negatives([*rows, ("c", ["a", "x"])]) is None


def test_hard_negatives_are_wrong_answers_but_not_those_nearly_as_near_as_the_right_one() -> None:
    answers = np.array([[1, 0], [0.99, 0.14], [0.8, 0.6], [0.6, 0.8]], np.float32)
    found = negatives.mine([Question("q", (0,), 1)], np.array([[1, 0]], np.float32), answers)
    assert found == [[2, 3]]


# --- ranking --------------------------------------------------------------------------------


def test_the_place_of_the_best_right_answer_counts_and_ties_stand_in_order() -> None:
    scores = np.array([[0.9, 0.5, 0.5], [0.1, 0.2, 0.9], [0.3, 0.2, 0.1]], np.float32)
    asked = [Question("a", (2,), 1), Question("b", (0, 1), 2), Question("c", (), 3)]
    found = ranking.rank([scores[:2], scores[2:]], asked)
    assert found.place.tolist() == [3, 2, 0]
    assert found.without == pytest.approx([0.9, 0.9, 0.3])
    assert found.recall(2).tolist() == [False, True]
    assert found.reciprocal.tolist() == [1 / 3, 1 / 2]


def test_training_questions_stand_behind_their_answers_and_lead_to_them() -> None:
    found = pairs.gather([row("a?", "x"), row("b?", "y"), row("c?", "x")])
    layout = ranking.lay_out(found)
    assert layout.texts == ["x", "a?", "c?", "y", "b?"]
    assert layout.questions.tolist() == [1, 4, 2]
    near = np.array([[0.1, 0.2, 0.9, 0.3, 0.0]], np.float32)
    assert layout.by_answer(near, questions=True)[0] == pytest.approx([0.9, 0.3])
    assert layout.by_answer(near, questions=False)[0] == pytest.approx([0.1, 0.3])
    assert [entry.vectors for entry in layout.entries(found, questions=True)] == [3, 2]


def test_words_find_chinese_answers_and_no_word_in_common_scores_nothing() -> None:
    score = lexical.by_words(["退货需要七天时间", "发票在订单页面下载", "…"])
    (found,) = score(["怎么下载发票", "hello"])
    assert found[0].argmax() == 1
    assert not found[1].any()


# --- out of scope ---------------------------------------------------------------------------


def test_of_new_questions_out_of_scope_at_most_a_twentieth_is_answered() -> None:
    random = np.random.default_rng(0)
    shares, bound = [], 1.0
    for _ in range(400):
        threshold = scope.fit(random.normal(size=59).astype(np.float32))
        bound = threshold.bound
        shares.append((random.normal(size=500) >= threshold.score).mean())
    assert bound == pytest.approx(0.05)
    assert np.mean(shares) == pytest.approx(bound, abs=0.006)


def test_of_few_questions_none_would_be_answered_and_the_bound_says_what_that_promises() -> None:
    threshold = scope.fit(np.array([0.2, 0.5, 0.4], np.float32))
    assert threshold.score > 0.5
    assert threshold.bound == 0.25


@pytest.mark.parametrize(("unanswered", "made"), [(3, 10), (scope.FEWEST, 0)])
def test_questions_without_an_answer_are_made_where_the_data_has_few(
    unanswered: int, made: int
) -> None:
    scores = np.tile(np.array([[0.9, 0.4]], np.float32), (10 + unanswered, 1))
    asked = [Question("in", (0,), 1)] * 10 + [Question("out", (), 1)] * unanswered
    found = scope.out_of_scope(ranking.rank([scores], asked))
    assert (found.made, len(found.scores)) == (made, made + unanswered)
    assert (found.scores == np.float32(0.4)).sum() == made


# --- serving --------------------------------------------------------------------------------

WORDS = {"money": "refund", "parcel": "delivery", "login": "password"}


def write_retriever(folder: Path, answers: dict[str, str]) -> Path:
    """Write a model that knows WORDS; `answers` maps each answer to the text of its vector."""
    kinds = sorted(set(WORDS.values()))
    write_keyword_model(folder, WORDS, dimensions=len(kinds), threshold=1.5)
    index = [Entry(answer=answer, source=i) for i, answer in enumerate(answers, 2)]
    vectors = np.eye(len(kinds), dtype=np.float32)[[kinds.index(k) for k in answers.values()]]
    Index(index, vectors).save(folder)
    return folder


def test_the_best_answers_come_first_with_their_rows(tmp_path: Path) -> None:
    answers = {"Ask for it.": "refund", "It comes.": "delivery", "Reset it.": "password"}
    model = Retriever.load(write_retriever(tmp_path / "model", answers))
    parcels, unknown = model.search(["my parcel", "???"], k=2)
    assert (parcels[0].answer, parcels[0].source) == ("It comes.", 3)
    assert len(parcels) == len(unknown) == 2
    assert unknown[0].score < model.threshold


def test_an_index_whose_vectors_are_not_those_named_is_refused() -> None:
    with pytest.raises(ValueError, match="2 vectors are named, and there are 3"):
        Index([Entry(answer="x", source=1, vectors=2)], np.zeros((3, 2), np.float32))


def contend(folder: Path, answers: dict[str, str], seen: Sequence[str], number: int) -> Contender:
    dataset = folder / "dataset"
    dataset.mkdir(parents=True)
    (dataset / "seen.txt").write_text("".join(f"{text_hash(text)}\n" for text in seen))
    asked = {"the money": "Ask for it.", "a parcel": "It comes.", "login": "Reset it.", "hm": ""}
    lines = [{"row": 1, "question": q, "answer": a} for q, a in asked.items()]
    (dataset / "test.jsonl").write_text("".join(f"{json.dumps(line)}\n" for line in lines))
    return Contender(number, write_retriever(folder / "model", answers), dataset)


def test_retrievers_are_compared_by_what_their_own_answers_say(tmp_path: Path) -> None:
    right = {"Ask for it.": "refund", "It comes.": "delivery", "Reset it.": "password"}
    wrong = {"ask for it. ": "refund", "It's lost.": "delivery", "Reset it.": "refund"}
    ours = contend(tmp_path / "new", right, [], 1)
    found = compare(ours, contend(tmp_path / "old", wrong, ["LOGIN"], 7))
    assert (found.model, found.left_out, found.difference.n) == (7, 1, 2)
    assert (found.difference.points, found.difference.metric) == (50, "recall@1")
    with pytest.raises(OSError, match=r"seen\.txt"):
        compare(ours, Contender(2, tmp_path / "gone", tmp_path / "gone"))


# --- runs -----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> tuple[RunSpec, TrainSummary]:
    """Train the packaged encoder for an epoch, by the way that a job takes."""
    data_dir = tmp_path_factory.mktemp("data")
    spec = specify(data_dir, keep(data_dir))
    spec.attempt_dir.mkdir(parents=True)
    with EventWriter(spec.attempt_dir / "events") as events:
        ended = train.run(spec, events, Cancellation())
    assert ended.summary is not None, ended.failure
    return spec, ended.summary


def test_a_run_finds_the_answers_and_says_how_well(
    trained: tuple[RunSpec, TrainSummary],
) -> None:
    spec, found = trained
    scores = found.scores
    assert isinstance(scores, RetrievalScores)
    assert (scores.n, scores.answers, scores.made_out_of_scope) == (8, 8, 8)
    assert scores.out_of_scope == 9
    assert scores.bound == pytest.approx(0.1)
    assert scores.recall_at_1.value >= 0.75
    assert scores.curve[0] == scores.recall_at_1.value
    assert scores.curve == sorted(scores.curve)
    assert [baseline.name for baseline in found.baselines] == ["BM25", "untuned encoder"]
    assert found.rows == {"train": 24, "validation": 9, "test": 9}
    phases = [event.body.name for event in read_events(spec) if isinstance(event.body, Phase)]
    assert phases[:3] == ["loading", "mining", "training"]


def test_what_was_exported_serves_without_a_question_of_the_data(
    trained: tuple[RunSpec, TrainSummary],
) -> None:
    spec, found = trained
    folder = spec.attempt_dir / "model"
    model = Retriever.load(folder)
    ([best, *_],) = model.search(["i lost my voucher"])
    assert best.answer == "All about the voucher is on its page."
    assert best.source in range(32, 37)
    assert model.threshold == found.threshold
    kept = "".join((folder / name).read_text() for name in ("answers.jsonl", "model.json"))
    assert not [row["question"] for row in make_rows() if row["question"] in kept]
    assert (folder / "torch" / "1_Pooling" / "config.json").exists()


@pytest.fixture
def job(db: Database) -> Job:
    return enqueue(db)


def test_a_result_is_told_and_drawn_without_quoting_a_question(
    trained: tuple[RunSpec, TrainSummary], job: Job
) -> None:
    _, found = trained
    body = summary.message(job, found)
    assert_postable(body["text"], body["blocks"])
    assert "not in the docs" in body["text"]
    assert "8 of them are made" in body["text"]
    chart = curve.recall_by_k(found)
    assert chart.alt_text.startswith("The first answer is right for ")
    said = body["text"] + chart.alt_text + json.dumps(body)
    assert not [row["question"] for row in make_rows() if row["question"] in said]


# --- resuming -------------------------------------------------------------------------------


def write_tiny(folder: Path) -> Path:
    """Write a random BERT of two layers that pools by its first token."""
    tokenizer = load_tokenizer("minilm")
    torch.manual_seed(0)
    config = BertConfig(
        vocab_size=len(tokenizer),
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=64,
        max_position_embeddings=64,
    )
    BertModel(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    (folder / "1_Pooling").mkdir()
    pooling = {"word_embedding_dimension": 32, "pooling_mode": "cls"}
    (folder / "1_Pooling" / "config.json").write_text(json.dumps(pooling))
    return folder


class Stopping(EventWriter):
    """Asks for a stop once a step is saved."""

    def __init__(self, folder: Path, cancellation: Cancellation, *, after: int) -> None:
        super().__init__(folder)
        self._cancellation, self._after = cancellation, after

    def write(self, body: Body) -> None:
        super().write(body)
        if isinstance(body, Checkpoint) and body.step >= self._after:
            self._cancellation.requested = True


def fit_once(
    spec: RunSpec, *, stop_after: int = 10_000
) -> tuple[fit.Fitted, dict[str, torch.Tensor]]:
    work = spec.work
    assert isinstance(work, TrainWork)
    device.use_threads(1)  # of so small a model two are slower
    set_seed(work.recipe.seed)
    task = tasks.load(spec, work)
    model = methods.prepare(task.model, work.recipe, work.task)
    stop = Cancellation()
    spec.attempt_dir.mkdir(parents=True)
    with Stopping(spec.attempt_dir / "events", stop, after=stop_after) as events:
        fitted = fit.fit(task, model, spec=spec, work=work, events=events, cancellation=stop)
    return fitted, model.state_dict()


@pytest.mark.parametrize("method", ["full", "lora"])
def test_a_run_stopped_in_the_middle_of_an_epoch_ends_as_one_that_was_not(
    method: Method, tmp_path: Path
) -> None:
    about = {"base_model": str(write_tiny(tmp_path / "tiny")), "method": method, "epochs": 2}
    dataset = keep(tmp_path)
    whole, expected = fit_once(specify(tmp_path, dataset, job=1, **about))
    assert whole.steps == 6

    often = about | {"job": 2, "save_every_s": 1e-6}
    with pytest.raises(Cancelled):
        fit_once(specify(tmp_path, dataset, **often), stop_after=4)
    resumed, weights = fit_once(specify(tmp_path, dataset, attempt=2, **often))
    assert resumed.evaluations == whole.evaluations
    assert resumed.losses == whole.losses
    assert all(torch.equal(weights[name], expected[name]) for name in expected)
