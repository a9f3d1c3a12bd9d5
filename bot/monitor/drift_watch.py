"""Look daily whether monitors read what their model learnt from; tell it once, with what to do."""

from __future__ import annotations

import asyncio
import json
import logging
import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from babel import Locale

from bot import blocks, language, readers
from bot.answers import trace
from bot.asking import Office
from bot.language import current, mark, tr
from bot.monitor import audience, drift, trouble
from bot.monitor.drift import Drift, Profile, Trait
from bot.sentiment.serving import BusyError
from bot.wording import code
from storage import alerts, datasets, deliveries, models, monitors
from storage.answering import Monitor, Monitored
from storage.database import immediate, opened
from storage.records import Dataset, Delivery, Model
from trainer.intake.redaction import redact
from trainer.spec import dataset_dir

log = logging.getLogger(__name__)

EVERY = timedelta(days=1)
READ = timedelta(days=14)  # the monitor's texts of the last two weeks, and
NEWEST = 1_000  # of these the newest
FEWEST, FEWEST_HELD = 200, 100  # texts and held-out rows, below which nothing is said
HELD, REFERENCE = 4_000, 500  # rows read for their words, and answered to compare
SAID: dict[Trait, str] = {
    "length": mark(
        "• Length: half of the texts have up to {now:,.0f} characters, before {before:,.0f}."
    ),
    "unknown": mark(
        "• Words: in half of the texts more than {now:.0%} are new, before {before:.0%}."
    ),
    "sureness": mark(
        "• Sureness: half of the answers are below {now:.0%} sure, before {before:.0%}."
    ),
    "language": mark("• Language: there is more {now}; before it was mostly {before}."),
}


@dataclass(frozen=True)
class Found:
    """What there is to compare: a monitor's texts, and its model with the rows held out of it."""

    monitor: Monitor
    model: Model
    dataset: Dataset
    read: list[Monitored]
    held: list[str]  # redacted, as what was read is; in no order


async def look(office: Office) -> None:
    """Compare the inputs of each monitor, of whose model nothing was told yet."""
    for number in await asyncio.to_thread(_list, office):
        try:
            await look_at(office, number)
        except BusyError:  # people's questions go first
            return
        except Exception as error:  # noqa: BLE001 - tomorrow it may go well, and others now
            log.error("monitor %d: no drift\n%s", number, trace(error))  # noqa: TRY400


async def look_at(office: Office, number: int) -> None:
    found = await asyncio.to_thread(_gather, office, number)
    if found is None:
        return
    # The rest says what words there are, so that some may be new in these too.
    cut = min(REFERENCE, len(found.held) // 2)
    held, rest = found.held[:cut], found.held[cut:]
    answers = await office.serving.classify(found.model.path, held)
    confidences = [answer.confidence for answer in answers]
    drifts = await asyncio.to_thread(compare, found.read, held, confidences, rest)
    if drifts:
        await asyncio.to_thread(_tell, office, found, drifts)


async def guard(office: Office, delivery: Delivery) -> str | None:
    """Say why a drift must not be told in its channel, where who is there may have changed."""
    number = int(delivery.key.split(":")[1])
    monitor = await asyncio.to_thread(_get, office, number)
    return await audience.why_not(office, monitor) if monitor else "there is no such monitor"


def compare(
    read: Sequence[Monitored],
    held: Sequence[str],
    confidences: Sequence[float],
    rest: Sequence[str],
) -> list[Drift]:
    """Find what differs between texts that were read and held-out rows; `rest` gives the words."""
    known = frozenset(word for text in rest for word in drift.words(text))
    before = drift.profile(held, confidences, known)
    texts = [one.text for one in read]
    now: Profile = drift.profile(texts, [one.confidence for one in read], known)
    return drift.find(before, now)


def say(monitor: Monitor, model: Model, dataset: Dataset, drifts: Sequence[Drift]) -> str:
    """Say what has drifted and what to do."""
    told = {
        "source": trouble.name_source(monitor),
        "number": model.id,
        "dataset": code(dataset.title),
    }
    title = tr(
        "*What is written in {source} has drifted* from what model {number} learnt from "
        "({dataset}), so its answers may be worse than its figures say.",
        **told,
    )
    todo = tr(
        "What helps: correct wrong answers by *Wrong?* below an answer of `/sentiment`, add rows "
        "like these texts to {dataset}, and train again with `/train {name}`. This is told once a "
        "model.",
        dataset=code(dataset.name),
        name=dataset.name,
    )
    return "\n".join([title, *map(_say, drifts), todo])


def _say(found: Drift) -> str:
    before, now = (_name(found.trait, value) for value in (found.before, found.now))
    return tr(SAID[found.trait], before=before, now=now)


def _name(trait: Trait, value: float | str) -> float | str:
    if trait != "language":
        return value
    if value == drift.NO_LANGUAGE:
        return tr("text in no clear language")
    return str(Locale(current()).languages.get(str(value), value))


# --- gather and tell ------------------------------------------------------------------------


def _list(office: Office) -> list[int]:
    with opened(office.settings.data_dir) as db:
        return [monitor.id for monitor in monitors.all_open(db)]


def _get(office: Office, number: int) -> Monitor | None:
    with opened(office.settings.data_dir) as db:
        return monitors.get(db, number)


def _gather(office: Office, number: int) -> Found | None:
    """Read what is to be compared; None where it was told, or there is too little of it."""
    with opened(office.settings.data_dir) as db:
        monitor = monitors.get(db, number)
        serving = models.serving(db, monitor.alias) if monitor else None
        if monitor is None or serving is None:
            return None
        promotion, model = serving
        dataset = datasets.get(db, model.dataset_hash)
        if dataset is None or alerts.has_drifted(db, monitor=number, model=model.id):
            return None
        since = max(office.clock() - READ, promotion.at)  # before, another model answered
        read = monitors.newest(db, number, since=since, limit=NEWEST)
    if len(read) < FEWEST:
        return None
    held = draw(dataset_dir(office.settings.data_dir, dataset.hash) / "test.jsonl")
    if len(held) < FEWEST_HELD:
        return None
    return Found(monitor, model, dataset, read, [redact(text) for text in held])


def draw(path: Path, most: int = HELD, *, seed: int = 0) -> list[str]:
    """Draw texts from a file of rows line by line, however many there are; none where it is gone.

    Each row has the same chance (Vitter's algorithm R, 1985).
    """
    chance, drawn = random.Random(seed), list[str]()  # noqa: S311 - no secret
    if not path.exists():
        return drawn
    with path.open(encoding="utf-8") as rows:
        for number, row in enumerate(rows):
            place = chance.randrange(number + 1)
            if number < most:
                drawn.append(row)
            elif place < most:
                drawn[place] = row
    chance.shuffle(drawn)
    return [str(json.loads(row)["text"]) for row in drawn]


def _tell(office: Office, found: Found, drifts: Sequence[Drift]) -> None:
    monitor, now = found.monitor, office.clock()
    with opened(office.settings.data_dir) as db, immediate(db):
        if not alerts.note_drift(db, monitor=monitor.id, model=found.model.id, now=now):
            return
        by, usual = monitor.created_by, office.settings.language
        with language.use(readers.channel_speaks(db, monitor.channel, user=by, default=usual)):
            said = say(monitor, found.model, found.dataset, drifts)
        deliveries.put(
            db,
            key=f"drift:{monitor.id}:{found.model.id}",
            channel=monitor.channel,
            body={"text": said.replace("*", ""), "blocks": [blocks.section(said)]},
            now=now,
        )
