"""Make the words of a picture fit and legible: shortened, in fonts that have their characters."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import cache

from matplotlib.font_manager import FontEntry, fontManager, get_font

from bot.figures import width
from bot.language import LANGUAGES, current, use

USUAL = "DejaVu Sans"  # matplotlib brings it
UNWANTED = ("Last Resort", "Emoji")  # boxes for everything; bitmaps that can't be drawn
REGULAR = 400
NO_GLYPH = "?"


def shorten(words: str, columns: int) -> str:
    """Put words in one line of so many columns, their middle left out where it must be.

    What tells labels apart is at their beginning or their end. Wide characters count for two.
    """
    line = " ".join(words.split())
    if width(line) <= columns:
        return line
    head, tail = line[: columns // 2], line[-(columns // 2) :]
    while width(head) + width(tail) >= columns:
        head, tail = (head[:-1], tail) if width(head) > width(tail) else (head, tail[1:])
    return f"{head.rstrip()}…{tail.lstrip()}"


@contextmanager
def legibly() -> Iterator[None]:
    """Speak the current language where a font can draw it, else English."""
    _, missing = _cover(map(ord, LANGUAGES[current()]))
    with use("en" if missing else current()):
        yield


def make_legible(words: Sequence[str]) -> tuple[list[str], list[str]]:
    """Give the font families that the words need, and the words themselves.

    Characters that no installed font has become question marks.
    """
    families, missing = _cover({ord(character) for word in words for character in word})
    table = dict.fromkeys(missing, NO_GLYPH)
    return families, [word.translate(table) for word in words]


def _cover(characters: Iterable[int]) -> tuple[list[str], set[int]]:
    families = [USUAL]
    missing = set(characters) - _glyphs(USUAL)
    for family in _alternatives() if missing else ():
        if missing & _glyphs(family):
            families.append(family)
            missing -= _glyphs(family)
    return families, missing


@cache
def _alternatives() -> list[str]:
    """List the other upright families; sans-serif first, and of the Chinese the simplified."""
    names = {entry.name for entry in fontManager.ttflist if _is_plain(entry)} - {USUAL}
    wanted = [name for name in names if not any(word in name for word in UNWANTED)]
    return sorted(wanted, key=lambda name: ("Sans" not in name, "Mono" in name, _rank(name), name))


def _is_plain(entry: FontEntry) -> bool:
    return entry.style == "normal" and entry.weight == REGULAR


def _rank(name: str) -> bool:
    return " SC" not in name


@cache
def _glyphs(family: str) -> frozenset[int]:
    entry = next(e for e in fontManager.ttflist if e.name == family and _is_plain(e))
    return frozenset(get_font(entry.fname).get_charmap())
