"""One's own jobs on the Home tab: what waits and runs, and what the newest came to."""

from __future__ import annotations

from sqlite_utils import Database

from bot import blocks
from bot.asking import Block, Office
from bot.language import tr
from bot.train import job_card
from bot.train.jobs import say_line
from storage import jobs, runs
from storage.records import FINAL

ACTIVE, ENDED, LOOKED_AT = (
    5,
    3,
    50,
)  # jobs shown with their buttons, shown in a line, looked through


def home(db: Database, office: Office, user: str) -> list[Block]:
    """Show one's active jobs as their own messages do, and the newest that ended in a line each."""
    waiting = (*jobs.running(db), *jobs.queued(db), *jobs.paused(db))
    active = [job for job in waiting if job.requested_by == user]
    recent = jobs.recent(db, limit=LOOKED_AT)
    ended = [job for job in recent if job.requested_by == user and job.state in FINAL]
    if not active and not ended:
        return []
    shown = [blocks.section(tr("*My jobs*"))]
    for job in [job for job in active if job.kind == "train"][:ACTIVE]:
        run, ahead = runs.get(db, job.id, job.attempt), jobs.position(db, job.id)
        shown += job_card.card(job, run, ahead=ahead)["blocks"]
    if lines := [say_line(job, office.clock()) for job in ended[:ENDED]]:
        shown.append(blocks.section("\n".join(lines)))
    return shown
