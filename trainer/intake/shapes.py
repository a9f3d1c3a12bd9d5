"""Tell what a file is by its columns: labels, tags, pairs or clicks, and read it as that."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from trainer.intake import clicks, columns, pairs, rows, tags
from trainer.intake.clicks import ClickColumns
from trainer.intake.columns import Chosen
from trainer.intake.made import Made
from trainer.intake.pairs import PairColumns
from trainer.intake.table import BadFile, Table
from trainer.intake.tags import TagColumns
from trainer.spec import ColumnQuestion, IntakeWork

Columns = Chosen | TagColumns | PairColumns | ClickColumns
Found = TypeVar("Found")


def recognise(table: Table, work: IntakeWork) -> Columns | ColumnQuestion:
    """Choose the shape and the columns, or ask; what the person gave wins.

    Raise BadFile for a name that isn't there, and where no column can be what is missing.
    """
    match work.shape:
        case "clicks":
            return _need(clicks.find, table, work, "user, item and clicked")
        case "pairs":
            return _need(pairs.find, table, work, "question and answer")
        case "tags":
            return _need(tags.find, table, work, "text and tags")
        case "labels":
            return columns.find_columns(table, work)
    return _guess(table, work)


def read(table: Table, chosen: Columns) -> Made:
    """Make rows of a table; raise BadFile with what is wrong, where, and what to write."""
    match chosen:
        case ClickColumns():
            return clicks.read(table, chosen)
        case PairColumns():
            return pairs.read(table, chosen)
        case TagColumns():
            return tags.read(table, chosen)
        case Chosen():
            return rows.read(table, chosen)


def name_texts(chosen: Columns) -> list[str]:
    """Name the columns that hold texts, in which personal data is looked for."""
    match chosen:
        case ClickColumns():
            return [n for role, n in chosen.roles.items() if role in {"item", "shown", "chosen"}]
        case PairColumns():
            return [n for n in (chosen.question, chosen.answer, chosen.context) if n]
        case TagColumns() | Chosen():
            return [chosen.text]


def name_people(chosen: Columns) -> list[str]:
    """Name the columns that say who did what."""
    return [chosen.roles["user"]] if isinstance(chosen, ClickColumns) else []


def _guess(table: Table, work: IntakeWork) -> Columns | ColumnQuestion:
    if work.text_column is None and work.label_column is None:
        if (clicked := clicks.find(table, work)) is not None:
            return clicked
        if (asked := pairs.find(table, work)) is not None:
            return _ask_if_labelled(table, asked)
    return tags.find(table, work) or columns.find_columns(table, work)


def _ask_if_labelled(table: Table, found: PairColumns) -> PairColumns | ColumnQuestion:
    """Ask what is meant where there is a column of labels beside question and answer."""
    rest = [name for name in table.columns if name not in {found.question, found.answer}]
    label = columns.one_named(rest, columns.PLAIN_LABEL, columns.LABEL_NAMES)
    if label is None:
        return found
    return columns.ask(table, text_guess=None, label_guess=label, shape_guess="pairs")


def _need(
    find: Callable[[Table, IntakeWork], Found | None], table: Table, work: IntakeWork, names: str
) -> Found:
    found = find(table, work)
    if found is None:
        shown = columns.list_names(list(table.columns))
        raise BadFile(f"The file needs columns called {names}; it has: {shown}.")
    return found
