"""Look at jobs and stop them: list, show, cancel, logs."""

from __future__ import annotations

from datetime import datetime

from bot import blocks, figures
from bot.asking import Asker, Block, Office, Reply
from bot.commands.train import CancelJob, ListJobs, ShowJob, ShowLogs
from bot.language import listed, mark, tr
from bot.rights import require_owner
from bot.train import agreement, details, heard, job_card, logs, metrics, summary
from bot.train.failures import CAUSES
from bot.train.queue import find_job
from bot.wording import STATES, escape
from storage import jobs, runs
from storage.database import opened
from storage.records import FINAL, Job
from trainer.spec import TrainSummary

SHOWN = 10
NO_JOBS = mark(
    "There is no job yet. `/train data sample` brings a data set to try, `/train sample` trains."
)


def list_jobs(office: Office, _: Asker, __: ListJobs) -> Reply:
    """Show what waits and runs, in the order it starts, and the newest of what has ended."""
    with opened(office.settings.data_dir) as db:
        waiting = [job for job in jobs.queued(db) if job.kind == "train"]
        running = [job for job in jobs.running(db) if job.kind == "train"]
        active = running + waiting + jobs.paused(db)
        ended = [job for job in jobs.recent(db, limit=2 * SHOWN) if job.state in FINAL]
    return say_list(active, ended[:SHOWN], now=office.clock())


def show_job(office: Office, asker: Asker, command: ShowJob) -> Reply:
    """Show a job as its own message does, with its whole result where there is one."""
    with opened(office.settings.data_dir) as db:
        job = find_job(db, command.number)
        run = runs.get(db, job.id, job.attempt)
        tried = runs.trials(db, job.id)
        card = job_card.card(job, run, ahead=jobs.position(db, job.id), tried=tried)
        shadowed = agreement.find(db, job.id)
    if job.state != "succeeded":
        return Reply(card["text"], card["blocks"])
    found = TrainSummary.model_validate(job.result)
    if asker.user != job.requested_by:  # who may be of another channel than the data
        found = details.without_rows(found)
    result = summary.message(job, found)
    on_questions = [agreement.say(shadowed)] if shadowed else []
    shown: list[Block] = [
        *result["blocks"],
        *map(blocks.section, on_questions),
        card["blocks"][-1],
    ]
    return Reply("\n".join([result["text"], *on_questions]), shown)


def cancel(office: Office, asker: Asker, command: CancelJob) -> Reply:
    """Stop a job that waits or runs."""
    now = office.clock()
    with opened(office.settings.data_dir) as db:
        job = find_job(db, command.number)
        require_owner(office, asker, owner=job.requested_by, what=tr("Job {number}", number=job.id))
        if job.state in FINAL:
            said = tr(
                "Nothing to stop: job {number} has ended already ({state}).",
                number=job.id,
                state=tr(STATES[job.state]),
            )
            return Reply(said)
        after = jobs.request_cancel(db, job.id, by=asker.user, now=now)
    if after is not None and after.state == "cancelled":
        return Reply(tr("Stopped: job {number} had not begun.", number=job.id))
    return Reply(
        tr(
            "Stopping job {number}: it saves a checkpoint first, which may take a minute.",
            number=job.id,
        )
    )


def press_stop(office: Office, asker: Asker, value: str) -> Reply:
    return cancel(office, asker, CancelJob(int(value)))


def show_logs(office: Office, _: Asker, command: ShowLogs) -> Reply:
    """Show the end of the newest attempt's log."""
    with opened(office.settings.data_dir) as db:
        job = find_job(db, command.number)
    tail = logs.read_tail(office.settings.data_dir, job.id, job.attempt)
    if not tail:
        state = tr(STATES[job.state])
        return Reply(tr("Job {number} has no log yet: it is {state}.", number=job.id, state=state))
    title = tr(
        "The end of the log of job {number}, attempt {attempt}", number=job.id, attempt=job.attempt
    )
    return Reply(title, [blocks.section(f"*{title}*"), blocks.section(logs.as_block(tail))])


def press_logs(office: Office, asker: Asker, value: str) -> Reply:
    return show_logs(office, asker, ShowLogs(int(value)))


def say_list(active: list[Job], ended: list[Job], *, now: datetime) -> Reply:
    if not active and not ended:
        return Reply(tr(NO_JOBS))
    lines = [say_line(job, now) for job in active[:SHOWN]]
    if len(active) > SHOWN:
        lines.append(tr("and {count} more that wait", count=len(active) - SHOWN))
    done = [say_line(job, now) for job in ended]
    parts = [
        "\n".join([tr("*Now*"), *(lines or [tr("nothing runs or waits")])]),
        "\n".join([tr("*Ended*"), *(done or [tr("nothing yet")])]),
    ]
    hint = tr(
        "`/train show {number}` shows one of them, `/train models` what serves.",
        number=(active or ended)[0].id,
    )
    text = "\n".join([*parts, hint])
    return Reply(text, [*map(blocks.section, parts), blocks.context(hint)])


def say_line(job: Job, now: datetime) -> str:
    """Say in a line what a job is, how it stands, and whose it is."""
    model = escape(figures.model_name(job.work["base_model"]))
    what = listed([escape(job.work["dataset"]), model, job.work["recipe"]["method"]])
    return tr(
        "{icon} *{number}*  {what}: {state}, <@{user}>",
        icon=job_card.ICONS[job.state],
        number=job.id,
        what=what,
        state=_state(job, now),
        user=job.requested_by,
    )


def _state(job: Job, now: datetime) -> str:
    """Say how a job stands, in a few words."""
    ended = figures.ago(now - (job.ended_at or now))
    if job.state == "succeeded":
        name, found = metrics.first(TrainSummary.model_validate(job.result))
        return tr("{figure}, {ago}", figure=metrics.say(name, found.value), ago=ended)
    if job.state == "failed":
        cause = tr(CAUSES[(job.failure or {})["cause"]])
        return tr("failed ({cause}), {ago}", cause=cause, ago=ended)
    if job.state == "cancelled":
        return tr("cancelled, {ago}", ago=ended)
    if job.state == "running":
        return tr("running, started {ago}", ago=figures.ago(now - (job.started_at or now)))
    return _say_wait(job)


def _say_wait(job: Job) -> str:
    if job.paused_by:
        return tr("paused by <@{user}>", user=job.paused_by)
    if job.waits_for is None:
        return tr("queued, about to start")
    return tr("queued, {reason}", reason=escape(heard.again(job.waits_for)))
