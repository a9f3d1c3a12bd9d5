"""Have a candidate answer a share of the questions after they were answered, and count the labels."""

from __future__ import annotations

import asyncio
import logging
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from bot.answers import trace
from bot.asking import Office
from storage import models, shadows
from storage.answering import ShadowRun
from storage.database import opened
from trainer.predict import Classifier, Prediction
from trainer.spec import text_hash

log = logging.getLogger(__name__)

AT_ONCE = 4  # questions that shadows work on; under more load the others are left out
MOST = 16  # texts of one question, such as a thread

_observing: set[asyncio.Task[None]] = set()  # a task that nobody holds may vanish


@dataclass(frozen=True)
class Rivals:
    """The two models of an open shadow, by their folders."""

    shadow: ShadowRun
    candidate: str
    serving: str


def observe(
    office: Office, alias: str, texts: Sequence[str], predictions: Sequence[Prediction]
) -> None:
    """Have the candidate of an alias, where there is one, answer what was just answered.

    Returns at once: it delays nobody, and is left out where there is much to do.
    """
    if len(_observing) >= AT_ONCE:
        return
    task = asyncio.create_task(_observe(office, alias, texts, [one.told for one in predictions]))
    _observing.add(task)
    task.add_done_callback(_observing.discard)


async def settle() -> None:
    """Wait for what is being counted."""
    await asyncio.gather(*_observing)


def draw(texts: Sequence[str], share: float, *, salt: int) -> list[int]:
    """Draw a share of texts by their hashes, so that the same text is drawn or not each time."""
    drawn = (int(text_hash(f"{salt} {text}"), 16) / 2**64 < share for text in texts)
    return [place for place, is_drawn in enumerate(drawn) if is_drawn]


# --- steps ----------------------------------------------------------------------------------


async def _observe(office: Office, alias: str, texts: Sequence[str], told: Sequence[str]) -> None:
    try:
        rivals = await asyncio.to_thread(_find_rivals, office, alias)
        if rivals is None:
            return
        drawn = draw(texts, rivals.shadow.share, salt=rivals.shadow.id)[:MOST]
        if not drawn:
            return
        chosen = [texts[place] for place in drawn]
        candidate = await office.serving.load(rivals.candidate)
        serving = await office.serving.load(rivals.serving)
        labels, candidate_ms = await asyncio.to_thread(_time, candidate, chosen)
        _, serving_ms = await asyncio.to_thread(_time, serving, chosen)
        pairs = Counter(zip([told[place] for place in drawn], labels, strict=True))
        spent = {"serving_ms": serving_ms, "candidate_ms": candidate_ms}
        await asyncio.to_thread(_count, office, rivals.shadow.id, pairs, spent)
    except Exception as error:  # noqa: BLE001 - a shadow harms no answer
        log.warning("a shadow did not answer\n%s", trace(error))


def _time(model: Classifier, texts: Sequence[str]) -> tuple[list[str], float]:
    """Answer texts one at a time; gives the labels, and the milliseconds in all."""
    start = time.perf_counter()
    labels = [model.classify([text])[0].told for text in texts]
    return labels, 1_000 * (time.perf_counter() - start)


def _find_rivals(office: Office, alias: str) -> Rivals | None:
    with opened(office.settings.data_dir) as db:
        shadow = shadows.open_of(db, alias)
        if shadow is None:
            return None
        candidate, serving = models.get(db, shadow.model), models.get(db, shadow.serving)
    return Rivals(shadow, candidate.path, serving.path) if candidate and serving else None


def _count(
    office: Office, shadow: int, pairs: Counter[tuple[str, str]], spent: dict[str, float]
) -> None:
    with opened(office.settings.data_dir) as db:
        shadows.count(db, shadow, pairs=pairs, **spent)
