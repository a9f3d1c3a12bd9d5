"""Look at data sets, rename and delete them."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path

from sqlite_utils import Database

from bot import blocks, figures
from bot.asking import Asker, Office, RefusalError, Reply
from bot.commands.train import DeleteData, ListData, RenameData, ShowData, Train
from bot.rights import require_owner
from bot.train import dataset_card, draft, names, queue
from bot.wording import code, escape
from storage import datasets, jobs, models
from storage.database import immediate, opened
from storage.records import Dataset, Model
from trainer.spec import dataset_dir

SHOWN = 25
GONE = "This data set is gone already."


def list_data(office: Office, _: Asker, __: ListData) -> Reply:
    with opened(office.settings.data_dir) as db:
        known = datasets.all_newest(db)
    if not known:
        return Reply(draft.NO_DATA)
    lines = [_line(dataset) for dataset in known[:SHOWN]]
    if len(known) > SHOWN:
        lines.append(f"and {len(known) - SHOWN} more")
    name = known[0].title
    hint = f"`/train data show {name}` shows its card, `/train {name}` trains on it."
    text = "\n".join(["*Data sets*", *lines])
    return Reply(f"{text}\n{hint}", [blocks.section(text), blocks.context(hint)])


def show_data(office: Office, _: Asker, command: ShowData) -> Reply:
    with opened(office.settings.data_dir) as db:
        card = dataset_card.card(find_dataset(db, command.name))
    return Reply(card["text"], card["blocks"])


def train_on(office: Office, asker: Asker, title: str) -> Reply:
    """Show the plan for the data set of a card."""
    return queue.train(office, asker, Train(dataset=title))


def rename(office: Office, asker: Asker, command: RenameData) -> Reply:
    """Rename all versions of a data set."""
    if (fault := names.find_fault(command.new_name)) is not None:
        raise RefusalError(fault)
    with opened(office.settings.data_dir) as db:
        dataset = find_dataset(db, command.name)
        require_owner(office, asker, owner=dataset.added_by, what=f"{code(dataset.name)}")
        if not datasets.rename(db, name=dataset.name, new_name=command.new_name):
            raise RefusalError(
                f"There is a data set {code(command.new_name)} already: choose another name."
            )
    new = command.new_name
    return Reply(f"{code(dataset.name)} is called {code(new)} now. `/train {new}` trains on it.")


def ask_to_delete(office: Office, asker: Asker, command: DeleteData) -> Reply:
    """Say what hangs on a data set, and ask whether it shall go all the same."""
    with opened(office.settings.data_dir) as db:
        dataset = find_dataset(db, command.name)
        _check(office, asker, db, dataset)
        trained = models.trained_on(db, dataset.hash)
    return say_question(dataset, trained)


def delete(office: Office, asker: Asker, content_hash: str) -> Reply:
    """Take a data set out of the register, then delete its rows."""
    with opened(office.settings.data_dir) as db, immediate(db):
        dataset = datasets.get(db, content_hash)
        if dataset is None:
            return Reply(GONE, replace=True)
        _check(office, asker, db, dataset)
        datasets.forget(db, dataset.hash)
    _delete_folder(dataset_dir(office.settings.data_dir, dataset.hash))
    return Reply(f"The data set {code(dataset.title)} and its rows are deleted.", replace=True)


def keep(_: Office, __: Asker, ___: str) -> Reply:
    return Reply("Nothing was deleted.", replace=True)


def find_dataset(db: Database, title: str) -> Dataset:
    """Find a data set by its name; raises RefusalError with what was probably meant."""
    dataset = datasets.find(db, title)
    if dataset is None:
        raise draft.no_dataset(title, [known.title for known in datasets.all_newest(db)])
    return dataset


def say_question(dataset: Dataset, trained: Sequence[Model]) -> Reply:
    """Ask, naming the models that were trained on it."""
    numbers = ", ".join(str(model.id) for model in trained)
    title = f"Delete the data set {code(dataset.title)} and its {dataset.rows:,} rows?"
    if trained:
        noun = "Model" if len(trained) == 1 else "Models"
        title += (
            f"\n{noun} {numbers} learned from it: they go on serving, but can't be compared "
            "with others any more."
        )
    sure = blocks.button("Delete it", "delete_data", dataset.hash, style="danger")
    keep_it = blocks.button("Keep it", "keep_data", dataset.hash)
    return Reply(title, [blocks.section(title), blocks.actions(sure, keep_it)])


def _check(office: Office, asker: Asker, db: Database, dataset: Dataset) -> None:
    require_owner(office, asker, owner=dataset.added_by, what=code(dataset.title))
    needing = [str(job.id) for job in jobs.needing(db, dataset.hash)]
    if needing:
        raise RefusalError(
            f"Job {', '.join(needing)} needs {code(dataset.title)}: wait for its end, or type "
            f"`/train cancel {needing[0]}`."
        )


def _delete_folder(folder: Path) -> None:
    """Delete a data set whole or not at all, as far as a reader can see."""
    doomed = folder.with_name(f"{folder.name}.deleted")
    if folder.exists():
        folder.rename(doomed)
    shutil.rmtree(doomed, ignore_errors=True)


def _line(dataset: Dataset) -> str:
    labels = ", ".join(escape(label) for label in list(dataset.card["labels"])[:4])
    more = "…" if len(dataset.card["labels"]) > 4 else ""  # noqa: PLR2004 - as cut above
    count = figures.count(len(dataset.card["labels"]), "label")
    return (
        f"• *{escape(dataset.title)}*  {dataset.rows:,} rows, {count} ({labels}{more}), "
        f"from <@{dataset.added_by}>"
    )
