"""Parse CSV and TSV, and name the line in which a record is broken."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from itertools import islice

from trainer.intake.table import MAX_CELL, BadFile, Table, check_count, check_names

DELIMITERS = ",;\t|"


def parse(text: str, *, tabs: bool = False, max_rows: int) -> Table:
    """Parse quoted text separated by a comma, semicolon, tab or bar, under a header line."""
    records = _records(text, "\t" if tabs else _sniff_delimiter(text))
    first = next((record for _, record in records if record), None)
    if first is None:
        raise BadFile("The file has no rows.")
    names = check_names([name.strip() for name in first])
    rows: list[list[str]] = []
    lines: list[int] = []
    for line, record in records:
        if not record:  # a blank line
            continue
        if len(record) != len(names):
            raise BadFile(
                f"Line {line} has {len(record)} value(s) where the header has "
                f"{len(names)}: put a text that holds the separator into double quotes."
            )
        rows.append(record)
        lines.append(line)
        check_count(len(rows), max_rows)
    values = [list(column) for column in zip(*rows, strict=True)] or [[] for _ in names]
    named = {name: column for name, column in zip(names, values, strict=True) if name}
    _refuse_missing_header(named, len(rows))
    return Table(named, lines)


def _records(text: str, delimiter: str) -> Iterator[tuple[int, list[str]]]:
    """Yield each record with the line it begins in, which is where a bad quote was opened."""
    csv.field_size_limit(MAX_CELL)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    line = 1
    while True:
        try:
            record = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            raise BadFile(_broken_record(line, str(error))) from None
        yield line, record
        line = reader.line_num + 1


def _broken_record(line: int, error: str) -> str:
    if "field limit" in error:
        return (
            f"Line {line} begins a value of more than {MAX_CELL:,} characters: "
            "is a double quote left open there?"
        )
    return (
        f"Line {line} has a broken double quote: close each quote that is opened, "
        "and write a quote inside a quoted text twice."
    )


def _sniff_delimiter(text: str) -> str:
    """Take the separator that cuts the first lines into the most columns of equal number."""
    lines = list(islice(io.StringIO(text, newline=""), 50))

    def evenness(delimiter: str) -> tuple[bool, float, int]:
        widths = [len(row) for row in csv.reader(lines, delimiter=delimiter) if row]
        return widths[0] > 1, widths.count(widths[0]) / len(widths), widths[0]

    csv.field_size_limit(len(text))
    return max(DELIMITERS, key=evenness) if any(line.strip() for line in lines) else ","


def _refuse_missing_header(columns: dict[str, list[str]], rows: int) -> None:
    """Refuse a name that its own column repeats among few values: it is a value itself."""
    for name, values in columns.items():
        if name in values and len(set(values)) <= max(2, rows / 2):
            raise BadFile(
                f"The first line says {name!r}, and so do rows of that column: begin the file "
                "with one header such as text,label, and don't repeat it."
            )
