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

from trainer.intake.rows import Row
from trainer.spec import DataCard, text_hash


def hash_rows(rows: Iterable[Row]) -> str:
    """Hash rows in canonical order (SHA-256), not the bytes they came in.

    So the same table as CSV and as JSONL, or with its rows in another order, is one data set.
    """
    sha = hashlib.sha256()
    for row in rows:
        sha.update(_line([row.text, row.label, row.split]))
    return sha.hexdigest()


def keep(
    rows: Sequence[Row],
    card: DataCard,
    *,
    folder: Path,
    scratch: Path,
    held_out: Sequence[Row] | None = None,
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
    rows: Sequence[Row], card: DataCard, folder: Path, held_out: Sequence[Row] | None
) -> None:
    table = pa.table(dict(zip(Row._fields, map(list, zip(*rows, strict=True)), strict=True)))
    pq.write_table(table, folder / "rows.parquet")
    test = [(i, row) for i, row in enumerate(rows) if row.split == "test"]
    _write_lines(
        folder / "test.jsonl",
        (_line({"row": i, "text": row.text, "label": row.label}) for i, row in test),
    )
    if held_out is not None:
        corrections = (_line({"text": row.text, "label": row.label}) for row in held_out)
        _write_lines(folder / "corrections.jsonl", corrections)
    seen = sorted({text_hash(row.text) for row in rows if row.split != "test"})
    _write_lines(folder / "seen.txt", (f"{key}\n".encode() for key in seen))
    _write_lines(folder / "card.json", [card.model_dump_json(indent=2).encode(), b"\n"])
    for path in (*folder.iterdir(), folder):
        _sync(path)


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
