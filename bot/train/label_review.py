"""`/train data review`: a data set's owner looks at the rows whose label may be wrong."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from sqlite_utils import Database

from bot import blocks
from bot.asking import Asker, Block, Office, RefusalError, Reply
from bot.commands.train import ReviewData
from bot.language import mark, tr, trn
from bot.rights import require_owner
from bot.train.datasets import GONE, find_dataset
from bot.wording import code, escape
from storage import datasets, suspects
from storage.database import opened
from storage.records import Dataset
from storage.suspects import Decision, Suspect
from trainer.spec import dataset_dir

PAGE = 5  # rows shown at a time
QUOTED, NAMED = 600, 40  # characters of a text, of a label on a button
HELD_OUT = {"validation": mark("validation"), "test": mark("test")}


class Shown(NamedTuple):
    """What a suspected row says, and the split that it is in."""

    text: str
    split: str


def show(office: Office, asker: Asker, command: ReviewData) -> Reply:
    """Show the most suspicious rows that wait, to the owner alone."""
    with opened(office.settings.data_dir) as db:
        return _page(office, db, asker, find_dataset(db, command.name))


def keep_label(office: Office, asker: Asker, value: str) -> Reply:
    """Let a row's label stand, and show the next."""
    return _decide(office, asker, value, "kept")


def relabel(office: Office, asker: Asker, value: str) -> Reply:
    """Give a row the suggested label in the next version, and show the next."""
    return _decide(office, asker, value, "relabelled")


# --- pure -----------------------------------------------------------------------------------


def page(
    dataset: Dataset,
    found: Sequence[Suspect],
    rows: Mapping[int, Shown],
    *,
    left: int,
    changed: int,
) -> Reply:
    """Write a page; its text, which notifications show, has no row's text."""
    said = "\n".join(_say(dataset, left=left, changed=changed))
    drawn = [block for one in found for block in _draw(one, rows[one.row])]
    shown = [blocks.section(said), *drawn]
    if changed:
        words = tr("Make version {version}", version=dataset.version + 1)
        shown.append(blocks.actions(blocks.button(words, "corrections_use", dataset.name)))
    return Reply(said, shown)


def _say(dataset: Dataset, *, left: int, changed: int) -> list[str]:
    lines = [
        trn(
            "{dataset}: {count:,} row may have a wrong label; many such rows are right.",
            "{dataset}: {count:,} rows may have a wrong label; many such rows are right.",
            left,
            dataset=code(dataset.title),
        )
    ]
    if not left:
        lines = [tr("{dataset}: no label waits to be looked at.", dataset=code(dataset.title))]
    if changed:
        lines.append(
            trn(
                "{count:,} row has another label in the next version.",
                "{count:,} rows have other labels in the next version.",
                changed,
            )
        )
    return lines


def _draw(one: Suspect, row: Shown) -> list[Block]:
    value = f"{one.dataset_hash} {one.row}"
    text = escape(blocks.cut(" ".join(row.text.split()), QUOTED))
    told = {"given": escape(one.given), "suggested": escape(one.suggested), "text": text}
    said = tr(
        "*{given}*, but its words say *{suggested}* ({share:.0%}):\n> {text}",
        share=one.confidence,
        **told,
    )
    keep = blocks.button(tr("Keep"), "suspect_keep", value)
    if row.split in HELD_OUT:
        why = tr(
            "This is a {split} row: it keeps its label here, so that models remain comparable. "
            "If it is wrong, change it in your file and send that as a new data set.",
            split=tr(HELD_OUT[row.split]),
        )
        return [blocks.section(said), blocks.context(why), blocks.actions(keep)]
    words = tr("It is {label}", label=blocks.cut(one.suggested, NAMED))
    change = blocks.button(words, "suspect_relabel", value)
    return [blocks.section(said), blocks.actions(keep, change)]


# --- steps ----------------------------------------------------------------------------------


def _decide(office: Office, asker: Asker, value: str, decision: Decision) -> Reply:
    content_hash, _, row = value.partition(" ")
    with opened(office.settings.data_dir) as db:
        dataset = datasets.get(db, content_hash)
        if dataset is None:
            return Reply(tr(GONE), replace=True)
        _require(office, asker, dataset)
        now = office.clock()
        suspects.decide(db, content_hash, int(row), decision, by=asker.user, now=now)
        shown = _page(office, db, asker, dataset)
    return Reply(shown.text, shown.blocks, replace=True)


def _page(office: Office, db: Database, asker: Asker, dataset: Dataset) -> Reply:
    _require(office, asker, dataset)
    found = suspects.open_of(db, dataset.hash, limit=PAGE)
    rows = _read_rows(
        dataset_dir(office.settings.data_dir, dataset.hash), [one.row for one in found]
    )
    left = suspects.count_open(db, dataset.hash)
    changed = len(suspects.relabelled_in(db, dataset.hash))
    return page(dataset, found, rows, left=left, changed=changed)


def _require(office: Office, asker: Asker, dataset: Dataset) -> None:
    require_owner(office, asker, owner=dataset.added_by, what=code(dataset.name))


def _read_rows(folder: Path, numbers: Sequence[int]) -> dict[int, Shown]:
    import pyarrow.parquet as pq  # noqa: PLC0415  (a bot that reviews nothing starts without it)

    if not numbers:
        return {}
    try:
        kept = pq.read_table(folder / "rows.parquet", columns=["text", "split"])
    except FileNotFoundError:
        raise RefusalError(tr(GONE)) from None
    found = kept.take(list(numbers)).to_pylist()
    return {number: Shown(**row) for number, row in zip(numbers, found, strict=True)}
