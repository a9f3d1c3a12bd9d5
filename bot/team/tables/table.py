"""A table as its columns: how a row is read from a file, compared with what is kept, and written."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlite_utils import Database

from bot.asking import RefusalError
from bot.language import mark, tr, trn
from bot.team.tables.cells import Cell, CellError, Known
from bot.wording import code, did_you_mean, escape

FAULTS_SHOWN = 10
Row = dict[str, str]  # what stands in each column, in the one way it is written
Line = tuple[int, list[str]]  # of a file: its number and its cells
Write = Callable[[Database, Row, Row | None, str, datetime], None]  # new, old, by whom, when


@dataclass(frozen=True)
class Column:
    """A column: `read` gives a cell the one way it is written, or raises CellError."""

    name: str
    read: Cell
    default: str = ""  # of a new row, where the file lacks the column


@dataclass(frozen=True)
class Table:
    """What leaves as CSV and comes back."""

    name: str
    columns: Sequence[Column]
    key: tuple[str, ...]  # the columns that say which row it is
    rows: Callable[[Database], list[Row]]
    write: Write
    private: bool = False  # leads and admins alone may have it
    # What of a line doesn't fit together: a column, and what is wrong in it.
    find_fault: Callable[[Row], tuple[str, str] | None] = lambda _: None

    def key_of(self, row: Row) -> tuple[str, ...]:
        return tuple(row[name].casefold() for name in self.key)


@dataclass(frozen=True)
class Changes:
    """What a file would change: new rows, and old ones beside what they become."""

    added: list[Row] = field(default_factory=list)
    changed: list[tuple[Row, Row]] = field(default_factory=list)
    same: int = 0


def read(
    table: Table, lines: Sequence[Line], known: Known, old_rows: Sequence[Row] = ()
) -> list[Row]:
    """Read the rows of a file; raises RefusalError with each line and column that is wrong.

    A column that the file lacks stays as it is in the old row, and is its default in a new one.
    """
    if not lines:
        raise RefusalError(tr("The file is empty."))
    (_, header), *body = lines
    named = _header(table, header)
    old = {table.key_of(row): row for row in old_rows}
    rows, faults, seen = [], [], dict[tuple[str, ...], int]()
    for line, cells in body:
        row, wrong = _row(table, named, cells, known)
        if not wrong:
            first = seen.setdefault(table.key_of(row), line)
            wrong = _find_faults(table, row, first=first, line=line)
            rows.append(_filled(table, row, old))
        faults += [tr("Line {line}: {fault}", line=line, fault=one) for one in wrong]
    if faults:
        raise RefusalError(_say_faults(faults))
    return rows


def compare(table: Table, old_rows: Sequence[Row], new_rows: Sequence[Row]) -> Changes:
    """Find what a file adds and changes; a row that it doesn't have stays as it is."""
    old = {table.key_of(row): row for row in old_rows}
    found = Changes()
    same = 0
    for row in new_rows:
        before = old.get(table.key_of(row))
        if before is None:
            found.added.append(row)
        elif before != row:
            found.changed.append((before, row))
        else:
            same += 1
    return Changes(found.added, found.changed, same)


def write(db: Database, table: Table, changes: Changes, *, by: str, now: datetime) -> None:
    """Write what is added and changed, inside the caller's transaction."""
    for row in changes.added:
        table.write(db, row, None, by, now)
    for before, row in changes.changed:
        table.write(db, row, before, by, now)


# --- lines ----------------------------------------------------------------------------------


def _header(table: Table, header: Sequence[str]) -> list[str]:
    named = [name.strip().lower() for name in header]
    columns = [column.name for column in table.columns]
    if strange := [name for name in named if name not in columns]:
        raise RefusalError(
            tr(
                "Line 1: there is no column {name} in {table}.{meant} It has: {columns}.",
                name=code(strange[0]),
                table=table.name,
                meant=did_you_mean(strange[0], columns),
                columns=", ".join(columns),
            )
        )
    if missing := [name for name in table.key if name not in named]:
        raise RefusalError(tr("Line 1: the column {name} is missing.", name=code(missing[0])))
    if twice := [name for name in named if named.count(name) > 1]:
        raise RefusalError(tr("Line 1: the column {name} is there twice.", name=code(twice[0])))
    return named


def _row(
    table: Table, named: Sequence[str], cells: Sequence[str], known: Known
) -> tuple[Row, list[str]]:
    """Read one line's cells, and say what is wrong in which column."""
    if len(cells) != len(named):
        return {}, [
            trn(
                "it has {count} cell, and the header {wanted}.",
                "it has {count} cells, and the header {wanted}.",
                len(cells),
                wanted=len(named),
            )
        ]
    readers = {column.name: column.read for column in table.columns}
    row, wrong = Row(), []
    for name, cell in zip(named, cells, strict=True):
        try:
            row[name] = readers[name](cell, known)
        except CellError as error:
            wrong.append(tr("column {name}: {fault}", name=code(name), fault=error))
    return row, wrong


def _filled(table: Table, row: Row, old: Mapping[tuple[str, ...], Row]) -> Row:
    before = old.get(table.key_of(row), {})
    return {
        column.name: row.get(column.name, before.get(column.name, column.default))
        for column in table.columns
    }


def _find_faults(table: Table, row: Row, *, first: int, line: int) -> list[str]:
    if first != line:
        return [tr("it says once more what line {first} says.", first=first)]
    if fault := table.find_fault(row):
        return [tr("column {name}: {fault}", name=code(fault[0]), fault=tr(fault[1]))]
    return []


def _say_faults(faults: Sequence[str]) -> str:
    head = tr("Nothing was imported: the file has to be mended first.")
    shown = [f"• {fault}" for fault in faults[:FAULTS_SHOWN]]
    more = len(faults) - FAULTS_SHOWN
    rest = [tr("and {count} more", count=more)] if more > 0 else []
    return "\n".join([head, *shown, *rest])


NOTHING = mark("This file changes nothing: all it says is known already.")


def say(table: Table, changes: Changes, *, shown: int = 8) -> str:
    """Say what a file would change, the first rows by their names."""
    if not changes.added and not changes.changed:
        return tr(NOTHING)
    adds = trn("adds {count} row", "adds {count} rows", len(changes.added))
    alters = trn("changes {count}", "changes {count}", len(changes.changed))
    keeps = trn("leaves {count} as it is", "leaves {count} as they are", changes.same)
    head = tr(
        "Into *{table}* this file {adds}, {alters} and {keeps}.",
        table=table.name,
        adds=adds,
        alters=alters,
        keeps=keeps,
    )
    new = [tr("• new: {row}", row=_named(table, row)) for row in changes.added]
    old = [_say_change(table, before, after) for before, after in changes.changed]
    lines = [*old, *new]
    more = len(lines) - shown
    rest = [tr("and {count} more", count=more)] if more > 0 else []
    return "\n".join([head, *lines[:shown], *rest])


def _say_change(table: Table, before: Row, after: Row) -> str:
    changed = [name for name in after if after[name] != before[name]]
    cells = [f"{name} {code(before[name])} → {code(after[name])}" for name in changed]
    return tr("• {row}: {cells}", row=_named(table, after), cells="; ".join(cells))


def _named(table: Table, row: Row) -> str:
    return escape(", ".join(row[name] for name in table.key))
