"""Keep rows as an immutable data set, in a folder named by the hash of what they say."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Iterable, Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from trainer.intake import clicks
from trainer.intake.clicks import Click
from trainer.intake.pairs import Pair
from trainer.intake.rows import Row
from trainer.intake.tags import Tagged
from trainer.spec import DataCard, DataShape, text_hash

AnyRow = Row | Tagged | Pair | Click
ROWS: dict[DataShape, type[AnyRow]] = {
    "labels": Row,
    "tags": Tagged,
    "pairs": Pair,
    "clicks": Click,
}


def hash_rows(rows: Iterable[AnyRow], shape: DataShape = "labels") -> str:
    """Hash rows in canonical order (SHA-256), not the bytes they came in.

    So the same table as CSV and as JSONL, or with its rows in another order, is one data set: where
    in the file an answer stands makes no difference.
    """
    sha = hashlib.sha256()
    if shape != "labels":
        sha.update(_line([shape]))
    for row in rows:
        said = row._asdict()
        said.pop("source", None)
        sha.update(_line(list(said.values())))
    return sha.hexdigest()


def keep(
    rows: Sequence[AnyRow],
    card: DataCard,
    *,
    folder: Path,
    scratch: Path,
    held_out: Sequence[AnyRow] | None = None,
) -> None:
    """Write a data set beside its place, on the same disk, and rename it there whole.

    Where it is already, from an earlier upload or one at the same time, it is left as it is.
    """
    if folder.exists():
        return
    shutil.rmtree(scratch, ignore_errors=True)
    scratch.mkdir(parents=True)
    try:
        _write(rows, card, scratch, held_out)
        folder.parent.mkdir(parents=True, exist_ok=True)
        scratch.rename(folder)
    except OSError:
        if not folder.exists():
            raise
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _write(
    rows: Sequence[AnyRow], card: DataCard, folder: Path, held_out: Sequence[AnyRow] | None
) -> None:
    pq.write_table(_table(rows, ROWS[card.shape]), folder / "rows.parquet")
    test = [(i, row) for i, row in enumerate(rows) if row.split == "test"]
    _write_lines(folder / "test.jsonl", (_line(_as_test(i, row)) for i, row in test))
    if held_out is not None:
        corrections = (_line(_without_split(row)) for row in held_out)
        _write_lines(folder / "corrections.jsonl", corrections)
    seen = sorted({_key(row) for row in rows if row.split != "test"})
    _write_lines(folder / "seen.txt", (f"{key}\n".encode() for key in seen))
    _write_lines(folder / "card.json", [card.model_dump_json(indent=2).encode(), b"\n"])
    for path in (*folder.iterdir(), folder):
        _sync(path)


def _table(rows: Sequence[AnyRow], kind: type[AnyRow]) -> pa.Table:
    columns = map(list, zip(*rows, strict=True))
    table = pa.table(dict(zip(kind._fields, columns, strict=True)))
    if kind is not Click:
        return table
    at = table.schema.get_field_index("at")  # all null says no type
    return table.set_column(at, "at", table["at"].cast(pa.string()))


def _as_test(number: int, row: AnyRow) -> dict[str, object]:
    return {"row": number, **_without_split(row)}


def _without_split(row: AnyRow) -> dict[str, object]:
    said = row._asdict()
    del said["split"]
    return said


def _key(row: AnyRow) -> str:
    """Name what a row asks about, so that it can be told whether training saw it."""
    match row:
        case Click():
            return clicks.key(row)
        case Pair():
            return text_hash(row.question)
        case _:
            return text_hash(row.text)


def _line(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False).encode() + b"\n"


def _write_lines(path: Path, lines: Iterable[bytes]) -> None:
    with path.open("wb") as file:
        file.writelines(lines)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
