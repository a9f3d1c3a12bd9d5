"""Keep each job's one message true, and announce its end exactly once."""

from __future__ import annotations

import asyncio
import hashlib
import json
import logging
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Literal

from slack_sdk.errors import SlackApiError, SlackClientError
from sqlite_utils import Database

from bot import language
from bot.answers import trace, words
from bot.asking import Office
from bot.bulk import card as bulk_card
from bot.bulk import ending as bulk_ending
from bot.outbox import PASSING, TOO_MANY
from bot.readers import channel_speaks
from bot.train import ending, job_card
from storage import deliveries, jobs, runs
from storage.database import opened
from storage.records import FINAL, Delivery, Job, Json

log = logging.getLogger(__name__)

# What the one message of a kind of job shows, and what is told at its end.
FACES: dict[str, tuple[Callable[..., Json], Callable[..., None]]] = {
    "train": (job_card.card, ending.tell),
    "bulk": (bulk_card.card, bulk_ending.tell),
}
Step = Literal["post", "edit", "end", "wait"]
PAUSE = timedelta(seconds=3)  # between two edits of one message
EDIT_EVERY = timedelta(seconds=1.5)  # all messages together: Slack allows 50 edits a minute
NEWS = timedelta(days=2)  # an older end is no news, even after a long outage


@dataclass(frozen=True)
class Edit:
    """What a job's message should show from now on."""

    job: Job
    delivery: Delivery
    body: Json
    shown: str


def decide(
    message: Delivery | None, shown: str, *, final: bool, now: datetime, pause: timedelta
) -> Step:
    """Choose what a job's message needs; `shown` is the digest of what it should show."""
    if message is None:
        return "post"
    if message.state in {"failed", "cancelled"}:  # Slack refuses it for good
        return "end" if final else "wait"
    if message.state != "sent":
        return "wait"
    if message.shown == shown:
        return "end" if final else "wait"
    is_due = now - (message.edited_at or message.due_at) >= pause
    return "edit" if final or is_due else "wait"


async def refresh(office: Office) -> None:
    """Bring what channels show of jobs up to what the records say; due about every second."""
    edits = await asyncio.to_thread(_compare, office)
    for edit in edits:
        try:
            await office.client.chat_update(
                channel=edit.delivery.sent_to or "", ts=edit.delivery.ts or "", **edit.body
            )
        except (SlackClientError, OSError, TimeoutError) as error:
            log.warning("job %d's message was not edited: %s", edit.job.id, words(error))
            if _may_pass(error):
                continue
        await asyncio.to_thread(_note, office, edit)


def _compare(office: Office) -> list[Edit]:
    """Post what is missing, tell the ends that can be told, and list the edits that are due."""
    now = office.clock()
    with opened(office.settings.data_dir) as db:
        open_jobs = jobs.to_announce(db, after=now - NEWS)
        in_line: defaultdict[str, list[int]] = defaultdict(list)
        for job in jobs.queued(db):
            in_line[job.kind].append(job.id)
        pause = max(PAUSE, EDIT_EVERY * sum(job.state == "running" for job in open_jobs))
        edits = []
        for job in open_jobs:
            line = in_line[job.kind]
            ahead = line.index(job.id) if job.id in line else None
            try:
                with language.use(_speaks(office, db, job)):
                    edits += _follow(office, db, job, ahead=ahead, pause=pause, now=now)
            except Exception as error:  # noqa: BLE001 - one broken record never costs another
                log.error("job %d can't be told\n%s", job.id, trace(error))  # noqa: TRY400
        return sorted(edits, key=lambda edit: edit.job.state not in FINAL)


def _follow(
    office: Office,
    db: Database,
    job: Job,
    *,
    ahead: int | None,
    pause: timedelta,
    now: datetime,
) -> list[Edit]:
    if job.kind == "intake":
        ending.tell_intake(db, job, settings=office.settings, now=now)
        return []
    card, tell = FACES[job.kind]
    if job.work.get("sweep"):
        card = partial(job_card.card, tried=runs.trials(db, job.id))
    body = card(job, runs.get(db, job.id, job.attempt), ahead=ahead)
    shown, final = _digest(body), job.state in FINAL
    message = deliveries.get(db, f"job:{job.id}")
    step = decide(message, shown, final=final, now=now, pause=pause)
    if step == "post":
        key, owner = f"job:{job.id}", job.requested_by
        deliveries.put(
            db,
            key=key,
            channel=job.channel,
            user=owner,
            thread_ts=job.thread_ts,
            body=body,
            shown=shown,
            now=now,
        )
    elif step == "edit" and message is not None:
        return [Edit(job, message, body, shown)]
    elif step == "end" and message is not None:
        tell(db, job, message, data_dir=office.settings.data_dir, now=now)
    return []


def _speaks(office: Office, db: Database, job: Job) -> str:
    default = office.settings.language
    return channel_speaks(db, job.channel, user=job.requested_by, default=default)


def _note(office: Office, edit: Edit) -> None:
    with opened(office.settings.data_dir) as db:
        deliveries.mark_shown(db, edit.delivery.key, shown=edit.shown, now=office.clock())


def _digest(body: Json) -> str:
    return hashlib.sha256(json.dumps(body, sort_keys=True).encode()).hexdigest()[:16]


def _may_pass(error: Exception) -> bool:
    """Tell whether the edit may work later; one that Slack refuses for good is given up."""
    if not isinstance(error, SlackApiError):
        return True
    status = getattr(error.response, "status_code", None)
    return words(error) in {*PASSING, "ratelimited"} or status == TOO_MANY
