"""Find texts by the words of a query: BM25, with Latin words whole and Chinese by pairs of characters."""

from __future__ import annotations

import re
from collections.abc import Sequence

import bm25s
import numpy as np
from numpy.typing import NDArray

_WORD = re.compile(r"[a-z0-9][a-z0-9+#.-]*|[一-鿿]+")


class WordIndex:
    """An index of texts by their words (Robertson et al. 1994, Okapi at TREC-3)."""

    def __init__(self, texts: Sequence[str]) -> None:
        self._texts = len(texts)
        self._index = bm25s.BM25()
        # It takes no empty corpus, and a text without a word breaks nothing.
        self._index.index([split(text) for text in texts] or [[""]], show_progress=False)

    def score(self, query: str) -> NDArray[np.float64]:
        """Give how well each text fits, [texts]: 1 for the best, 0 without a word in common."""
        known = [word for word in split(query) if word in self._index.vocab_dict]
        if not known or not self._texts:
            return np.zeros(self._texts)
        found = np.asarray(self._index.get_scores(known), np.float64)
        return found / (found.max() or 1.0)


def split(text: str) -> list[str]:
    """Split a text into what is compared; Chinese, which writes no spaces, overlaps."""
    words: list[str] = []
    for found in _WORD.findall(text.casefold()):
        if found[0].isascii():
            words.append(found.rstrip(".-"))
        else:
            words += [found[i : i + 2] for i in range(max(1, len(found) - 1))]
    return words
