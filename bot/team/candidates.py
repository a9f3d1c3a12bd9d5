"""Move a candidate from stage to stage, and delete all that is known of one."""

from __future__ import annotations

import asyncio
import logging
from datetime import date, timedelta

from slack_sdk.errors import SlackApiError
from sqlite_utils import Database

from bot import blocks
from bot.answers import words
from bot.asking import Asker, Office, RefusalError, Reply
from bot.commands.team import MoveCandidate, PurgeCandidate
from bot.language import tr, trn
from bot.team.hiring import STAGES, read_code, require_panel
from bot.team.interviews import CANCELLED, tell
from storage import erasure, hiring
from storage.database import immediate, opened
from storage.records import Delivery
from storage.talent import Candidate

log = logging.getLogger(__name__)

GONE = {"message_not_found", "channel_not_found"}  # nothing is left to delete there


def move(office: Office, asker: Asker, command: MoveCandidate) -> Reply:
    """Move a candidate to a stage; how long all of it is kept counts from there.

    Where that closes it, the interviews to come are cancelled.
    """
    require_panel(office, asker)
    code, day = read_code(command.code), _purge_day(office)
    with opened(office.settings.data_dir) as db, immediate(db):
        candidate = _require(hiring.find(db, code))
        hiring.move(db, candidate, command.stage, by=asker.user, purge_on=day, now=office.clock())
        if command.stage in hiring.CLOSED:
            _cancel_interviews(office, db, asker, code)
    return Reply(
        tr(
            "The candidate is now at {stage}. All that is known of them is deleted on {day} if "
            "they stay there.",
            stage=tr(STAGES[command.stage]),
            day=day.isoformat(),
        )
    )


def _cancel_interviews(office: Office, db: Database, asker: Asker, code: str) -> None:
    now = office.clock()
    coming = [one for one in hiring.interviews(db) if one.starts_at > now]
    for one in [one for one in coming if one.candidate == code]:
        hiring.cancel(db, one.id, by=asker.user, now=now)
        if one.interviewer != asker.user:
            tell(office, db, one, CANCELLED)


def ask_to_purge(office: Office, asker: Asker, command: PurgeCandidate) -> Reply:
    """Ask once more before a candidate is deleted."""
    require_panel(office, asker)
    code = read_code(command.code)
    with opened(office.settings.data_dir) as db:
        candidate = _require(hiring.find(db, code))
        held = [one for one in hiring.interviews(db) if one.candidate == code]
        messages = erasure.mentioning(db, code)
    said = tr(
        "Delete this candidate with {interviews} and {messages}? It can't be undone.",
        interviews=trn("{count} interview", "{count} interviews", len(held)),
        messages=trn(
            "{count} message that names them", "{count} messages that name them", len(messages)
        ),
    )
    press = blocks.button(tr("Delete it"), "interview_purge", str(candidate.id), style="danger")
    return Reply(said, [blocks.section(said), blocks.actions(press)])


async def press_purge(office: Office, asker: Asker, value: str) -> Reply:
    await asyncio.to_thread(require_panel, office, asker)
    candidate = await asyncio.to_thread(_find, office, int(value))
    await purge(office, candidate, by=asker.user)
    return Reply(tr("All that was known of this candidate is deleted."), replace=True)


async def purge_due(office: Office) -> None:
    """Delete the candidates whose day has come; one that fails is tried again the next time."""
    for candidate in await asyncio.to_thread(_due, office):
        try:
            await purge(office, candidate, by=office.bot_user)
        except RefusalError as refusal:
            log.warning("candidate %s is not purged yet: %s", candidate.id, refusal)


async def purge(office: Office, candidate: Candidate, *, by: str) -> None:
    """Delete the messages that name a candidate, then the rows, then what the disk still holds.

    A message goes before its row, so that a purge that is cut short can go on. RefusalError where
    Slack refuses to delete one: the candidate is then still there.
    """
    while not await asyncio.to_thread(_erase, office, candidate, by):
        for message in await asyncio.to_thread(_mentioning, office, candidate.code):
            await _delete(office, message)
    log.info("candidate %s is purged", candidate.id)


async def _delete(office: Office, message: Delivery) -> None:
    if message.state == "sent" and message.ts and message.sent_to:
        try:
            await office.client.chat_delete(channel=message.sent_to, ts=message.ts)
        except SlackApiError as error:
            if words(error) not in GONE:
                raise RefusalError(
                    tr(
                        "Slack does not let Coach delete a message in <#{channel}> ({why}), so the "
                        "candidate is still there. Delete that message, then try again.",
                        channel=message.sent_to,
                        why=words(error),
                    )
                ) from None
    if not await asyncio.to_thread(_forget, office, message.key):
        raise RefusalError(
            tr("A message that names the candidate is just being sent. Try again in a minute.")
        )


# --- records --------------------------------------------------------------------------------


def _purge_day(office: Office) -> date:
    return office.clock().date() + timedelta(days=office.settings.candidates_kept_days)


def _due(office: Office) -> list[Candidate]:
    with opened(office.settings.data_dir) as db:
        return hiring.to_purge(db, office.clock().date())


def _find(office: Office, number: int) -> Candidate:
    with opened(office.settings.data_dir) as db:
        found = [one for one in hiring.candidates(db) if one.id == number]
    return _require(next(iter(found), None))


def _require(candidate: Candidate | None) -> Candidate:
    if candidate is None:
        raise RefusalError(
            tr("There is no candidate of that code. `/team interview list` shows them.")
        )
    return candidate


def _mentioning(office: Office, code: str) -> list[Delivery]:
    with opened(office.settings.data_dir) as db:
        return erasure.mentioning(db, code)


def _forget(office: Office, key: str) -> bool:
    with opened(office.settings.data_dir) as db:
        return erasure.forget_message(db, key)


def _erase(office: Office, candidate: Candidate, by: str) -> bool:
    with opened(office.settings.data_dir) as db:
        erased = erasure.erase(db, candidate, by=by, now=office.clock())
        if erased and not erasure.compact(db):
            log.warning("the write-ahead log could not be emptied after a purge")
    return erased
