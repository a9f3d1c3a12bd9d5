"""Write the rows of a file with their answers beside them: the same rows, order and format."""

from __future__ import annotations

import csv
import json
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from trainer.bulk.answers import Answer
from trainer.intake.encoding import detect_format, read_text
from trainer.intake.formulas import guard
from trainer.intake.table import Table
from trainer.predict import JOIN

ADDED = ("label", "confidence", "sure")
SEVERAL = ("labels", "probabilities")  # in the same order, of a model of several labels
DIGITS = 4  # of a confidence

Answered = Sequence[Answer | None]  # by row; none where a row has no text


def write(folder: Path, upload: Path, *, filename: str, table: Table, answers: Answered) -> Path:
    """Write the result into a folder and give its path; of a plain text file it is a CSV."""
    kind = detect_format(upload, filename)
    if kind == "parquet":
        return _write_parquet(folder / "result.parquet", upload, table, answers)
    if kind == "jsonl":
        return _write_jsonl(folder / "result.jsonl", upload, answers)
    tabs = filename.lower().endswith(".tsv")
    return _write_delimited(folder / f"result.{'tsv' if tabs else 'csv'}", table, answers)


def name_added(taken: Collection[str], *, several: bool = False) -> list[str]:
    """Name the columns that are added; where one is taken, all of them tell whose they are."""
    names = list(SEVERAL if several else ADDED)
    while not set(names).isdisjoint(taken):
        names = [f"coach_{name}" for name in names]
    return names


def _write_delimited(path: Path, table: Table, answers: Answered) -> Path:
    """Write what a spreadsheet opens as UTF-8, with no cell that it would run."""
    header = [*table.columns, *name_added(table.columns, several=_are_several(answers))]
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file, delimiter="\t" if path.suffix == ".tsv" else ",")
        writer.writerow(map(guard, header))
        for answer, *cells in zip(answers, *table.columns.values(), strict=True):
            writer.writerow(map(guard, [*cells, *_as_cells(answer, len(header) - len(cells))]))
    return path


def _write_jsonl(path: Path, upload: Path, answers: Answered) -> Path:
    """Add to the objects as they were sent, what is nested in them too."""
    lines = (line for line in read_text(upload).split("\n") if line.strip())
    objects: list[dict[str, Any]] = [json.loads(line) for line in lines]
    taken = {name for one in objects for name in one}
    names = name_added(taken, several=_are_several(answers))
    with path.open("w", encoding="utf-8") as file:
        for one, answer in zip(objects, answers, strict=True):
            added = dict(zip(names, _as_values(answer, len(names)), strict=True))
            file.write(json.dumps(one | added, ensure_ascii=False) + "\n")
    return path


def _write_parquet(path: Path, upload: Path, table: Table, answers: Answered) -> Path:
    """Add to the columns that were read, which keep their types."""
    whole = pq.read_table(upload, columns=list(table.columns), use_threads=False)
    several = _are_several(answers)
    kinds: list[pa.DataType] = [pa.string(), pa.float64(), pa.bool_()]
    if several:
        kinds = [pa.list_(pa.string()), pa.list_(pa.float64())]
    names = name_added(table.columns, several=several)
    columns = zip(*(_as_values(answer, len(names)) for answer in answers), strict=True)
    for name, values, kind in zip(names, columns, kinds, strict=True):
        whole = whole.append_column(name, pa.array(values, kind))
    pq.write_table(whole, path)
    return path


def _are_several(answers: Answered) -> bool:
    return any(answer is not None and answer.labels is not None for answer in answers)


def _as_values(answer: Answer | None, width: int) -> Sequence[Any]:
    if answer is None:
        return [None] * width
    if answer.labels is None:
        return answer.label, round(answer.confidence, DIGITS), answer.sure
    return list(answer.labels), [round(chance, DIGITS) for chance in answer.labels.values()]


def _as_cells(answer: Answer | None, width: int) -> Sequence[str]:
    if answer is None:
        return [""] * width
    if answer.labels is None:
        return answer.label, f"{answer.confidence:.{DIGITS}f}", "yes" if answer.sure else "no"
    chances = (f"{chance:.{DIGITS}f}" for chance in answer.labels.values())
    return JOIN.join(answer.labels), JOIN.join(chances)
