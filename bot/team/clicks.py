"""What the team took up to learn, as a data set of clicks to train a recommendation model on."""

from __future__ import annotations

import csv
from collections import defaultdict
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import NamedTuple

from bot.asking import Asker, Office, RefusalError, Reply
from bot.commands.train import AddLearning
from bot.language import trn
from bot.rights import require
from bot.team import catalogue
from bot.team.taught import TAKEN
from bot.train import uploads
from storage import audit, pseudonyms, resources
from storage.database import immediate, opened
from storage.talent import Marked
from trainer.spec import IntakeWork

NAME, FILE = "learning", "learning.csv"
LEAST = 20  # things taken up; of fewer nothing can be learnt


class Row(NamedTuple):
    """A line of the file; the names of its fields are the columns."""

    user: str
    item: str
    clicked: int
    at: str


def make_rows(
    marked: Iterable[Marked], texts: Mapping[int, str], names: Mapping[str, str]
) -> list[Row]:
    """Make a row of each person and resource that has a text, in the order of time.

    What they started or finished they took, at that time; what they were only shown, or declined,
    they left.
    """
    by_pair: defaultdict[tuple[str, int], list[Marked]] = defaultdict(list)
    for one in marked:
        if one.resource in texts:
            by_pair[one.user, one.resource].append(one)
    rows = []
    for (user, resource), same in by_pair.items():
        taken = [one.at for one in same if one.mark in TAKEN]
        at = min(taken or [one.at for one in same])
        rows.append(Row(names[user], texts[resource], int(bool(taken)), at.isoformat()))
    return sorted(rows, key=lambda row: (row.at, row.user, row.item))


def add(office: Office, asker: Asker, _: AddLearning) -> Reply:
    """Write what the team took up into a file without a name, and have it read as any other."""
    require(office, asker, "admin", "lead")
    now = office.clock()
    with opened(office.settings.data_dir) as db, immediate(db):
        marked = resources.timeline(db)
        names = pseudonyms.of(db, (one.user for one in marked))
        numbers = [one.id for one in resources.all_open(db)]
        rows = make_rows(marked, dict(zip(numbers, catalogue.texts(db), strict=True)), names)
        _check(rows)
        path = uploads.place(office.settings.data_dir, f"learning-{asker.key}", FILE)
        _write(rows, path)
        work = IntakeWork(
            upload=str(path.relative_to(office.settings.data_dir)),
            filename=FILE,
            name=NAME,
            shape="clicks",
            columns={name: name for name in Row._fields},
        )
        uploads.enqueue(office, db, asker, work, key=f"learning:{asker.key}", thread="")
        told = {"subject": f"data set {NAME}", "after": f"{len(rows)} rows"}
        audit.note(db, by=asker.user, action="data learning", now=now, **told)
    return Reply(
        trn(
            "Reading what {count} person was shown and took up, under another name. The card of "
            "the data set comes here in a moment.",
            "Reading what {count} people were shown and took up, under other names. The card of "
            "the data set comes here in a moment.",
            len({row.user for row in rows}),
        )
    )


def _check(rows: list[Row]) -> None:
    taken = sum(row.clicked for row in rows)
    if taken < LEAST:
        raise RefusalError(
            trn(
                "The team took up {count} thing to learn so far; a model needs {least} at least. "
                "`/team learn` counts what is started and done.",
                "The team took up {count} things to learn so far; a model needs {least} at least. "
                "`/team learn` counts what is started and done.",
                taken,
                least=LEAST,
            )
        )


def _write(rows: list[Row], path: Path) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([Row._fields, *rows])
