"""The bot's words in the language of whoever reads them, from gettext catalogues."""

from __future__ import annotations

import gettext
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from io import BytesIO
from pathlib import Path

from babel.lists import format_list
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

LANGUAGES = {"en": "English", "zh": "中文"}  # the first is the one that the code is written in
CATALOGUES = Path(__file__).parent / "locale"

_current: ContextVar[str] = ContextVar("language", default="en")


@contextmanager
def use(language: str) -> Iterator[None]:
    """Speak a language until the end of the block, in threads begun there too."""
    token = _current.set(language)
    try:
        yield
    finally:
        _current.reset(token)


def current() -> str:
    return _current.get()


def tr(message: str, **values: object) -> str:
    """Say a message in the reader's language; `{name}` in it takes the value of that name."""
    said = _catalogue(current()).gettext(message) if message else ""
    return said.format(**values) if values else said


def trn(one: str, many: str, count: int, **values: object) -> str:
    """Say a message that counts: `{count}` takes the count."""
    said = _catalogue(current()).ngettext(one, many, count)
    return said.format(count=count, **values)


def mark(message: str) -> str:
    """Mark a message for the catalogues where the reader isn't known yet; `tr` says it later."""
    return message


def listed(items: Iterable[str]) -> str:
    """List what was found: `a, b, c`."""
    return tr(", ").join(items)


def both(items: Iterable[str]) -> str:
    """List all that is meant: `a, b, and c`."""
    return format_list(list(items), "standard", current())


def either(items: Iterable[str]) -> str:
    """List what there is to choose from: `a, b, or c`."""
    return format_list(list(items), "or", current())


@cache
def _catalogue(language: str) -> gettext.NullTranslations:
    """Compile a catalogue once: its source is text, and nobody has to keep a binary beside it."""
    path = CATALOGUES / language / "LC_MESSAGES" / "coach.po"
    if not path.exists():
        return gettext.NullTranslations()
    with path.open("rb") as source:
        catalogue = read_po(source, locale=language)
    compiled = BytesIO()
    write_mo(compiled, catalogue)
    compiled.seek(0)
    return gettext.GNUTranslations(compiled)
