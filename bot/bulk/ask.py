"""From a file to the job that classifies its rows: the button, the mention, the stop."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from sqlite_utils import Database

from bot.asking import Asker, Office, RefusalError, Reply
from bot.commands.sentiment import Sentiment
from bot.commands.train import DEFAULT_ALIAS
from bot.language import listed, tr
from bot.parsing import parse
from bot.rights import refuse_guest, require_owner
from bot.sentiment import answer
from bot.train import uploads
from bot.train.uploads import CLASSIFIED, File
from bot.wording import code
from storage import jobs
from storage.database import immediate, opened
from storage.records import FINAL, Job
from trainer.spec import BulkWork


async def press(office: Office, asker: Asker, value: str) -> Reply:
    """Classify the file of an offer, which has then done its work."""
    file_id, _, thread = value.partition(" ")
    said = await _start(office, asker, file_id, alias=DEFAULT_ALIAS, thread=thread)
    return replace(said, replace=True)


async def hear_mention(office: Office, asker: Asker, event: Mapping[str, Any]) -> Reply:
    """Classify the files of a message that says `@Coach sentiment`, maybe with `model=`."""
    await asyncio.to_thread(refuse_guest, office, asker)
    files = [file for file in event["files"] if uploads.is_classifiable(file)]
    if not files:
        raise RefusalError(
            tr(
                "There is no file in this message that can be classified: Coach reads {kinds} "
                "files.",
                kinds=listed(CLASSIFIED),
            )
        )
    alias, thread = read_alias(str(event["text"])), str(event.get("thread_ts") or event["ts"])
    said = [await _start(office, asker, str(f["id"]), alias=alias, thread=thread) for f in files]
    return Reply("\n".join(reply.text for reply in said))


def stop(office: Office, asker: Asker, value: str) -> Reply:
    """Stop a job that waits or runs."""
    with opened(office.settings.data_dir) as db:
        job = find_job(db, int(value))
        what = code(str(job.work["filename"]))
        require_owner(office, asker, owner=job.requested_by, what=what)
        if job.state in FINAL:
            return Reply(tr("Nothing to stop: {file} is done already.", file=what))
        jobs.request_cancel(db, job.id, by=asker.user, now=office.clock())
    return Reply(tr("Stopping: {file} will not be classified any further.", file=what))


def find_job(db: Database, number: int) -> Job:
    """Find a job that classifies a file. Raise RefusalError where there is none."""
    job = jobs.get(db, number)
    if job is None or job.kind != "bulk":
        raise RefusalError(tr("This file is not known any more: send it again."))
    return job


def read_alias(said: str) -> str:
    """Read which model a mention asks for: `<@UCOACH> sentiment model=topic`."""
    _, _, rest = re.sub(r"<@[^>]*>", "", said).strip().partition(" ")
    command = parse("/sentiment", rest)
    return command.model if isinstance(command, Sentiment) else DEFAULT_ALIAS


# --- steps ----------------------------------------------------------------------------------


async def _start(office: Office, asker: Asker, file_id: str, *, alias: str, thread: str) -> Reply:
    """Check, download, queue; one file is classified by one alias once at a time."""
    await asyncio.to_thread(_check, office, file_id, alias)
    file = await uploads.look_up(office, file_id)
    uploads.check(file, max_mb=office.settings.max_upload_mb, kinds=CLASSIFIED)
    path = await uploads.fetch(office, file, folder=f"bulk-{file_id}-{alias}")
    return await asyncio.to_thread(_queue, office, asker, file, path, alias=alias, thread=thread)


def _check(office: Office, file_id: str, alias: str) -> None:
    """Raise RefusalError where no model serves, or the file is being classified."""
    with opened(office.settings.data_dir) as db:
        answer.serving(db, alias)
        known = jobs.by_key(db, _key(file_id, alias))
        if known is not None and known.state not in FINAL:
            raise RefusalError(
                tr(
                    "{file} is being classified already.",
                    file=code(str(known.work["filename"])),
                )
            )


def _queue(
    office: Office, asker: Asker, file: File, path: Path, *, alias: str, thread: str
) -> Reply:
    with opened(office.settings.data_dir) as db, immediate(db):
        promotion, model = answer.serving(db, alias)
        work = BulkWork(
            upload=str(path.relative_to(office.settings.data_dir)),
            filename=str(file["name"]),
            alias=alias,
            version=promotion.version,
            model=model.id,
            path=model.path,
        )
        key = _key(str(file["id"]), alias)
        known = jobs.by_key(db, key)
        if known is not None and known.state in FINAL:
            key = f"{key}:{asker.key}"  # it is wanted once more
        job = uploads.enqueue(office, db, asker, work, key=key, thread=thread)
    return Reply(say_begun(job))


def say_begun(job: Job) -> str:
    return tr(
        "Classifying the rows of {file}. How far it is is shown here, and the result comes below.",
        file=code(str(job.work["filename"])),
    )


def _key(file_id: str, alias: str) -> str:
    return f"bulk:{file_id}:{alias}"
