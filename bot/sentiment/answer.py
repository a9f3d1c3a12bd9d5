"""Answer texts by the model that serves a purpose: the one way to an answer in chat."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from sqlite_utils import Database

from bot.asking import Office, RefusalError
from bot.commands.train import DEFAULT_ALIAS
from bot.language import listed, mark, tr, trn
from bot.sentiment import shadow, spoken
from bot.sentiment.serving import BusyError
from bot.wording import code, did_you_mean
from storage import answers, datasets, models
from storage.database import opened
from storage.records import Model, Promotion
from trainer.predict import Classifier, Prediction

NO_MODEL = mark(
    "No model serves yet, so there is no answer. `/train data sample` brings a data set, "
    "`/train sample` trains on it, and `/train promote` with the job's number lets it serve."
)
SEEN = 0.02  # share of the rows: less of a language is no training, and often a wrong guess


@dataclass(frozen=True)
class Source:
    """Which model answers, how it is named, and what it learnt from."""

    path: str
    name: str  # for people: `sentiment v2, model 14, trained on reviews@2`
    alias: str
    model: int
    dataset: str | None = None  # its name; None where its data was deleted
    languages: frozenset[str] = frozenset()  # that it saw, ISO 639-1; none: not known


@dataclass(frozen=True)
class Answered:
    """One prediction a text, in the order asked."""

    source: Source
    predictions: list[Prediction]


async def warm(office: Office) -> None:
    """Load what an answer needs, so that the first asker after a start needn't wait for it."""
    try:
        source = await find(office, DEFAULT_ALIAS)
    except RefusalError:
        return
    await office.serving.load(source.path)
    await asyncio.to_thread(spoken.identifier)


async def ask(office: Office, alias: str, texts: Sequence[str]) -> Answered:
    """Answer texts by the model that an alias serves, and count the answers.

    Raise RefusalError where none serves it, or its files are gone.
    """
    source = await find(office, alias)
    predictions = await classify(office, source, texts)
    await count(office, source, predictions)
    shadow.observe(office, alias, texts, predictions)
    return Answered(source, predictions)


async def find(office: Office, alias: str) -> Source:
    """Find the model that an alias serves. Raise RefusalError where there is none."""
    return await asyncio.to_thread(_find, office, alias)


async def load(office: Office, source: Source) -> Classifier:
    """Give the model itself, to ask what fits it."""
    with _refusing(source):
        return await office.serving.load(source.path)


async def classify(office: Office, source: Source, texts: Sequence[str]) -> list[Prediction]:
    """Answer without counting it: parts of a text are no questions."""
    with _refusing(source):
        return await office.serving.classify(source.path, texts)


async def count(office: Office, source: Source, predictions: Sequence[Prediction]) -> None:
    """Count answers for the report, without their texts."""
    await asyncio.to_thread(_count, office, source, predictions)


@contextmanager
def _refusing(source: Source) -> Iterator[None]:
    """Say what keeps a model from answering."""
    try:
        yield
    except BusyError as busy:
        raise refuse_busy(busy) from None
    except OSError:
        raise RefusalError(
            tr(
                "The files of {model} are gone. `/train rollback` goes back to the model before.",
                model=source.name,
            )
        ) from None


def refuse_busy(busy: BusyError) -> RefusalError:
    """Say that others asked first."""
    return RefusalError(
        trn(
            "Busy: {count} question is ahead of yours. Try again in a few seconds.",
            "Busy: {count} questions are ahead of yours. Try again in a few seconds.",
            busy.ahead,
        )
    )


def _count(office: Office, source: Source, predictions: Sequence[Prediction]) -> None:
    about: dict[str, Any] = {"alias": source.alias, "model": source.model, "now": office.clock()}
    # Of several labels each is counted; where none is given, the likeliest as not sure.
    counts = Counter(
        (label, one.sure) for one in predictions for label in one.labels or [one.label]
    )
    with opened(office.settings.data_dir) as db:
        for (label, sure), n in counts.items():
            answers.count(db, label=label, sure=sure, n=n, **about)


def serving(db: Database, alias: str) -> tuple[Promotion, Model]:
    """Find the model that an alias serves. Raise RefusalError where there is none."""
    found = models.serving(db, alias)
    if found is None:
        raise _no_model(alias, list(models.aliases(db)))
    return found


def describe(db: Database, model: Model, *, alias: str, version: int) -> Source:
    """Say of a model under which version of an alias it answers, and what it learnt from."""
    dataset = datasets.get(db, model.dataset_hash)
    told = {"name": f"{alias} v{version}", "model": model.id}
    if dataset is None:
        named = tr("{name}, model {model}, its data was deleted", **told)
        return Source(model.path, named, alias, model.id)
    named = tr("{name}, model {model}, trained on {data}", **told, data=dataset.title)
    shares = dataset.card.get("languages", {})
    languages = frozenset(code for code, share in shares.items() if share >= SEEN)
    return Source(model.path, named, alias, model.id, dataset.name, languages)


def _find(office: Office, alias: str) -> Source:
    with opened(office.settings.data_dir) as db:
        promotion, model = serving(db, alias)
        return describe(db, model, alias=alias, version=promotion.version)


def _no_model(alias: str, serving: Sequence[str]) -> RefusalError:
    if not serving:
        return RefusalError(tr(NO_MODEL))
    return RefusalError(
        tr(
            "No model serves {alias}.{meant} There are: {aliases}. `/train models` shows them.",
            alias=code(alias),
            meant=did_you_mean(alias, serving),
            aliases=listed(map(code, serving)),
        )
    )
