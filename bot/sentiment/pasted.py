"""Texts that were just asked about, in memory alone, so that a wrong answer can be corrected."""

from __future__ import annotations

import json
import secrets
from dataclasses import asdict, dataclass
from datetime import timedelta
from threading import Lock

from cachetools import TTLCache

KEPT = timedelta(hours=1)
ALL, LONGEST = 4_000_000, 40_000  # characters: of all texts, and of one that is kept

# Slack doesn't send an ephemeral message back with its button, and a text on disk would be kept.
_texts: TTLCache[str, str] = TTLCache(ALL, KEPT.total_seconds(), getsizeof=len)
_lock = Lock()


@dataclass(frozen=True)
class Told:
    """What was told of a text; the value of the button *Wrong?*."""

    alias: str
    model: int
    label: str
    key: str  # of the text, for `get`

    def write(self) -> str:
        return json.dumps(asdict(self), ensure_ascii=False)

    @classmethod
    def read(cls, value: str) -> Told:
        return cls(**json.loads(value))


def keep(text: str) -> str:
    """Keep a text for an hour, and give the key for it; a huge one is not kept."""
    key = secrets.token_urlsafe(12)
    if len(text) <= LONGEST:
        with _lock:
            _texts[key] = text
    return key


def get(key: str) -> str | None:
    """Give a text; None where its hour is over, or Coach was restarted: it is to be pasted again."""
    with _lock:
        return _texts.get(key)
