"""What is told once when a job ends: a summary and charts in its thread, a card, a question."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path

from sqlite_utils import Database

from bot import blocks, language
from bot.answers import trace
from bot.language import tr
from bot.readers import person_speaks
from bot.settings import BotSettings
from bot.train import (
    charts,
    columns,
    curve,
    dataset_card,
    failures,
    heard,
    label_bars,
    retraining,
    summary,
    sweep_chart,
)
from bot.train.charts import Chart
from bot.wording import escape
from storage import datasets, deliveries, privacy
from storage.database import immediate
from storage.records import FINAL, Dataset, Delivery, Job, Json
from trainer.spec import Failure, IntakeResult, Task, TrainSummary, attempt_dir

log = logging.getLogger(__name__)

# What is drawn of a task's results beside the loss.
CHARTS: Mapping[Task, dict[str, Callable[[TrainSummary], Chart]]] = {
    "classification": {"confusion": charts.confusion_matrix},
    "recommendation": {"hits": curve.hit_by_k},
    "multilabel": {"labels": label_bars.f1_by_label},
    "retrieval": {"recall": curve.recall_by_k},
}


def tell(db: Database, job: Job, message: Delivery, *, data_dir: Path, now: datetime) -> None:
    """Put the final message of an attempt in the thread of the job's message, and its charts."""
    files = _draw(job, data_dir) if job.state == "succeeded" else {}
    thread = message.key if message.state == "sent" else None
    owner = job.requested_by
    key = f"job:{job.id}:a{job.attempt}"
    with immediate(db):  # all or nothing: `final` is the mark that it was told
        deliveries.put(
            db,
            key=f"{key}:final",
            channel=job.channel,
            user=owner,
            parent=thread,
            body=_final_message(job),
            now=now,
        )
        for name, body in files.items():
            deliveries.put(
                db,
                key=f"{key}:{name}",
                kind="file",
                channel=job.channel,
                user=owner,
                parent=thread,
                body=body,
                now=now,
            )


def tell_intake(db: Database, job: Job, *, settings: BotSettings, now: datetime) -> None:
    """Answer for a file that was read: a card for all, a question or a refusal for its owner.

    What the owner alone sees is in their language. Who made a version with corrections is told
    what became of them, too.
    """
    if job.state not in FINAL:
        return
    result = IntakeResult.model_validate(job.result or {})
    dataset = datasets.get(db, result.card.hash) if result.card else None
    alone, owner = dataset is None, job.requested_by
    theirs = person_speaks(db, owner, default=settings.language)
    with language.use(theirs if alone else language.current()):
        body = _show(db, job, dataset) if dataset else _answer(job, result)
    with immediate(db):
        deliveries.put(
            db,
            key=f"job:{job.id}:a{job.attempt}:final",
            kind="ephemeral" if alone else "post",
            channel=job.channel,
            user=owner,
            thread_ts=None if alone else job.thread_ts,
            body=body,
            now=now,
        )
        if dataset and result.card and (merged := result.card.corrections):
            with language.use(theirs):
                told = retraining.message(db, job, dataset, merged, settings=settings, now=now)
            _tell_alone(db, job, told, now=now)


def _tell_alone(db: Database, job: Job, body: Json, *, now: datetime) -> None:
    deliveries.put(
        db,
        key=f"job:{job.id}:a{job.attempt}:corrections",
        kind="ephemeral",
        channel=job.channel,
        user=job.requested_by,
        body=body,
        now=now,
    )


def _final_message(job: Job) -> Json:
    if job.state == "succeeded":
        return summary.message(job, TrainSummary.model_validate(job.result))
    told = {"user": job.requested_by, "number": job.id}
    said = tr("<@{user}> Job {number} was cancelled.", **told)
    if job.state == "failed":
        cause = failures.explain(Failure.model_validate(job.failure))
        said = tr("<@{user}> Job {number} failed. {cause}", **told, cause=cause)
    return {"text": said, "blocks": [blocks.section(said)]}


def _answer(job: Job, result: IntakeResult) -> Json:
    """Say to the file's owner why there is no data set of it, or not yet."""
    if result.question is not None:
        return columns.ask(job, result.question)
    told = {"file": escape(blocks.cut(str(job.work["filename"]), 100))}
    said = tr("{file} was not read.", **told)
    if job.state == "failed":
        failure = Failure.model_validate(job.failure)
        known = failure.cause == "bad_file"
        why = escape(heard.again(failure.evidence)) if known else failures.explain(failure)
        said = tr("{file} was not read. {cause}", **told, cause=why)
        if job.work.get("corrects"):
            said = tr("No new version of {file} was made. {cause}", **told, cause=why)
    return {"text": said, "blocks": [blocks.section(said)]}


def _show(db: Database, job: Job, dataset: Dataset) -> Json:
    """Show a data set; say so where its rows were there already, maybe by another name."""
    if dataset.added_at >= (job.started_at or job.created_at):
        return dataset_card.card(dataset)
    known = tr(
        "These rows are known here already: they are the data set {dataset}.",
        dataset=escape(dataset.title),
    )
    return dataset_card.card(dataset, note=known, review=privacy.review_of(db, dataset.hash))


# --- charts ---------------------------------------------------------------------------------


def _draw(job: Job, data_dir: Path) -> dict[str, Json]:
    """Draw the charts into the attempt's folder; a chart that fails never costs the summary."""
    found = TrainSummary.model_validate(job.result)
    folder = attempt_dir(data_dir, job.id, job.attempt) / "charts"
    drawn = {}
    of_search = {"sweep": sweep_chart.slices} if found.sweep else {}
    of_steps = {"loss": charts.loss_curve} if found.losses else {}
    suited = of_steps | CHARTS.get(found.task, {}) | of_search
    for name, draw in suited.items():
        try:
            chart = draw(found)
            folder.mkdir(parents=True, exist_ok=True)
            path = folder / f"job-{job.id}-attempt-{job.attempt}-{name}.png"
            path.write_bytes(chart.png)
        except Exception as error:  # noqa: BLE001
            log.error("no %s chart for job %d\n%s", name, job.id, trace(error))  # noqa: TRY400
            continue
        relative = str(path.relative_to(data_dir))
        body = {"file": relative, "filename": path.name, "title": chart.title}
        drawn[name] = body | {"alt_txt": chart.alt_text}
    return drawn
