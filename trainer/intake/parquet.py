"""Read Parquet after a look at what it claims to hold, so that no small file unfolds to a huge one."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pyarrow.types as t

from trainer.intake.table import BadFile, Table, as_text, check_cell, check_count, check_names

BATCH_ROWS = 1_024  # read at a time


def read(path: Path, *, max_rows: int, max_bytes: int) -> Table:
    """Read the columns of text, numbers and truth values, after a look at what they claim to hold.

    What it unfolds to is counted batch by batch as well: a million references to one long text
    make a small file, and say so nowhere.
    """
    try:
        metadata = pq.read_metadata(path)
        check_count(metadata.num_rows, max_rows)
        schema = metadata.schema.to_arrow_schema()
        check_names(schema.names)
        names = [f.name for f in schema if _is_scalar(f.type)]
        _check_claims(metadata, set(names), max_bytes)
        file = pq.ParquetFile(path)
        return _collect(
            file.iter_batches(BATCH_ROWS, columns=names, use_threads=False), names, max_bytes
        )
    except UnicodeDecodeError:
        raise BadFile("A text in this Parquet file is not UTF-8: write it anew.") from None
    except (pa.ArrowException, OSError) as error:
        if isinstance(error, MemoryError):
            raise
        raise BadFile("The Parquet file is damaged or encrypted: write it anew.") from None


def _is_scalar(kind: Any) -> bool:  # noqa: ANN401  (pyarrow has no types)
    if t.is_dictionary(kind):
        kind = kind.value_type
    checks = (
        t.is_string,
        t.is_large_string,
        t.is_string_view,
        t.is_integer,
        t.is_floating,
        t.is_boolean,
    )
    return any(check(kind) for check in checks)


def _check_claims(metadata: Any, names: set[str], limit: int) -> None:  # noqa: ANN401
    groups = [metadata.row_group(i) for i in range(metadata.num_row_groups)]
    chunks = [group.column(i) for group in groups for i in range(group.num_columns)]
    _check_size(sum(c.total_uncompressed_size for c in chunks if c.path_in_schema in names), limit)


def _collect(batches: Iterable[Any], names: list[str], max_bytes: int) -> Table:
    columns: dict[str, list[str]] = {name: [] for name in names}
    size = rows = 0
    for batch in batches:
        for name, column in zip(batch.schema.names, batch.columns, strict=True):
            plain = column.dictionary_decode() if t.is_dictionary(column.type) else column
            size = _check_size(size + plain.nbytes, max_bytes)
            values = [as_text(value) for value in plain.to_pylist()]
            for row, value in enumerate(values, start=rows + 1):
                check_cell(value, f"Row {row}", name)
            columns[name] += values
        rows += batch.num_rows
    return Table(columns, list(range(1, rows + 1)), unit="row")


def _check_size(size: int, limit: int) -> int:
    if size > limit:
        raise BadFile(
            f"The Parquet file unfolds to more than {limit / 1e6:,.0f} MB. "
            "Send a part of its rows, or only the text and label columns."
        )
    return size
