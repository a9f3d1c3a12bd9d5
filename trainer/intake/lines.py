"""Read a plain text file, one text a line."""

from __future__ import annotations

from trainer.intake.table import BadFile, Table, check_cell, check_count

COLUMN = "text"


def parse(text: str, *, max_rows: int) -> Table:
    """Take each line that isn't blank for a text; raise BadFile where there is none."""
    texts: list[str] = []
    numbers: list[int] = []
    for number, line in enumerate(text.splitlines(), start=1):
        if line.strip():
            texts.append(check_cell(line, f"Line {number}", COLUMN))
            numbers.append(number)
            check_count(len(texts), max_rows)
    if not texts:
        raise BadFile("The file has no rows.")
    return Table({COLUMN: texts}, numbers)
