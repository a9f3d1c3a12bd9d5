"""Give corrected rows the form of their data set's shape again, and count what its card says."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from trainer.intake import pairs, rows, tags
from trainer.intake.pairs import Pair
from trainer.intake.rows import Row
from trainer.intake.tags import SEPARATOR, Tagged, split_cell
from trainer.spec import DataShape

Kept = Sequence[Row] | Sequence[Tagged] | Sequence[Pair]
Sources = Mapping[tuple[str, str], int]  # question ("": any) and answer -> row of the file


def read_sources(folder: Path, shape: DataShape) -> Sources:
    """Read where in the file a data set's questions and answers stand; nothing of other shapes.

    Whatever else an answer is given to, it stands in the first of its rows.
    """
    if shape != "pairs":
        return {}
    kept = [Pair(**row) for row in pq.read_table(folder / "rows.parquet").to_pylist()]
    answered = sorted((row for row in kept if row.answer), key=lambda row: -row.source)
    first = {("", row.answer): row.source for row in answered}
    return first | {(row.question, row.answer): row.source for row in kept}


def restore(corrected: Sequence[Row], shape: DataShape, sources: Sources) -> Kept:
    """Write rows as their shape has them: an answer keeps its source, whatever it now answers."""
    match shape:
        case "tags":
            return [Tagged(r.text, split_cell(r.label, SEPARATOR), r.split) for r in corrected]
        case "pairs":
            return [Pair(r.text, r.label, _source(r, sources), r.split) for r in corrected]
        case _:
            return corrected


def describe(kept: Sequence[Any], shape: DataShape) -> dict[str, Any]:
    """Check the rows of a version, and give what its card counts of them; raise BadFile."""
    match shape:
        case "tags":
            tags.check_labels(kept)
            return tags.describe(kept)
        case "pairs":
            return pairs.describe(kept)
        case _:
            rows.check_class_sizes(kept)
            return rows.describe(kept)


def _source(row: Row, sources: Sources) -> int:
    return sources.get((row.text, row.label), sources.get(("", row.label), 0))
