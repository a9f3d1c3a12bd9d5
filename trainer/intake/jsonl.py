"""Parse JSONL, one object a line, and name the line that is none."""

from __future__ import annotations

import json
from typing import Any

from trainer.intake.table import MAX_COLUMNS, BadFile, Table, as_text, check_cell, check_count


def parse(text: str, *, max_rows: int) -> Table:
    """Parse one JSON object a line; a key missing from a line is an empty value."""
    columns: dict[str, list[str]] = {}
    nested: set[str] = set()
    lines: list[int] = []
    for number, line in enumerate(text.split("\n"), start=1):
        if not line.strip():
            continue
        for name, value in _parse_object(line, number).items():
            if isinstance(value, dict | list):
                nested.add(name)
                continue
            column = columns.setdefault(name, [])
            column.extend([""] * (len(lines) - len(column)))
            column.append(check_cell(as_text(value), f"Line {number}", name))
        lines.append(number)
        check_count(len(lines), max_rows)
        if len(columns) > MAX_COLUMNS:
            raise BadFile(f"Line {number} brings the columns to more than {MAX_COLUMNS}.")
    for column in columns.values():
        column.extend([""] * (len(lines) - len(column)))
    return Table({name: c for name, c in columns.items() if name not in nested}, lines)


def _parse_object(line: str, number: int) -> dict[str, Any]:
    try:
        value = json.loads(line)
        line.encode() if "\\u" not in line else json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        raise BadFile(f"Line {number} holds half of a \\u surrogate pair.") from None
    except json.JSONDecodeError as error:
        raise BadFile(
            f"Line {number} is not valid JSON: {error.msg} at character {error.colno}. "
            "Write one object a line."
        ) from None
    except (ValueError, RecursionError):  # a number of thousands of digits, a thousand brackets
        raise BadFile(f"Line {number} holds JSON that is too large to read.") from None
    if not isinstance(value, dict):
        raise BadFile(f'Line {number} is no JSON object such as {{"text": …, "label": …}}.')
    return value
