"""Look at data sets, rename and delete them."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path

from sqlite_utils import Database

from bot import blocks
from bot.asking import Asker, Office, RefusalError, Reply
from bot.commands.train import DeleteData, ListData, RenameData, ShowData, Train
from bot.language import listed, mark, tr, trn
from bot.rights import require_owner
from bot.train import dataset_card, draft, names, queue, shape_words
from bot.wording import code, escape
from storage import datasets, jobs, models, privacy
from storage.database import immediate, opened
from storage.records import Dataset, Model
from trainer.spec import DataCard, dataset_dir

SHOWN = 25
GONE = mark("This data set is gone already.")


def list_data(office: Office, _: Asker, __: ListData) -> Reply:
    with opened(office.settings.data_dir) as db:
        known = datasets.all_newest(db)
    if not known:
        return Reply(tr(draft.NO_DATA))
    lines = [_line(dataset) for dataset in known[:SHOWN]]
    if len(known) > SHOWN:
        lines.append(tr("and {count} more", count=len(known) - SHOWN))
    name = known[0].title
    hint = tr("`/train data show {name}` shows its card, `/train {name}` trains on it.", name=name)
    text = "\n".join([tr("*Data sets*"), *lines])
    return Reply(f"{text}\n{hint}", [blocks.section(text), blocks.context(hint)])


def show_data(office: Office, _: Asker, command: ShowData) -> Reply:
    with opened(office.settings.data_dir) as db:
        dataset = find_dataset(db, command.name)
        card = dataset_card.card(dataset, review=privacy.review_of(db, dataset.hash))
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
        said = {"name": dataset.name, "new_name": command.new_name, "by": asker.user}
        if not datasets.rename(db, **said, now=office.clock()):
            raise RefusalError(
                tr(
                    "There is a data set {name} already: choose another name.",
                    name=code(command.new_name),
                )
            )
    return Reply(
        tr(
            "{old} is called `{new}` now. `/train {new}` trains on it.",
            old=code(dataset.name),
            new=command.new_name,
        )
    )


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
            return Reply(tr(GONE), replace=True)
        _check(office, asker, db, dataset)
        datasets.forget(db, dataset.hash, by=asker.user, now=office.clock())
    _delete_folder(dataset_dir(office.settings.data_dir, dataset.hash))
    said = tr("The data set {dataset} and its rows are deleted.", dataset=code(dataset.title))
    return Reply(said, replace=True)


def keep(_: Office, __: Asker, ___: str) -> Reply:
    return Reply(tr("Nothing was deleted."), replace=True)


def find_dataset(db: Database, title: str) -> Dataset:
    """Find a data set by its name; raises RefusalError with what was probably meant."""
    dataset = datasets.find(db, title)
    if dataset is None:
        raise draft.no_dataset(title, [known.title for known in datasets.all_newest(db)])
    return dataset


def say_question(dataset: Dataset, trained: Sequence[Model]) -> Reply:
    """Ask, naming the models that were trained on it."""
    title = trn(
        "Delete the data set {dataset} and its {count:,} row?",
        "Delete the data set {dataset} and its {count:,} rows?",
        dataset.rows,
        dataset=code(dataset.title),
    )
    if trained:
        learned = trn(
            "Model {models} learned from it: they go on serving, but can't be compared with "
            "others any more.",
            "Models {models} learned from it: they go on serving, but can't be compared with "
            "others any more.",
            len(trained),
            models=listed(str(model.id) for model in trained),
        )
        title = f"{title}\n{learned}"
    sure = blocks.button(tr("Delete it"), "delete_data", dataset.hash, style="danger")
    keep_it = blocks.button(tr("Keep it"), "keep_data", dataset.hash)
    return Reply(title, [blocks.section(title), blocks.actions(sure, keep_it)])


def _check(office: Office, asker: Asker, db: Database, dataset: Dataset) -> None:
    require_owner(office, asker, owner=dataset.added_by, what=code(dataset.title))
    needing = [str(job.id) for job in jobs.needing(db, dataset.hash)]
    if needing:
        raise RefusalError(
            tr(
                "Job {jobs} needs {dataset}: wait for its end, or type `/train cancel {first}`.",
                jobs=listed(needing),
                dataset=code(dataset.title),
                first=needing[0],
            )
        )


def _delete_folder(folder: Path) -> None:
    """Delete a data set whole or not at all, as far as a reader can see."""
    doomed = folder.with_name(f"{folder.name}.deleted")
    if folder.exists():
        folder.rename(doomed)
    shutil.rmtree(doomed, ignore_errors=True)


def _line(dataset: Dataset) -> str:
    found = DataCard.model_validate(dataset.card)
    labels = listed(escape(label) for label in list(found.labels)[:4])
    more = "…" if len(found.labels) > 4 else ""  # noqa: PLR2004 - as cut above
    told = {
        "dataset": escape(dataset.title),
        "rows": trn("{count:,} row", "{count:,} rows", dataset.rows),
        "labels": listed(shape_words.say_kinds(found)),
        "user": dataset.added_by,
    }
    if not labels:
        return tr("• *{dataset}*  {rows}, {labels}, from <@{user}>", **told)
    return tr(
        "• *{dataset}*  {rows}, {labels} ({names}), from <@{user}>", **told, names=labels + more
    )
