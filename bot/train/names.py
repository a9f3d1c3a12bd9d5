"""What a data set may be called: what can be typed after `/train` and is no verb of it."""

from __future__ import annotations

import re

from bot.language import tr
from bot.usage import USAGE
from storage.datasets import is_name

LONGEST = 40  # characters
FALLBACK = "data-set"
VERBS = {usage.words[0] for usage in USAGE if usage.command == "/train" and usage.words}
# The suffixes of what can be read; `.txt` and others may hold anything.
TABLES = (".csv", ".tsv", ".jsonl", ".ndjson", ".parquet")


def suggest(filename: str) -> str:
    """Make a data set's name of a file's: `Film Reviews (2).csv` is `film-reviews-2`."""
    stem = filename.lower()
    for suffix in TABLES:
        stem = stem.removesuffix(suffix)
    name = re.sub(r"[^a-z0-9]+", "-", stem).strip("-")[:LONGEST].rstrip("-")
    return name if find_fault(name) is None else FALLBACK


def find_fault(name: str) -> str | None:
    """Say in a sentence why a data set can't be called so; None where it can."""
    if not is_name(name):
        return tr("Use letters a-z, digits, - and _, at most 40, such as reviews.")
    if name in VERBS:
        return tr("/train {name} means something else already: choose another name.", name=name)
    return None
