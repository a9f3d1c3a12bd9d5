"""Find answers by the model that an alias serves, and count whether there was one."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from sqlite_utils import Database

from bot.asking import Office, RefusalError
from bot.commands.ask import DEFAULT_ALIAS
from bot.language import mark, tr
from bot.sentiment.answer import refuse_busy
from bot.sentiment.serving import BusyError
from bot.wording import code, did_you_mean
from storage import answers, datasets, models
from storage.database import opened
from storage.records import Dataset
from trainer.search import Found

NO_MODEL = mark(
    "No model finds answers yet. `/train data sample support` brings questions with answers (or "
    "send a CSV file of your own, with the columns `question` and `answer`), `/train support` "
    "trains on them, and `/train promote` with the job's number lets the model answer here."
)
ANSWERED, UNANSWERED = "answered", "unanswered"  # as they are counted


@dataclass(frozen=True)
class Docs:
    """Which model searches, and the data set whose answers it searches."""

    alias: str
    version: int  # of the alias
    model: int
    path: str
    title: str  # of the data set, as the model was trained on it; "" where it was deleted
    newest: Dataset | None  # of the same name


@dataclass(frozen=True)
class Results:
    """What was found for a question, the nearest first."""

    docs: Docs
    found: Sequence[Found]
    threshold: float  # a cosine; above 1 nothing is answered
    read_whole: bool = True  # of a longer question only the beginning is read

    @property
    def answered(self) -> bool:
        return bool(self.found) and self.found[0].score >= self.threshold


async def warm(office: Office) -> None:
    """Load what an answer needs, so that the first asker after a start needn't wait for it."""
    try:
        docs = await asyncio.to_thread(find, office, DEFAULT_ALIAS)
    except RefusalError:
        return
    await office.serving.retriever(docs.path)


async def search(office: Office, alias: str, question: str) -> Results:
    """Search the answers, and count it. Raise RefusalError where no model can."""
    docs = await asyncio.to_thread(find, office, alias)
    try:
        found = await office.serving.search(docs.path, question)
        retriever = await office.serving.retriever(docs.path)
    except BusyError as busy:
        raise refuse_busy(busy) from None
    except OSError:
        raise RefusalError(
            tr(
                "The files of model {number} are gone. `/train rollback as={alias}` goes back to "
                "the model before.",
                number=docs.model,
                alias=alias,
            )
        ) from None
    whole = await asyncio.to_thread(retriever.fits, question)
    results = Results(docs, found, retriever.threshold, whole)
    await asyncio.to_thread(_count, office, results)
    return results


def find(office: Office, alias: str) -> Docs:
    """Find the model that answers under an alias. Raise RefusalError where there is none."""
    with opened(office.settings.data_dir) as db:
        return _find(db, alias)


def _find(db: Database, alias: str) -> Docs:
    serving = models.serving(db, alias)
    if serving is None:
        raise RefusalError(_say_none(db, alias))
    promotion, model = serving
    if model.task != "retrieval":
        raise RefusalError(
            tr(
                "{alias} serves {task}: that model can't find answers. `/ask` without `model=` "
                "asks {usual}.",
                alias=code(alias),
                task=model.task,
                usual=code(DEFAULT_ALIAS),
            )
        )
    dataset = datasets.get(db, model.dataset_hash)
    newest = datasets.find(db, dataset.name) if dataset else None
    title = dataset.title if dataset else ""
    return Docs(alias, promotion.version, model.id, model.path, title, newest)


def _say_none(db: Database, alias: str) -> str:
    if alias == DEFAULT_ALIAS:
        return tr(NO_MODEL)
    return tr(
        "No model serves {alias}.{meant} `/train models` shows those that there are.",
        alias=code(alias),
        meant=did_you_mean(alias, list(models.aliases(db))),
    )


def _count(office: Office, results: Results) -> None:
    docs, label = results.docs, ANSWERED if results.answered else UNANSWERED
    now = office.clock()
    with opened(office.settings.data_dir) as db:
        answers.count(
            db, alias=docs.alias, model=docs.model, label=label, sure=results.answered, now=now
        )
