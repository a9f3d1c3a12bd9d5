"""Take personal data out of a text before it is kept, leaving its type in its place."""

from __future__ import annotations

from trainer.intake.personal_data import FINDERS


def redact(text: str) -> str:
    """Replace each find by its type, `[e-mail]`, `[phone]`…; what is redacted stays as it is."""
    kept, end = [], 0
    for start, stop, kind in sorted(_find(text)):
        if start >= end:
            kept += [text[end:start], f"[{kind}]"]
        end = max(end, stop)
    return "".join([*kept, text[end:]])


def _find(text: str) -> list[tuple[int, int, str]]:
    return [(*match.span(), kind) for kind, find in FINDERS.items() for match in find(text)]
