"""Redact a text: what names or identifies a person gives way to what kind of thing stood there."""

from __future__ import annotations

import string
from collections.abc import Iterator

from trainer.intake.names import find_names
from trainer.intake.personal_data import FINDERS, Span

# Wide forms, as Chinese keyboards write them, are read as the narrow ones: one for one.
NARROW = f"{string.digits}{string.ascii_letters}@+-."
WIDE = {ord(narrow) + 0xFEE0: narrow for narrow in NARROW}


def redact(text: str) -> str:
    """Replace names, e-mail, phone, card, IBAN, ID and IP, as in `[name] wrote from [e-mail]`.

    Numbers are checked as in `personal_data`, so prices, dates and order numbers stay. Names are
    found with the limits that `names` tells; addresses and dates of birth aren't looked for. The
    first call with Chinese text takes 0.2 s, so call it off the event loop.
    """
    parts, done = [], 0
    for start, end, kind in _merged(sorted(_finds(text.translate(WIDE)))):
        parts += [text[done:start], f"[{kind}]"]
        done = end
    return "".join([*parts, text[done:]])


def _finds(text: str) -> Iterator[tuple[int, int, str]]:
    """Give start, minus length (the longest of a start sorts first) and kind of each find."""
    for kind, find in FINDERS.items():
        yield from (_find(span, kind) for span in find(text))
    yield from (_find(span, "name") for span in find_names(text))


def _find(span: Span, kind: str) -> tuple[int, int, str]:
    return span[0], span[0] - span[1], kind


def _merged(finds: list[tuple[int, int, str]]) -> Iterator[tuple[int, int, str]]:
    """Join finds that overlap, so that no end of one stays; the first one's kind stands for all."""
    joined: tuple[int, int, str] | None = None
    for start, minus_length, kind in finds:
        end = start - minus_length
        if joined is not None and start < joined[1]:
            joined = (joined[0], max(end, joined[1]), joined[2])
            continue
        if joined is not None:
            yield joined
        joined = (start, end, kind)
    if joined is not None:
        yield joined
