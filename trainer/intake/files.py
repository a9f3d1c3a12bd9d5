"""Read an uploaded file into a table, whatever its format, or say which line is wrong."""

from __future__ import annotations

from pathlib import Path

from trainer.intake import delimited, formulas, jsonl, lines, parquet
from trainer.intake.encoding import detect_format, read_text
from trainer.intake.table import BadFile, Table

EXPANSION = 3  # a Parquet file may unfold to this many times the bytes of a text file


def read_table(path: Path, *, filename: str, max_rows: int, max_bytes: int) -> Table:
    """Read a table to learn from; raise BadFile, in words, at the first thing that is wrong.

    It holds no spreadsheet formulas.
    """
    table = parse_file(path, filename=filename, max_rows=max_rows, max_bytes=max_bytes)
    _refuse_formulas(table)
    return table


def parse_file(path: Path, *, filename: str, max_rows: int, max_bytes: int) -> Table:
    """Read any table whole, of a .txt file one text a line; raise BadFile.

    The size is looked at before the first byte is read. Nested columns are left out.
    """
    size = path.stat().st_size
    if size == 0:
        raise BadFile("The file is empty.")
    if size > max_bytes:
        raise BadFile(
            f"The file has {size / 1e6:,.1f} MB; at most {max_bytes / 1e6:,.0f} MB are read. "
            "Send a part of its rows."
        )
    kind = detect_format(path, filename)
    if kind == "parquet":
        table = parquet.read(path, max_rows=max_rows, max_bytes=max_bytes * EXPANSION)
    elif kind == "lines":
        table = lines.parse(read_text(path), max_rows=max_rows)
    elif kind == "jsonl":
        table = jsonl.parse(read_text(path), max_rows=max_rows)
    else:
        table = delimited.parse(
            read_text(path), tabs=filename.lower().endswith(".tsv"), max_rows=max_rows
        )
    if not len(table):
        raise BadFile("The file has a header and no rows." if table.columns else "It has no rows.")
    return table


def _refuse_formulas(table: Table) -> None:
    for name, values in table.columns.items():
        for row, value in enumerate(values):
            if formulas.is_formula(value):
                raise BadFile(
                    f"{table.where(row)}, column {name!r} holds a spreadsheet "
                    "formula: save its value instead, or put an apostrophe before it if it is text."
                )
