"""`/sentiment corrections`: the owner of a data set accepts or rejects what people corrected."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, cast

from sqlite_utils import Database

from bot import blocks
from bot.asking import Asker, Block, Office, Reply
from bot.commands.sentiment import ReviewCorrections
from bot.language import mark, tr, trn
from bot.rights import is_admin, require_owner
from bot.sentiment import next_version
from bot.sentiment.card import quote
from bot.sentiment.corrections import say_labels
from bot.train.datasets import find_dataset
from bot.wording import code
from storage import corrections, datasets
from storage.answering import Correction
from storage.corrections import Verdict, Waiting
from storage.database import immediate, opened
from storage.records import Dataset

BATCH = 10  # corrections in one form
SHOWN = 20  # data sets
QUOTED, ANSWER = 1_000, 700  # characters of a text, and of a question and its answers
VERDICTS = {"accepted": mark("accept"), "rejected": mark("reject")}
LATER = "later"


def show(office: Office, asker: Asker, command: ReviewCorrections) -> Reply:
    """Show what waits in a data set, or in all that the asker may review."""
    with opened(office.settings.data_dir) as db:
        if command.dataset:
            dataset = find_reviewable(office, db, asker, command.dataset)
            found = [(dataset, _waiting_in(db, dataset))]
        else:
            found = _reviewable(office, db, asker)
    if not found:
        return Reply(
            tr(
                "No correction waits for you. *Wrong?* below an answer of `/sentiment` or `/ask` makes one, "
                "and the owner of the data set decides."
            )
        )
    said = [_say_waiting(dataset, waiting) for dataset, waiting in found[:SHOWN]]
    shown = [_draw_waiting(*one, text) for one, text in zip(found, said, strict=False)]
    return Reply("\n".join(said), [block for part in shown for block in part])


async def press(office: Office, asker: Asker, value: str) -> Reply | None:
    """Open the next batch of a data set: `reviews`, or `reviews 37` for those after number 37."""
    name, _, after = value.partition(" ")
    dataset, found = await asyncio.to_thread(_find_batch, office, asker, name, int(after or 0))
    if not found:
        return Reply(tr("No correction of {dataset} waits any more.", dataset=code(dataset.name)))
    view = form(dataset, found, asker)
    await office.client.views_open(trigger_id=asker.trigger_id or "", view=view)
    return None


def take_form(office: Office, asker: Asker, values: Mapping[str, Any], metadata: str) -> Reply:
    """Decide on a batch; what somebody else decided meanwhile stays so."""
    about = json.loads(metadata)
    verdicts = read_form(values, about["numbers"])
    with opened(office.settings.data_dir) as db, immediate(db):
        dataset = find_reviewable(office, db, asker, about["dataset"])
        done = corrections.decide(db, dataset.name, verdicts, by=asker.user, now=office.clock())
        waiting = _waiting_in(db, dataset)
        rest = corrections.open_of(db, dataset.name, after=max(about["numbers"]), limit=1)
    after = max(about["numbers"]) if rest else 0
    return say_decided(dataset, done, waiting, skipped=len(verdicts) - len(done), after=after)


# --- pure -----------------------------------------------------------------------------------


def form(dataset: Dataset, batch: Sequence[Correction], asker: Asker) -> Block:
    """Make the form of a batch; what is left open there is asked again."""
    metadata = {
        "channel": asker.channel,
        "response_url": asker.response_url or "",
        "dataset": dataset.name,
        "numbers": [one.id for one in batch],
    }
    rest = {
        LATER: tr("leave for later"),
        "accepted": tr("accept all"),
        "rejected": tr("reject all"),
    }
    others = blocks.radio("rest", rest, chosen=LATER)
    return blocks.modal(
        "corrections_decide",
        tr("Corrections"),
        [
            *(block for one in batch for block in _draw(one, dataset)),
            blocks.field("rest", tr("Where nothing is chosen above"), others),
        ],
        submit=tr("Save"),
        metadata=metadata,
    )


def read_form(values: Mapping[str, Any], numbers: Sequence[int]) -> dict[int, Verdict]:
    """Read what was decided; one choice holds for all that have none of their own."""
    rest = blocks.typed(values, "rest")
    chosen = {number: blocks.typed(values, str(number)) or rest for number in numbers}
    return {n: cast("Verdict", said) for n, said in chosen.items() if said in VERDICTS}


def say_decided(
    dataset: Dataset, done: Sequence[Correction], waiting: Waiting, *, skipped: int, after: int
) -> Reply:
    counts = Counter(one.state for one in done)
    said = tr(
        "{dataset}: {accepted:,} accepted, {rejected:,} rejected.",
        dataset=code(dataset.name),
        accepted=counts["accepted"],
        rejected=counts["rejected"],
    )
    if skipped:
        said += trn(
            " {count} had been decided already.", " {count} had been decided already.", skipped
        )
    said = f"{said}\n{_say_waiting(dataset, waiting)}"
    more = f"{dataset.name} {after}" if after else dataset.name
    return Reply(said, _draw_waiting(dataset, waiting, said, review=more))


def _draw(one: Correction, dataset: Dataset) -> list[Block]:
    number = str(one.id)
    choice = blocks.radio(number, {value: tr(words) for value, words in VERDICTS.items()})
    if dataset.card.get("shape") == "pairs":
        asked, said = tr("The right answer?"), _say_answer(one)
    else:
        told = {"label": say_labels(one.label), "told": say_labels(one.told)}
        asked = tr("{label} instead of {told}?", **told)
        said = tr("<@{user}> corrects this:\n> {text}", user=one.by, text=quote(one.text, QUOTED))
    return [blocks.section(said), blocks.field(number, asked, choice, optional=True)]


def _say_answer(one: Correction) -> str:
    """Say which answer to a question is to take the place of which."""
    nothing = tr("(nothing in the docs answers it)")
    return tr(
        "<@{user}> corrects the answer to this:\n> {question}\nIt was:\n> {told}\n"
        "It should be:\n> {label}",
        user=one.by,
        question=quote(one.text, ANSWER),
        told=quote(one.told, ANSWER) or nothing,
        label=quote(one.label, ANSWER) or nothing,
    )


def _say_waiting(dataset: Dataset, waiting: Waiting) -> str:
    lines = [
        trn(
            "{dataset}: {count:,} correction waits for your decision.",
            "{dataset}: {count:,} corrections wait for your decision.",
            waiting.open,
            dataset=code(dataset.name),
        )
    ]
    if waiting.accepted:
        lines.append(next_version.say_accepted(dataset, waiting.accepted))
    return "\n".join(lines)


def _draw_waiting(
    dataset: Dataset, waiting: Waiting, said: str, *, review: str = ""
) -> list[Block]:
    buttons = []
    if waiting.open:
        value = review or dataset.name
        buttons.append(blocks.button(tr("Review"), "corrections_review", value))
    if waiting.accepted:
        buttons.append(next_version.button(dataset, waiting.accepted))
    return [blocks.section(said), *([blocks.actions(*buttons)] if buttons else [])]


# --- steps ----------------------------------------------------------------------------------


def find_reviewable(office: Office, db: Database, asker: Asker, title: str) -> Dataset:
    """Find the newest version of a data set; raises RefusalError unless it is the asker's."""
    dataset = find_dataset(db, title.partition("@")[0])
    require_owner(office, asker, owner=dataset.added_by, what=code(dataset.name))
    return dataset


def _find_batch(
    office: Office, asker: Asker, name: str, after: int
) -> tuple[Dataset, list[Correction]]:
    with opened(office.settings.data_dir) as db:
        dataset = find_reviewable(office, db, asker, name)
        return dataset, corrections.open_of(db, dataset.name, after=after, limit=BATCH)


def _reviewable(office: Office, db: Database, asker: Asker) -> list[tuple[Dataset, Waiting]]:
    found = [(datasets.find(db, one.dataset), one) for one in corrections.waiting(db)]
    mine = is_admin(office, asker)
    return [(d, one) for d, one in found if d is not None and (mine or d.added_by == asker.user)]


def _waiting_in(db: Database, dataset: Dataset) -> Waiting:
    found = (one for one in corrections.waiting(db) if one.dataset == dataset.name)
    return next(found, Waiting(dataset.name, 0, 0))
