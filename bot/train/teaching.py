"""The teacher that a person names: a finished model that knows the same labels."""

from __future__ import annotations

from sqlite_utils import Database

from bot.asking import RefusalError
from bot.language import tr
from bot.train.draft import find_task
from bot.wording import code
from storage import models
from storage.records import Dataset
from trainer.spec import Task, Teacher


def find_teacher(
    db: Database, number: int | None, dataset: Dataset, typed: Task | None
) -> dict[str, Teacher]:
    """Give the part of the work that a teacher is, if one was named; raises RefusalError."""
    if number is None:
        return {}
    model, task = models.get(db, number), find_task(dataset, typed)
    if model is None:
        raise RefusalError(
            tr("There is no model {number}. `/train models` shows them.", number=number)
        )
    if model.task != task:
        raise RefusalError(
            tr(
                "Model {number} can't teach this: it was trained for {task}.",
                number=number,
                task=code(model.task),
            )
        )
    if set(model.summary["scores"].get("labels", [])) != set(dataset.card["labels"]):
        raise RefusalError(
            tr(
                "Model {number} can't teach this: its labels are not those of {dataset}.",
                number=number,
                dataset=code(dataset.title),
            )
        )
    return {"teacher": Teacher(model=number, path=model.path)}
