"""Delete corrections, questions and monitored texts whose time is over, from the database's file too."""

from __future__ import annotations

import asyncio
import logging

from sqlite_utils import Database

from bot.asking import Office
from storage import corrections, erasure, monitors, questions
from storage.database import immediate, opened

log = logging.getLogger(__name__)


async def keep_to_times(office: Office) -> None:
    """Do what is due once a day; what became a row of a data set stays there."""
    await asyncio.to_thread(_keep_to_times, office)


def _keep_to_times(office: Office) -> None:
    now = office.clock()
    with opened(office.settings.data_dir) as db:
        with immediate(db):
            due = corrections.due_for_deletion(db, now)
            corrections.delete(db, [one.id for one in due])
            texts = monitors.forget_old(db, now=now) + questions.forget_old(db, now=now)
        if due or texts:
            log.info("texts went as their time was over", extra={"texts": len(due) + texts})
            compact(db)


def compact(db: Database) -> None:
    """Rewrite the file, so that nothing of what was deleted stays in it."""
    if not erasure.compact(db):
        log.warning("the write-ahead log could not be emptied after texts were deleted")
