"""What was just asked and found, in memory alone, until somebody presses a button below it."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass

from bot.ask.search import Results
from bot.asking import RefusalError
from bot.language import tr
from bot.sentiment import pasted
from trainer.search import Found


@dataclass(frozen=True)
class Asked:
    """A question that was answered, with the answers that were shown, the first as the right one."""

    question: str
    alias: str
    model: int
    title: str  # of the data set
    found: list[Found]


def keep(question: str, results: Results) -> str:
    """Keep it for an hour, and give the key for it."""
    docs = results.docs
    asked = Asked(question, docs.alias, docs.model, docs.title, list(results.found))
    return pasted.keep(json.dumps(asdict(asked), ensure_ascii=False))


def get(key: str) -> Asked:
    """Give what was asked. Raise RefusalError where its hour is over, or Coach was restarted."""
    kept = pasted.get(key)
    if kept is None:
        raise RefusalError(tr("Coach no longer has that question: ask it again with `/ask`."))
    values = json.loads(kept)
    return Asked(**values | {"found": [Found(**one) for one in values["found"]]})
