"""Compare two retrievers on the test questions that neither of them has learned from."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from trainer.compare.contender import Contender, read_rows, read_seen
from trainer.evaluate import difference
from trainer.search import Retriever
from trainer.spec import Comparison, fold_text, text_hash


def compare(candidate: Contender, rival: Contender, *, threads: int = 0) -> Comparison:
    """Compare a candidate with its rival by recall@1 on the candidate's test split.

    Each searches its own answers, and has found the right one where their texts are the same but
    for case and white space: an answer that the rival doesn't have counts against it. Questions of
    the rival's training or validation split would flatter it and are left out; so are those that
    have no answer. Raise OSError where a folder is gone.
    """
    right = _read_questions(candidate)
    seen = read_seen(rival.dataset)
    unseen = {question: ok for question, ok in right.items() if text_hash(question) not in seen}
    ours, theirs = (
        _find_right(
            Retriever.load(one.folder, threads=threads), list(unseen), list(unseen.values())
        )
        for one in (candidate, rival)
    )
    found = difference(ours, theirs).model_copy(update={"metric": "recall@1"})
    return Comparison(model=rival.number, difference=found, left_out=len(right) - len(unseen))


def _read_questions(contender: Contender) -> dict[str, set[str]]:
    """Map each test question that has one to its answers, folded."""
    right: defaultdict[str, set[str]] = defaultdict(set)
    for row in read_rows(contender.dataset / "test.jsonl"):
        if row["answer"]:
            right[row["question"]].add(fold_text(row["answer"]))
    return right


def _find_right(
    model: Retriever, questions: Sequence[str], right: Sequence[set[str]]
) -> list[bool]:
    found = model.search(questions, k=1)
    return [fold_text(best.answer) in ok for [best], ok in zip(found, right, strict=True)]
