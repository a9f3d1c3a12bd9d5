"""Tables as CSV that a spreadsheet opens, and none of whose cells it takes for a formula."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from io import StringIO

FORMULA = ("=", "+", "-", "@", "\t", "\r")  # how one begins (OWASP: CSV injection)


def write(header: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Write rows below a header; None is an empty cell, numbers stay numbers."""
    out = StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(header)
    writer.writerows([_safe(cell) for cell in row] for row in rows)
    return out.getvalue()


def _safe(cell: object) -> object:
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(FORMULA) else cell
