"""BM25 over the same texts, the bar that a trained retriever has to beat; Chinese cut into words."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

import bm25s
import numpy as np
import rjieba

from trainer.retrieval.ranking import Scorer
from trainer.search import QUESTIONS_AT_ONCE, Scores

_WORD = re.compile(r"[^\W_]+")


def by_words(texts: Sequence[str]) -> Scorer:
    """Score by Okapi BM25 (Robertson et al. 1994, Okapi at TREC-3) over the words of the texts."""
    index = bm25s.BM25()
    # It takes no corpus without a word, and a text without one breaks nothing.
    index.index([split(text) or [""] for text in texts], show_progress=False)

    def score(questions: Sequence[str]) -> Iterator[Scores]:
        for start in range(0, len(questions), QUESTIONS_AT_ONCE):
            part = questions[start : start + QUESTIONS_AT_ONCE]
            yield np.stack([_score(index, question, len(texts)) for question in part])

    return score


def split(text: str) -> list[str]:
    """Split a text into words without case; Chinese, which writes no spaces, by a dictionary."""
    return [word for part in rjieba.cut(text.casefold()) for word in _WORD.findall(part)]


def _score(index: bm25s.BM25, question: str, texts: int) -> Scores:
    known = [word for word in split(question) if word in index.vocab_dict]
    if not known:
        return np.zeros(texts, np.float32)
    return np.asarray(index.get_scores(known), np.float32)
