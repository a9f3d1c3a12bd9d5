"""Varied training texts: words left out, swapped or replaced, punctuation put in; one for each row at most."""

from __future__ import annotations

import math
import random
import unicodedata
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import rjieba

from trainer.intake.duplicates import group_near_duplicates
from trainer.spec import Augmentation, fold_text

SHARE = 0.1  # of a text's words that are changed, at least one (Wei and Zou 2019, section 3)
WESTERN, CHINESE = tuple(".,!?;:"), tuple("。，！？；：")
Synonyms = Callable[[str], Sequence[str]]  # of a word; empty where none is known


@dataclass(frozen=True)
class Varied:
    """A new training text, and the row that it varies, whose label it has."""

    text: str
    source: int


def vary(
    texts: Sequence[str],
    kinds: Sequence[Augmentation],
    *,
    seed: int,
    held_out: Sequence[str],
    synonyms: Synonyms,
) -> list[Varied]:
    """Vary each text in one of the ways, drawn by seed and row.

    Left out is what equals a training text, and what is or nearly is a text `held_out` for
    validation or test. Wei and Zou 2019, *EDA: Easy Data Augmentation*; punctuation by Karimi et
    al. 2021, *AEDA*.
    """
    known = {fold_text(text) for text in texts}
    rows = []
    for source, text in enumerate(texts):
        draw = random.Random(f"{seed}:{source}")  # noqa: S311  (nothing is secret)
        new = change(text, draw.choice(kinds), draw, synonyms=synonyms)
        if fold_text(new) not in known:
            rows.append(Varied(new, source))
    return _leave_out_near(rows, held_out)


def change(text: str, kind: Augmentation, draw: random.Random, *, synonyms: Synonyms) -> str:
    """Vary one text; what has too few words for it stays as it is."""
    words, joint = split_words(text)
    match kind:
        case "delete":
            words = _delete(words, draw)
        case "swap":
            words = _swap(words, draw)
        case "synonym":
            words = _replace(words, draw, synonyms)
        case "punctuation":
            words = _punctuate(words, draw, CHINESE if not joint else WESTERN)
    return joint.join(words)


def split_words(text: str) -> tuple[list[str], str]:
    """Give a text's words, and what joins them: nothing in a script without spaces."""
    if _is_unspaced(text):
        return list(rjieba.cut(text)), ""
    return text.split(), " "


def _is_unspaced(text: str) -> bool:
    letters = [char for char in text if char.isalpha()]
    unspaced = sum(unicodedata.name(char, "").startswith(UNSPACED) for char in letters)
    return 2 * unspaced > len(letters)


UNSPACED = ("CJK", "HIRAGANA", "KATAKANA", "THAI", "LAO", "KHMER", "MYANMAR")


def _delete(words: list[str], draw: random.Random) -> list[str]:
    if len(words) < 2:  # noqa: PLR2004  (of one nothing would be left)
        return words
    gone = set(draw.sample(range(len(words)), _some(words)))
    return [word for place, word in enumerate(words) if place not in gone]


def _swap(words: list[str], draw: random.Random) -> list[str]:
    swapped = list(words)
    if len(words) > 1:
        for _ in range(_some(words)):
            a, b = draw.sample(range(len(words)), 2)
            swapped[a], swapped[b] = swapped[b], swapped[a]
    return swapped


def _replace(words: list[str], draw: random.Random, synonyms: Synonyms) -> list[str]:
    """Replace words that have a synonym: where one has none it is another's turn."""
    replaced, left = list(words), _some(words)
    for place in draw.sample(range(len(words)), len(words)):
        found = synonyms(words[place].casefold())
        if left and found:
            replaced[place] = draw.choice(found)
            left -= 1
    return replaced


def _punctuate(words: list[str], draw: random.Random, marks: Sequence[str]) -> list[str]:
    noisy = list(words)
    for _ in range(_some(words)):
        noisy.insert(draw.randint(0, len(noisy)), draw.choice(marks))
    return noisy


def _some(words: Iterable[str]) -> int:
    return math.ceil(SHARE * len(list(words)))


def _leave_out_near(rows: list[Varied], held_out: Sequence[str]) -> list[Varied]:
    """Leave out what is in a group of near-duplicates with a text that is held out."""
    groups = group_near_duplicates([*held_out, *(row.text for row in rows)])
    forbidden = set(groups[: len(held_out)].tolist())
    numbers = groups[len(held_out) :].tolist()
    return [row for row, group in zip(rows, numbers, strict=True) if group not in forbidden]
