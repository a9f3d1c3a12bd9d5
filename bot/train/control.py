"""Steer a job that is not over: save now, pause, resume, give it more epochs."""

from __future__ import annotations

from bot.asking import Asker, Office, RefusalError, Reply
from bot.commands.train import ExtendJob, PauseJob, ResumeJob, SaveJob
from bot.language import tr, trn
from bot.rights import require_owner
from bot.train.queue import find_job
from bot.wording import STATES
from storage import jobs, runs
from storage.database import opened
from storage.records import FINAL, Job, Run

MOST_EPOCHS = 100  # as trainer.spec.Recipe has it
# What a run does once its last step is taken.
AFTER_TRAINING = frozenset({"exporting", "testing", "baselines", "compressing", "indexing"})


def takes_steps(run: Run | None) -> bool:
    """Tell whether a run has steps before it, so that it can be steered."""
    return run is None or run.phase not in AFTER_TRAINING


def pause(office: Office, asker: Asker, command: PauseJob) -> Reply:
    """Let a job save a checkpoint, end, and wait; one that has not begun only waits."""
    with opened(office.settings.data_dir) as db:
        job = _find(office, asker, command.number)
        if job.state == "running":
            _require_steps(job, runs.get(db, job.id, job.attempt))
        done = jobs.pause(db, job.id, by=asker.user, now=office.clock())
    if not done:
        return Reply(tr("Nothing changed: job {number} is paused or stopping.", number=job.id))
    if job.state == "queued":
        return Reply(
            tr("Paused: job {number} waits. `/train resume {number}` queues it.", number=job.id)
        )
    return Reply(
        tr(
            "Pausing job {number}: it saves a checkpoint first. `/train resume {number}` lets it go "
            "on from there.",
            number=job.id,
        )
    )


def resume(office: Office, asker: Asker, command: ResumeJob) -> Reply:
    """Let a paused job go on from its last checkpoint."""
    with opened(office.settings.data_dir) as db:
        job = _find(office, asker, command.number)
        done = jobs.resume(db, job.id, by=asker.user, now=office.clock())
    if not done:
        return Reply(tr("Nothing to resume: job {number} is not paused.", number=job.id))
    return Reply(tr("Job {number} goes on as soon as there is room for it.", number=job.id))


def save(office: Office, asker: Asker, command: SaveJob) -> Reply:
    """Let a running job save a checkpoint after the step that it is taking."""
    with opened(office.settings.data_dir) as db:
        job = _find(office, asker, command.number)
        _require_steps(job, runs.get(db, job.id, job.attempt))
        done = jobs.ask_for_save(db, job.id, by=asker.user, now=office.clock())
    if not done:
        return Reply(tr("Nothing to save: job {number} is not running.", number=job.id))
    return Reply(
        tr("Job {number} saves a checkpoint after the step that it is taking.", number=job.id)
    )


def extend(office: Office, asker: Asker, command: ExtendJob) -> Reply:
    """Give a job more epochs; its learning rate falls over the new total."""
    return _extend(office, asker, command, seen=None)


def press_pause(office: Office, asker: Asker, value: str) -> Reply:
    return pause(office, asker, PauseJob(int(value)))


def press_resume(office: Office, asker: Asker, value: str) -> Reply:
    return resume(office, asker, ResumeJob(int(value)))


def press_save(office: Office, asker: Asker, value: str) -> Reply:
    return save(office, asker, SaveJob(int(value)))


def press_extend(office: Office, asker: Asker, value: str) -> Reply:
    """Add an epoch, as a button says: the job, and how many were added when it was shown."""
    number, seen = value.split()
    return _extend(office, asker, ExtendJob(int(number)), seen=int(seen))


def _extend(office: Office, asker: Asker, command: ExtendJob, *, seen: int | None) -> Reply:
    with opened(office.settings.data_dir) as db:
        job = _find(office, asker, command.number)
        _require_steps(job, runs.get(db, job.id, job.attempt))
        _require_epochs(job, command.epochs)
        done = jobs.extend(
            db,
            job.id,
            epochs=command.epochs,
            seen=job.extra_epochs if seen is None else seen,
            by=asker.user,
            now=office.clock(),
        )
    if not done:
        return Reply(tr("Nothing changed: job {number} was changed meanwhile.", number=job.id))
    total = job.work["recipe"]["epochs"] + job.extra_epochs + command.epochs
    return Reply(
        trn(
            "Job {number} trains {count} epoch more, {total} in all; its learning rate falls over "
            "all of them.",
            "Job {number} trains {count} epochs more, {total} in all; its learning rate falls over "
            "all of them.",
            command.epochs,
            number=job.id,
            total=total,
        )
    )


def _find(office: Office, asker: Asker, number: int) -> Job:
    """Find a job that the asker may steer and that is not over."""
    with opened(office.settings.data_dir) as db:
        job = find_job(db, number)
    require_owner(office, asker, owner=job.requested_by, what=tr("Job {number}", number=job.id))
    if job.state in FINAL:
        raise RefusalError(
            tr(
                "Job {number} has ended already ({state}): `/train retry {number}` trains it anew.",
                number=job.id,
                state=tr(STATES[job.state]),
            )
        )
    return job


def _require_steps(job: Job, run: Run | None) -> None:
    if job.state == "running" and not takes_steps(run):
        raise RefusalError(
            tr(
                "Job {number} has taken its last step: it is being measured and is done soon.",
                number=job.id,
            )
        )


def _require_epochs(job: Job, epochs: int) -> None:
    if job.work.get("sweep"):
        raise RefusalError(
            tr("Job {number} is a search: its epochs are the recipe's.", number=job.id)
        )
    left = MOST_EPOCHS - job.work["recipe"]["epochs"] - job.extra_epochs
    if epochs > left:
        raise RefusalError(
            tr(
                "A job trains {most} epochs at most: `epochs={left}` is what job {number} can be "
                "given yet.",
                most=MOST_EPOCHS,
                left=max(0, left),
                number=job.id,
            )
        )
