"""CSV that grows: the rows that were added since it was read last; pure."""

from __future__ import annotations

import codecs
import csv
import hashlib
import io
import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from dateutil import parser as dates

from bot.monitor.fetch import Answer, FetchError
from bot.monitor.reading import Item
from storage.records import Json
from trainer.intake.columns import PLAIN_TEXT, TEXT_NAMES
from trainer.intake.delimited import DELIMITERS

TEXTS = {*PLAIN_TEXT, *TEXT_NAMES, "title"}
TIMES = {"time", "date", "timestamp", "datetime", "created at", "created", "published", "at"} | {
    "时间", "日期", "发布时间", "创建时间"
}  # fmt: skip
IDS = {"id", "key", "uuid", "number", "no", "编号", "序号"}
FIRST = 2_000  # rows read of a new file, the last ones
KNOWN = 1_000  # rows whose keys are remembered, the last ones
PENDING = 2**20  # bytes behind a quote that nobody closes, before it is taken for a plain one
TAIL = 256  # bytes read again: are they the same, the file has only grown
PARTIAL, NOT_BEYOND = 206, 416


@dataclass(frozen=True)
class Columns:
    """Where in a row its text stands, and its time and id where there are such columns."""

    text: int
    time: int | None
    id: int | None


@dataclass(frozen=True)
class Row:
    """One row; its time is known where a column tells it."""

    key: str
    text: str
    at: datetime | None

    def at_latest(self, now: datetime) -> Item:
        return Item(self.key, min(self.at or now, now), self.text)


def ask(cursor: Json | None) -> dict[str, str]:
    """Give the header that asks only for what was added, and a little before it."""
    read_to = (cursor or {}).get("read_to", 0)
    return {"Range": f"bytes={max(0, read_to - TAIL)}-"} if read_to else {}


def read(answer: Answer, cursor: Json, *, now: datetime) -> tuple[list[Item], Json] | None:
    """Give the rows that were added, and the next cursor; None where the file was replaced.

    Raise FetchError where it is no CSV any more.
    """
    read_to = cursor["read_to"]
    start = max(0, read_to - TAIL) if answer.status == PARTIAL else 0
    before, added = answer.body[: read_to - start], answer.body[read_to - start :]
    if answer.status == NOT_BEYOND or _digest(before[-TAIL:]) != cursor["tail"]:
        return None
    text = _whole_rows(added)
    columns = Columns(**cursor["columns"])
    rows = _read(_split(text, cursor["delimiter"]), columns, first=cursor["rows"])
    moved = {
        "read_to": read_to + len(text),
        "tail": _digest((before + text)[-TAIL:]),
        "rows": cursor["rows"] + len(rows),
        "seen": [*cursor["seen"], *(row.key for row in rows)][-KNOWN:],
    }
    return [row.at_latest(now) for row in rows], cursor | moved


def read_whole(answer: Answer, cursor: Json | None, *, now: datetime) -> tuple[list[Item], Json]:
    """Give the rows of a file that is new, or was replaced since `cursor`, and the next cursor.

    A row is known by its id, else by its time and text, else by its place. Rows without a time may
    be years old, so they are left out unless an id tells that they are new. Raise FetchError where
    it is no CSV, or has no column of texts.
    """
    text = _whole_rows(answer.body)
    line = text.partition(b"\n")[0].decode("utf-8", "replace")
    delimiter = max(DELIMITERS, key=line.count)
    header, *found = _split(text.removeprefix(codecs.BOM_UTF8), delimiter) or [[]]
    columns = find_columns(header)
    rows = _read(found, columns, first=0)
    seen = None if cursor is None or columns.id is None else set(cursor["seen"])
    new = [row for row in rows if row.at or (seen is not None and row.key not in seen)]
    return [row.at_latest(now) for row in new[-FIRST:]], {
        "read_to": len(text),
        "tail": _digest(text[-TAIL:]),
        "rows": len(rows),
        "seen": [row.key for row in rows][-KNOWN:],
        "delimiter": delimiter,
        "columns": vars(columns),
    }


def find_columns(header: Sequence[str]) -> Columns:
    """Find the columns by their names. Raise FetchError where none is of texts."""
    names = [re.sub(r"[\s_-]+", " ", name.strip().casefold()) for name in header]
    places = [_place(names, known) for known in (TEXTS, TIMES, IDS)]
    if places[0] is None:
        raise FetchError("no-text" if len(names) > 1 and "<" not in names[0] else "no-feed")
    return Columns(places[0], *places[1:])


def _place(names: Sequence[str], known: Collection[str]) -> int | None:
    return next((place for place, name in enumerate(names) if name in known), None)


def _read(found: Sequence[Sequence[str]], columns: Columns, *, first: int) -> list[Row]:
    """Read rows; `first` is how many stood before them."""
    return [
        _row(values, columns, number)
        for number, values in enumerate(found, first)
        if len(values) > columns.text
    ]


def _row(values: Sequence[str], columns: Columns, number: int) -> Row:
    def value(place: int | None) -> str:
        return "" if place is None or place >= len(values) else values[place].strip()

    time, text = value(columns.time), values[columns.text]
    named = value(columns.id) or (f"{time} {text}" if time else f"row {number}")
    return Row(_digest(named.encode("utf-8", "replace")), text, _time(time))


def _time(value: str) -> datetime | None:
    """Read a time in any usual form, or in seconds since 1970; without a zone it is UTC."""
    try:
        if re.fullmatch(r"\d{9,11}(\.\d+)?", value):
            return datetime.fromtimestamp(float(value), UTC)
        at = _date(value) if value else None
        return at and (at if at.tzinfo else at.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _date(value: str) -> datetime:
    try:
        return datetime.fromisoformat(value)  # fifty times as fast
    except ValueError:
        return dates.parse(value, tzinfos=lambda _, offset: offset or 0)


def _whole_rows(data: bytes) -> bytes:
    """Cut off the last row where it isn't whole yet: it has no end, or a quote is still open."""
    end = last = data.rfind(b"\n") + 1
    quotes = data.count(b'"', 0, end)
    while end and quotes % 2:
        before = data.rfind(b"\n", 0, end - 1) + 1
        quotes -= data.count(b'"', before, end)
        end = before
    return data[: last if len(data) - end > PENDING else end]


def _split(text: bytes, delimiter: str) -> list[list[str]]:
    lines = io.StringIO(text.decode("utf-8", "replace"), newline="")
    try:
        return [row for row in csv.reader(lines, delimiter=delimiter) if row]
    except csv.Error:
        raise FetchError("no-feed") from None


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()[:16]
