"""Privacy reviews: the committee signs a data set off, by a checklist."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from typing import Any

from sqlite_utils import Database

from bot import blocks, figures
from bot.asking import Asker, Block, Office, RefusalError, Reply
from bot.commands.team import ListReviews, SignOff
from bot.language import listed, mark, tr, trn
from bot.rights import require
from bot.train.datasets import find_dataset
from bot.wording import code, escape
from storage import datasets, privacy
from storage.database import opened
from storage.records import Dataset, Json
from storage.talent import PrivacyReview

SHOWN = 20
WORDS = 500  # characters of an answer
BASES = {
    "consent": mark("the persons' consent"),
    "contract": mark("a contract with them"),
    "licence": mark("a licence of the data's owner"),
    "public": mark("it was published for such use"),
    "none": mark("there are no persons in it"),
}
QUESTIONS = {
    "purpose": mark("What is it used for?"),
    "retention": mark("How long is it kept?"),
    "access": mark("Who has access?"),
    "deletion": mark("How is a person's data deleted when they ask?"),
}


def list_reviews(office: Office, asker: Asker, _: ListReviews) -> Reply:
    """Show what waits for a review, and what was signed off."""
    require(office, asker, "committee")
    with opened(office.settings.data_dir) as db:
        waiting, signed = privacy.unreviewed(db), privacy.reviews(db)
        done = [one for one in datasets.all_newest(db) if one.hash in signed]
    title = trn(
        "{count} data set waits for a privacy review.",
        "{count} data sets wait for a privacy review.",
        len(waiting),
    )
    lines = [_say_signed(one, signed[one.hash]) for one in done[:SHOWN]]
    shown = [blocks.section(f"*{title}*"), *map(_waiting, waiting[:SHOWN])]
    shown += [blocks.section("\n".join([tr("*Signed off*"), *lines]))] if lines else []
    said = [title, *(f"{code(one.title)}: {say_personal(one)}" for one in waiting[:SHOWN]), *lines]
    return Reply("\n".join(said), shown)


def _waiting(dataset: Dataset) -> Block:
    review = blocks.button(tr("Review"), "review_open", dataset.hash)
    return blocks.section(f"{code(dataset.title)}  {say_personal(dataset)}", accessory=review)


def _say_signed(dataset: Dataset, review: PrivacyReview) -> str:
    return tr(
        "{dataset} by <@{by}>, {when}",
        dataset=code(dataset.title),
        by=review.by,
        when=figures.when(review.at),
    )


def say_personal(dataset: Dataset) -> str:
    """Say what personal data was found when it was read, by type."""
    kinds = dataset.card.get("personal_data") or {}
    found = [
        trn("{kind} in {count:,} row", "{kind} in {count:,} rows", rows, kind=escape(kind))
        for kind, rows in kinds.items()
    ]
    return listed(found) if found else tr("no personal data was found by its form")


# --- sign -----------------------------------------------------------------------------------


async def sign(office: Office, asker: Asker, command: SignOff) -> None:
    """Open the checklist of a data set."""
    await asyncio.to_thread(require, office, asker, "committee")
    await _open_form(office, asker, await asyncio.to_thread(_find, office, command.dataset))


async def press(office: Office, asker: Asker, content_hash: str) -> None:
    await asyncio.to_thread(require, office, asker, "committee")
    await _open_form(office, asker, await asyncio.to_thread(_get, office, content_hash))


async def _open_form(
    office: Office, asker: Asker, found: tuple[Dataset, PrivacyReview | None]
) -> None:
    dataset, review = found
    metadata = {"channel": asker.channel, "response_url": asker.response_url or ""}
    view = form(dataset, review, metadata=metadata | {"dataset": dataset.hash})
    await office.client.views_open(trigger_id=asker.trigger_id or "", view=view)


def form(dataset: Dataset, review: PrivacyReview | None, *, metadata: Mapping[str, str]) -> Block:
    """Make the checklist; what an earlier review said stands in it."""
    before = review.checklist if review else {}
    bases = {value: tr(words) for value, words in BASES.items()}
    basis = blocks.select("basis", tr("Choose"), bases, chosen=before.get("basis"))
    said = tr(
        "*{dataset}*  Found by its form: {personal}. Names and addresses are not found that way: "
        "look at some rows.",
        dataset=escape(dataset.title),
        personal=say_personal(dataset),
    )
    fields = [
        blocks.section(said),
        _question("purpose", before),
        blocks.field("basis", tr("What allows it?"), basis),
        *(_question(name, before) for name in ("retention", "access", "deletion")),
    ]
    title = tr("Privacy review")
    return blocks.modal("review_sign", title, fields, submit=tr("Sign off"), metadata=metadata)


def _question(name: str, before: Json) -> Block:
    element = blocks.text_input(name, value=before.get(name, ""), multiline=True)
    return blocks.field(name, tr(QUESTIONS[name]), element)


def take_form(office: Office, asker: Asker, values: Mapping[str, Any], metadata: str) -> Reply:
    """Sign the data set off, with what was answered."""
    require(office, asker, "committee")
    dataset, _ = _get(office, str(json.loads(metadata)["dataset"]))
    answers = {name: blocks.typed(values, name)[:WORDS] for name in ("basis", *QUESTIONS)}
    checklist = answers | {"personal_data": dataset.card.get("personal_data") or {}}
    with opened(office.settings.data_dir) as db:
        privacy.sign(db, dataset, checklist=checklist, by=asker.user, now=office.clock())
    return Reply(
        tr("The privacy of {dataset} is signed off; its card says so.", dataset=code(dataset.title))
    )


def _find(office: Office, title: str) -> tuple[Dataset, PrivacyReview | None]:
    with opened(office.settings.data_dir) as db:
        return _with_review(db, find_dataset(db, title))


def _get(office: Office, content_hash: str) -> tuple[Dataset, PrivacyReview | None]:
    with opened(office.settings.data_dir) as db:
        dataset = datasets.get(db, content_hash)
        if dataset is None:
            raise RefusalError(
                tr("This data set was deleted. `/team review list` shows what waits.")
            )
        return _with_review(db, dataset)


def _with_review(db: Database, dataset: Dataset) -> tuple[Dataset, PrivacyReview | None]:
    return dataset, privacy.review_of(db, dataset.hash)
