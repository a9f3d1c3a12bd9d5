"""What is told once when a file is classified: a summary, a chart and the result file."""

from __future__ import annotations

import logging
from datetime import datetime
from pathlib import Path, PurePath

from sqlite_utils import Database

from bot import blocks
from bot.answers import trace
from bot.bulk import chart, failed, question, summary
from bot.bulk.card import file_name
from bot.language import tr
from bot.sentiment import answer
from storage import deliveries, models
from storage.database import immediate
from storage.records import Delivery, Job, Json
from trainer.spec import EXAMPLES, BulkResult, BulkSummary, BulkWork, Example, result_dir

log = logging.getLogger(__name__)


def tell(db: Database, job: Job, message: Delivery, *, data_dir: Path, now: datetime) -> None:
    """Put the end of a job into the thread where its message stands."""
    key, place = f"job:{job.id}:a{job.attempt}", _place(job, message)
    found = BulkResult.model_validate(job.result or {}).summary
    body = _say(db, job, found, data_dir)
    files = _files(job, found, data_dir) if found else {}
    with immediate(db):  # all or nothing: `final` is the mark that it was told
        deliveries.put(db, key=f"{key}:final", body=body, now=now, **place)
        for name, file in files.items():
            deliveries.put(db, key=f"{key}:{name}", kind="file", body=file, now=now, **place)


def _place(job: Job, message: Delivery) -> Json:
    """Name the file's thread, or else that of the job's message."""
    where: Json = {"channel": job.channel, "user": job.requested_by}
    if job.thread_ts and message.sent_to in {None, job.channel}:
        return where | {"thread_ts": job.thread_ts}
    return where | ({"parent": message.key} if message.state == "sent" else {})


def _say(db: Database, job: Job, found: BulkSummary | None, data_dir: Path) -> Json:
    asked = BulkResult.model_validate(job.result or {}).question
    if asked is not None:
        return question.message(job, asked)
    if found is None:
        return _say_no_result(job)
    work = BulkWork.model_validate(job.work)
    model = models.get(db, work.model)
    examples = _read_examples(data_dir / found.examples)
    if model is None:
        return summary.message(job, found, None, examples)
    source = answer.describe(db, model, alias=work.alias, version=work.version)
    return summary.message(job, found, source, examples)


def _say_no_result(job: Job) -> Json:
    told = {"user": job.requested_by, "file": file_name(job)}
    said = tr("<@{user}> {file} was not classified to its end: it was stopped.", **told)
    if job.state == "failed":
        said = tr("<@{user}> {file} was not classified. {cause}", **told, cause=failed.explain(job))
    return {"text": said, "blocks": [blocks.section(said)]}


def _read_examples(path: Path) -> dict[str, list[Example]]:
    try:
        return EXAMPLES.validate_json(path.read_bytes())
    except FileNotFoundError:  # told late: their day is over
        return {}


def _files(job: Job, found: BulkSummary, data_dir: Path) -> dict[str, Json]:
    """Draw the chart, which never costs the rest, and name the result after the file."""
    stem = PurePath(str(job.work["filename"])).stem
    name = f"{stem}-classified-{job.id}{PurePath(found.result).suffix}"
    result: Json = {"file": found.result, "filename": name, "title": name}
    folder = result_dir(data_dir, job.id, job.attempt)
    try:
        picture = chart.draw(found)
        path = folder / f"job-{job.id}-attempt-{job.attempt}.png"
        path.write_bytes(picture.png)
    except Exception as error:  # noqa: BLE001
        log.error("no chart for job %d\n%s", job.id, trace(error))  # noqa: TRY400
        return {"result": result}
    drawn: Json = {"file": path.relative_to(data_dir).as_posix(), "filename": path.name}
    drawn |= {"title": tr("Labels"), "alt_txt": picture.alt}
    return {"chart": drawn, "result": result}
