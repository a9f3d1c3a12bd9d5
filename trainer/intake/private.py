"""What is done about personal data in a file: kept and counted, redacted, or refused."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from trainer.intake.personal_data import count_personal_data
from trainer.intake.redaction import redact
from trainer.intake.table import BadFile, Table
from trainer.spec import PersonalData

SHOWN = 5  # rows


def apply(
    table: Table, texts: Sequence[str], people: Sequence[str], policy: PersonalData
) -> tuple[Table, int]:
    """Treat the columns of texts, and those that say who did what, as the settings say.

    Gives the table and how many rows were redacted; raise BadFile where such data is refused.
    Names are redacted too, but only what has a form of its own is refused: an e-mail address, a
    number. Who somebody is can't be redacted without making them one with others, so it is
    refused there in both cases.
    """
    if policy == "keep":
        return table, 0
    _refuse(table, people)
    if policy == "redact":
        return _redact(table, texts)
    _refuse(table, texts)
    return table, 0


def _redact(table: Table, columns: Sequence[str]) -> tuple[Table, int]:
    redacted = {name: [redact(value) for value in table.columns[name]] for name in columns}
    changed = {
        row
        for name, values in redacted.items()
        for row, (new, old) in enumerate(zip(values, table.columns[name], strict=True))
        if new != old
    }
    return replace(table, columns=table.columns | redacted), len(changed)


def _refuse(table: Table, columns: Sequence[str]) -> None:
    texts = ["\n".join(row) for row in zip(*(table.columns[name] for name in columns), strict=True)]
    counts = count_personal_data(texts)
    if not counts:
        return
    kinds = ", ".join(f"{kind} ({count:,} rows)" for kind, count in counts.items())
    rows = [table.where(i).lower() for i, text in enumerate(texts) if count_personal_data([text])]
    raise BadFile(
        f"The column {' and '.join(map(repr, columns))} seems to hold personal data, which is not "
        f"taken here: {kinds}, first in {', '.join(rows[:SHOWN])}. Take it out and send the file "
        "again."
    )
