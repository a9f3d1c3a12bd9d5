"""Tables as CSV: written so that a spreadsheet takes no cell for a formula, and read line by line."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from io import StringIO

from bot.asking import RefusalError
from bot.language import tr

FORMULA = ("=", "+", "-", "@", "\t", "\r")  # how one begins (OWASP: CSV injection)


def write(header: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Write rows below a header; None is an empty cell, numbers stay numbers."""
    out = StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(header)
    writer.writerows([_safe(cell) for cell in row] for row in rows)
    return out.getvalue()


def read(data: bytes) -> list[tuple[int, list[str]]]:
    """Read rows with the lines they begin on, the header too; empty lines are left out.

    Raises RefusalError with the line that can't be read.
    """
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise RefusalError(
            tr(
                "Line {line} isn't in UTF-8. Save the file as “CSV UTF-8” and send it again.",
                line=line,
            )
        ) from None
    header = text.partition("\n")[0]
    # Spreadsheets write semicolons where the comma is the decimal sign.
    reader = csv.reader(
        StringIO(text, newline=""),
        delimiter=";" if header.count(";") > header.count(",") else ",",
        strict=True,
    )
    rows, begins = [], 1
    try:
        for row in reader:
            rows.append((begins, [_plain(cell.strip()) for cell in row]))
            begins = reader.line_num + 1
    except csv.Error:
        raise RefusalError(
            tr("Line {line} is no CSV: a quotation mark is open or out of place.", line=begins)
        ) from None
    return [(line, cells) for line, cells in rows if any(cells)]


def _safe(cell: object) -> object:
    return f"'{cell}" if isinstance(cell, str) and _looks_like_formula(cell) else cell


def _plain(cell: str) -> str:
    """Take away the quotation mark that `_safe` put before a cell."""
    return cell[1:] if cell.startswith("'") and _looks_like_formula(cell) else cell


def _looks_like_formula(cell: str) -> bool:
    return cell.lstrip("'").startswith(FORMULA)
