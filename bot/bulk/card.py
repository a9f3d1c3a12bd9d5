"""The one message of a file that is classified: how it stands, how far it is, a button to stop."""

from __future__ import annotations

from bot import blocks, figures
from bot.asking import Block
from bot.bulk import failed
from bot.language import listed, mark, tr, trn
from bot.train import heard
from bot.train.job_card import ICONS
from bot.wording import escape
from storage.records import Job, Json, Run
from trainer.spec import BulkResult, RowsProgress

NAME = 80  # characters of a file's
PHASES = {
    "reading": mark("reading the file"),
    "loading": mark("loading the model"),
    "classifying": mark("classifying"),
    "saving": mark("writing the result"),
}
STARTING = mark("starting")


def card(job: Job, run: Run | None, *, ahead: int | None = None) -> Json:
    """Write the message as `text` and `blocks`; `ahead` files are classified before this one."""
    state = _say(job, run, ahead)
    name = file_name(job)
    said = tr("Sentiment of {file}: {state}", file=name, state=state)
    title = tr("*Sentiment of {file}*  {state}", file=name, state=state)
    about = tr(
        "{alias} v{version}, model {model}, for <@{user}>",
        alias=escape(str(job.work["alias"])),
        version=job.work["version"],
        model=job.work["model"],
        user=job.requested_by,
    )
    shown = [blocks.section(f"{ICONS[job.state]} {title}"), blocks.context(about)]
    can_stop = job.state in {"queued", "running"} and not job.cancel_requested_by
    buttons = [blocks.actions(_stop(job))] if can_stop else []
    return {"text": blocks.cut(f"{said}\n{about}", blocks.SECTION), "blocks": [*shown, *buttons]}


def file_name(job: Job) -> str:
    return escape(blocks.cut(str(job.work["filename"]), NAME))


def _say(job: Job, run: Run | None, ahead: int | None) -> str:
    if job.state == "queued":
        return _say_queued(job, ahead)
    if job.state == "running":
        return _say_running(job, run)
    if job.state == "succeeded":
        return _say_done(job)
    if job.state == "failed":
        return tr("failed. {cause}", cause=failed.explain(job))
    if job.cancel_requested_by:
        return tr("stopped, by <@{user}>", user=job.cancel_requested_by)
    return tr("stopped")


def _say_queued(job: Job, ahead: int | None) -> str:
    if ahead:
        return trn("waits, after {count:,} other", "waits, after {count:,} others", ahead)
    if job.waits_for:
        return tr("waits: {reason}", reason=escape(heard.again(job.waits_for)))
    return tr("begins in a moment")


def _say_running(job: Job, run: Run | None) -> str:
    if job.cancel_requested_by:
        return tr("stopping, as <@{user}> asked", user=job.cancel_requested_by)
    phase = tr(PHASES.get((run and run.phase) or "", STARTING))
    if run is None or run.progress is None:
        return phase
    at = RowsProgress.model_validate(run.progress)
    share = at.done / at.rows
    done = tr(
        "{bar} {share:.0%}  {done:,} of {rows:,} rows",
        bar=figures.bar(share),
        share=share,
        done=at.done,
        rows=at.rows,
    )
    return f"{phase}\n{done}\n{_say_pace(at)}"


def _say_pace(at: RowsProgress) -> str:
    parts = [tr("{rows:,.0f} rows/s", rows=at.rows_per_second)]
    if at.done < at.rows:
        parts.append(tr("{duration} left", duration=figures.duration(at.eta_seconds)))
    return listed(parts)


def _say_done(job: Job) -> str:
    found = BulkResult.model_validate(job.result or {}).summary
    if found is None:
        return tr("it isn't clear which column has the texts: see the thread")
    return trn(
        "done, {count:,} row in {duration}: the result is in the thread",
        "done, {count:,} rows in {duration}: the result is in the thread",
        found.rows,
        duration=figures.duration(found.seconds),
    )


def _stop(job: Job) -> Block:
    sure = blocks.confirm(
        tr("Stop classifying?"),
        tr("What is classified so far is thrown away."),
        yes=tr("Stop it"),
        no=tr("Let it run"),
    )
    return blocks.button(tr("Stop"), "classify_stop", str(job.id), style="danger", confirm=sure)
