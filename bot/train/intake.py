"""From a file to the job that reads it: the button, the mention, the shortcut, the form."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from importlib import resources
from pathlib import Path
from typing import Any

from sqlite_utils import Database

from bot import blocks
from bot.asking import Asker, Block, FieldErrors, Office, RefusalError, Reply
from bot.commands.train import AddData, AddSample
from bot.language import listed, tr
from bot.rights import refuse_guest
from bot.train import columns, names, uploads
from bot.train.uploads import File
from bot.wording import code
from storage import datasets, jobs
from storage.database import immediate, opened
from storage.records import FINAL, Job
from trainer.spec import IntakeResult, IntakeWork

SAMPLES = {"work-chat": ("work_chat.csv", "sample"), "support": ("support.csv", "support")}


async def hear_mention(office: Office, asker: Asker, event: Mapping[str, Any]) -> Reply | None:
    """Use the tables of a message that mentions Coach."""
    await asyncio.to_thread(refuse_guest, office, asker)
    thread = str(event.get("thread_ts") or event.get("ts") or "")
    return await _use_all(office, asker, event["files"], thread=thread)


async def press_use(office: Office, asker: Asker, value: str) -> Reply:
    """Use the file of an offer, which has then done its work."""
    file_id, _, thread = value.partition(" ")
    return replace(await _use_by_id(office, asker, file_id, thread=thread), replace=True)


async def take_shortcut(office: Office, asker: Asker) -> Reply | None:
    """Use the tables of the message that the shortcut was called on."""
    thread = str(asker.message.get("thread_ts") or asker.message.get("ts") or "")
    return await _use_all(office, asker, asker.message.get("files") or [], thread=thread)


async def open_form(office: Office, asker: Asker, _: AddData) -> None:
    await office.client.views_open(trigger_id=asker.trigger_id or "", view=form(asker.channel))


async def take_form(
    office: Office, asker: Asker, values: Mapping[str, Any], _: str
) -> Reply | None:
    """Use the file that was put in the form."""
    (file,) = values["file"]["file"]["files"]
    name = blocks.typed(values, "name").lower()
    return await _use_by_id(office, asker, str(file["id"]), name=name)


async def add_sample(office: Office, asker: Asker, command: AddSample) -> Reply:
    """Read a packaged sample like any other file."""
    return await asyncio.to_thread(_add_sample, office, asker, command.which)


async def ignore_choice(_: Office, __: Asker, ___: str) -> None:
    """Wait for the button beside: it brings what is chosen in the menus."""


def use_columns(office: Office, asker: Asker, value: str) -> Reply:
    """Read a file once more, with the columns that its owner chose."""
    with opened(office.settings.data_dir) as db:
        job = jobs.get(db, int(value))
        question = IntakeResult.model_validate(job.result or {}).question if job else None
        if job is None or question is None:
            raise RefusalError(tr("This question is over: send the file again."))
        if job.requested_by != asker.user:
            raise RefusalError(tr("This question is <@{user}>'s to answer.", user=job.requested_by))
        work = columns.answer(job, question, asker.chosen)
        picked = (asker.chosen.get(name, "") for name in columns.MENUS)
        key = f"{job.key}:columns:{':'.join(picked)}"
        again = uploads.enqueue(office, db, asker, work, key=key, thread=job.thread_ts or "")
    return Reply(_say_reading(again), replace=True)


# --- pure -----------------------------------------------------------------------------------


def form(channel: str) -> Block:
    kinds = [suffix.removeprefix(".") for suffix in names.TABLES]
    drop: Block = {"type": "file_input", "action_id": "file", "filetypes": kinds, "max_files": 1}
    name = blocks.text_input("name", placeholder=tr("made of the file's name"))
    hint = tr(
        "One row a text, with a column of labels; or questions with answers; or who chose what."
    )
    return blocks.modal(
        "add_data",
        tr("Add a data set"),
        [
            blocks.field("file", tr("File"), drop, hint=hint),
            blocks.field("name", tr("Name"), name, optional=True),
        ],
        submit=tr("Read it"),
        metadata={"channel": channel},
    )


def check_form(values: Mapping[str, Any], _: str) -> FieldErrors | None:
    name = blocks.typed(values, "name").lower()
    fault = names.find_fault(name) if name else None
    return FieldErrors({"name": fault}) if fault else None


# --- steps ----------------------------------------------------------------------------------


async def _use_all(office: Office, asker: Asker, files: list[File], *, thread: str) -> Reply | None:
    tables = [file for file in files if uploads.is_table(file)]
    if not tables:
        raise RefusalError(
            tr(
                "There is no table in this message: Coach reads {kinds} files.",
                kinds=listed(names.TABLES),
            )
        )
    said = [await _use_by_id(office, asker, str(f["id"]), thread=thread) for f in tables]
    return Reply("\n".join(reply.text for reply in said))


async def _use_by_id(
    office: Office, asker: Asker, file_id: str, *, thread: str = "", name: str = ""
) -> Reply:
    file = await uploads.look_up(office, file_id)
    return await _use(office, asker, file, thread=thread, name=name)


async def _use(office: Office, asker: Asker, file: File, *, thread: str, name: str = "") -> Reply:
    """Check, download, queue the reading; the same file is read once."""
    uploads.check(file, max_mb=office.settings.max_upload_mb)
    await asyncio.to_thread(_refuse_known, office, str(file["id"]))
    path = await uploads.fetch(office, file)
    filename = str(file["name"])
    work = _work(office, path, filename, name or names.suggest(filename))
    return await asyncio.to_thread(_queue, office, asker, work, str(file["id"]), thread)


def _add_sample(office: Office, asker: Asker, which: str) -> Reply:
    filename, name = SAMPLES[which]
    _refuse_known(office, name)
    path = uploads.place(office.settings.data_dir, name, filename)
    path.write_bytes(resources.files("trainer.sample").joinpath(filename).read_bytes())
    return _queue(office, asker, _work(office, path, filename, name), name, "")


def _work(office: Office, path: Path, filename: str, name: str) -> IntakeWork:
    upload = str(path.relative_to(office.settings.data_dir))
    return IntakeWork(
        upload=upload,
        filename=filename,
        name=name,
        personal_data=office.settings.personal_data,
    )


def _refuse_known(office: Office, file_id: str) -> None:
    with opened(office.settings.data_dir) as db:
        known = jobs.by_key(db, f"file:{file_id}")
        if known is not None:
            _refuse_if_read(db, known)


def _refuse_if_read(db: Database, known: Job) -> None:
    """Raise RefusalError where a file is being read, or is a data set already."""
    if known.state not in FINAL:
        raise RefusalError(
            tr("{file} is being read already.", file=code(str(known.work["filename"])))
        )
    card = (known.result or {}).get("card")
    dataset = datasets.get(db, card["hash"]) if card else None
    if dataset is not None:
        raise RefusalError(
            tr(
                "This file is the data set `{dataset}` already. `/train data show {dataset}` shows "
                "it, `/train {dataset}` trains on it.",
                dataset=dataset.title,
            )
        )


def _queue(office: Office, asker: Asker, work: IntakeWork, file_id: str, thread: str) -> Reply:
    with opened(office.settings.data_dir) as db, immediate(db):
        key = f"file:{file_id}"
        known = jobs.by_key(db, key)
        if known is not None and known.state in FINAL:
            key = f"{key}:{asker.key}"  # it was refused or deleted, and is wanted once more
        job = uploads.enqueue(office, db, asker, work, key=key, thread=thread)
    return Reply(_say_reading(job))


def _say_reading(job: Job) -> str:
    return tr(
        "Reading {file}. Its card comes here in a moment.", file=code(str(job.work["filename"]))
    )
