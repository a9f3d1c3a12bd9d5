"""Synonyms of single words by the wordnets that are installed, in any language they are of."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from importlib.util import find_spec

from trainer.failures import RunFailed

MOST = 8  # of a word: its first meanings are its most frequent


def require() -> None:
    """Raise RunFailed where there is no wordnet; nothing is downloaded for it."""
    if find_spec("wn") is not None:
        import wn  # noqa: PLC0415  (an extra)

        if wn.lexicons():
            return
    raise RunFailed(
        "bad_method",
        "augment=synonym needs a wordnet on the machine that trains: pip install 'coach-bot"
        "[synonyms]' and python -m wn download oewn there, or leave synonym out.",
        augment="delete,swap",
    )


@cache
def find(word: str) -> Sequence[str]:
    """Give single words of the same meaning, those of its most frequent meanings first."""
    import wn  # noqa: PLC0415

    lemmas = (lemma for synset in wn.synsets(word) for lemma in synset.lemmas())
    others = [lemma for lemma in lemmas if lemma.casefold() != word and " " not in lemma]
    return list(dict.fromkeys(others))[:MOST]
