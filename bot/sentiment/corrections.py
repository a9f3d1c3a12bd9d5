"""*Wrong?*: the right label for a text, kept as its person saw it, redacted, until it is reviewed."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlite_utils import Database

from bot import blocks, figures
from bot.asking import Asker, Block, FieldErrors, Office, RefusalError, Reply
from bot.language import listed, mark, tr, trn
from bot.sentiment import pasted
from bot.sentiment.card import quote
from bot.sentiment.pasted import Told
from bot.wording import code, did_you_mean, escape
from storage import corrections, datasets, models
from storage.answering import Correction
from storage.database import immediate, opened
from storage.records import Dataset
from trainer.intake.redaction import redact
from trainer.predict import JOIN
from trainer.spec import text_hash

LONGEST = 3_000  # characters that are kept, and that Slack's input takes
STATES = {
    "accepted": mark("You corrected this text before, and it was accepted."),
    "rejected": mark("You corrected this text before, and it was not accepted."),
}


@dataclass(frozen=True)
class Target:
    """What a correction would correct."""

    labels: Sequence[str]  # of the model; where a text has one, the one that it told left out
    dataset: Dataset  # the newest version of the one that the model was trained on
    several: bool = False  # a text may have several labels, or none


async def open_form(office: Office, asker: Asker, value: str) -> None:
    """Open the form for the right label, with the text as it would be kept."""
    told = Told.read(value)
    target, text = await asyncio.to_thread(_prepare, office, told)
    days = office.settings.corrections_kept_days
    view = form(told, target, text, days=days, asker=asker)
    await office.client.views_open(trigger_id=asker.trigger_id or "", view=view)


def take_form(office: Office, asker: Asker, values: Mapping[str, Any], metadata: str) -> Reply:
    """Keep the correction; the same text of the same person is one, whose label may change."""
    told = Told(**json.loads(metadata)["told"])
    text = redact(blocks.typed(values, "text"))[:LONGEST]
    now = office.clock()
    with opened(office.settings.data_dir) as db, immediate(db):
        target = _find_target(db, told)
        label = _read_label(values, told, target)
        kept = corrections.add(
            db,
            key=f"{asker.user}:{told.alias}:{text_hash(text)}",
            alias=told.alias,
            model=told.model,
            dataset=target.dataset.name,
            redacted=text,
            told=told.label,
            label=label,
            by=asker.user,
            now=now,
            keep_until=now + timedelta(days=office.settings.corrections_kept_days),
        )
    return say_kept(kept, target.dataset)


def take_back(office: Office, asker: Asker, value: str) -> Reply:
    """Delete a correction that nobody has decided on yet."""
    with opened(office.settings.data_dir) as db:
        gone = corrections.withdraw(db, int(value), by=asker.user)
    if not gone:
        raise RefusalError(tr("It was decided on or deleted already."))
    return Reply(tr("Your correction is deleted."), replace=True)


# --- pure -----------------------------------------------------------------------------------


def form(told: Told, target: Target, text: str, *, days: int, asker: Asker) -> Block:
    """Make the form; its text may be changed, so that nothing private has to be kept."""
    dataset = target.dataset
    about = trn(
        "Told: *{label}*. <@{owner}> decides whether your correction becomes a row of {dataset}. "
        "It is kept for {count} day at most.",
        "Told: *{label}*. <@{owner}> decides whether your correction becomes a row of {dataset}. "
        "It is kept for {count} days at most.",
        days,
        label=escape(say_labels(told.label)),
        owner=dataset.added_by,
        dataset=code(dataset.name),
    )
    hint = tr("This is what is kept: names and numbers are taken out. Take out more if you like.")
    if not text:
        hint = tr("Coach no longer has the text. Names and numbers are taken out before it's kept.")
    metadata = {"channel": asker.channel, "response_url": asker.response_url or ""}
    return blocks.modal(
        "correct",
        tr("Correct an answer"),
        [
            blocks.section(about),
            _ask_label(told, target),
            blocks.field("text", tr("Text"), _input(text), hint=hint),
        ],
        submit=tr("Correct it"),
        metadata=metadata | {"told": vars(told)},
    )


def check_form(values: Mapping[str, Any], _: str) -> FieldErrors | None:
    if blocks.typed(values, "text"):
        return None
    return FieldErrors({"text": tr("Paste the text that was answered wrongly.")})


def say_kept(kept: Correction, dataset: Dataset) -> Reply:
    if kept.state != "open":
        return Reply(tr(STATES[kept.state]))
    said = tr(
        "Thank you. <@{owner}> decides whether this becomes a row of {dataset}, labelled *{label}*:"
        "\n> {text}\nIt is kept as you see it, until {date} at the latest.",
        owner=dataset.added_by,
        dataset=code(dataset.name),
        label=escape(say_labels(kept.label)),
        text=quote(kept.text),
        date=figures.when(kept.keep_until),
    )
    undo = blocks.button(tr("Take it back"), "correct_undo", str(kept.id))
    return Reply(said, [blocks.section(said), blocks.actions(undo)])


def say_labels(label: str) -> str:
    """Name a label, or several joined as data sets write them; there may be none."""
    return listed(label.split(JOIN)) if label else tr("no label")


def _ask_label(told: Told, target: Target) -> Block:
    if not target.several:
        return blocks.field("label", tr("Right label"), _menu(target.labels))
    hint = tr("All that fit; none where no label does.")
    title, chosen = tr("Right labels"), told.label.split(JOIN) if told.label else []
    if len(target.labels) > blocks.OPTIONS:
        hint = tr("All that fit, with `|` between them; nothing where no label does.")
        typed = blocks.text_input("label", value=told.label)
        return blocks.field("label", title, typed, hint=hint, optional=True)
    offered = {one: one for one in target.labels}
    menu = blocks.multi_select("label", tr("Choose"), offered, chosen=chosen)
    return blocks.field("label", title, menu, hint=hint, optional=True)


def _read_label(values: Mapping[str, Any], told: Told, target: Target) -> str:
    """Read the right label, or several joined; raises RefusalError for what the model lacks."""
    typed = blocks.typed(values, "label")
    if not target.several:
        _require_known([typed], target.labels)
        return typed
    chosen = blocks.ticked(values, "label") or [one.strip() for one in typed.split(JOIN)]
    chosen = sorted({*chosen} - {""})
    _require_known(chosen, target.labels)
    label = JOIN.join(chosen)
    if label == told.label:
        raise RefusalError(tr("That is what was told already. Press *Wrong?* again."))
    return label


def _require_known(chosen: Sequence[str], labels: Sequence[str]) -> None:
    for one in chosen:
        if one not in labels:
            raise _no_label(one, labels)


def _menu(labels: Sequence[str]) -> Block:
    """Offer the labels; more than a menu can offer are typed."""
    if len(labels) > blocks.OPTIONS:
        return blocks.text_input("label")
    chosen = labels[0] if len(labels) == 1 else None
    return blocks.select("label", tr("Choose"), {one: one for one in labels}, chosen=chosen)


def _input(text: str) -> Block:
    return blocks.text_input("text", value=text, multiline=True)


def _no_label(label: str, labels: Sequence[str]) -> RefusalError:
    meant = did_you_mean(label, labels)
    return RefusalError(
        tr(
            "The model has no label {label}.{meant} Press *Wrong?* again.",
            label=code(label),
            meant=meant,
        )
    )


# --- steps ----------------------------------------------------------------------------------


def _prepare(office: Office, told: Told) -> tuple[Target, str]:
    with opened(office.settings.data_dir) as db:
        target = _find_target(db, told)
    return target, redact(pasted.get(told.key) or "")[:LONGEST]


def _find_target(db: Database, told: Told) -> Target:
    """Find what a model knows and learnt from; raises RefusalError where that is gone."""
    model = models.get(db, told.model)
    trained_on = datasets.get(db, model.dataset_hash) if model else None
    newest = datasets.find(db, trained_on.name) if trained_on else None
    if model is None or newest is None:
        raise RefusalError(
            tr("The data of this model was deleted, so there is nothing that you could correct.")
        )
    labels = list(model.summary["scores"]["labels"])
    if model.summary.get("task") == "multilabel":
        return Target(labels, newest, several=True)
    return Target([label for label in labels if label != told.label], newest)
