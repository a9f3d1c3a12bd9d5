"""A table read from a file: columns of text, and the limits that every file keeps."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass, field

MAX_COLUMNS = 200
MAX_CELL = 50_000  # characters
MAX_NAME = 200  # characters of a column's name


class BadFile(Exception):  # noqa: N818  (it is the file that is bad, and the person reads why)
    """A file that can't be used; its message is whole sentences for the person who sent it."""


@dataclass(frozen=True)
class Table:
    """Columns of equal length, as text; an absent value is "".

    `lines[i]` is where row i begins: a line of a text file, a row (from 1) of a Parquet file.
    """

    columns: dict[str, list[str]]
    lines: list[int]
    unit: str = field(default="line", kw_only=True)

    def __len__(self) -> int:
        return len(self.lines)

    def where(self, row: int) -> str:
        return f"{self.unit.capitalize()} {self.lines[row]}"


def as_text(value: str | float | bool | None) -> str:
    """Write a value as a CSV of the same table would: 3.0 is "3", none and not-a-number are ""."""
    if isinstance(value, str):
        return value
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


def check_cell(value: str, where: str, name: str) -> str:
    """Return the value; raise BadFile where it is too long."""
    if len(value) > MAX_CELL:
        raise BadFile(f"{where}, column {name!r} has more than {MAX_CELL:,} characters.")
    return value


def check_count(rows: int, limit: int) -> None:
    """Raise BadFile for more rows than are read."""
    if rows > limit:
        raise BadFile(f"The file has more than {limit:,} rows: send a part of them.")


def check_names(names: list[str]) -> list[str]:
    """Return the names of a file's columns; raise BadFile where they are no header."""
    if not any(names):
        raise BadFile("Line 1 names no column: begin the file with a header such as text,label.")
    if len(names) > MAX_COLUMNS:
        raise BadFile(f"The file has {len(names)} columns; at most {MAX_COLUMNS} are read.")
    twice = [name for name, count in Counter(names).items() if name and count > 1]
    if twice:
        raise BadFile(f"Two columns are called {twice[0]!r}: rename one of them.")
    if max(map(len, names)) > MAX_NAME:
        raise BadFile("The first line is no header: begin the file with one such as text,label.")
    return names
