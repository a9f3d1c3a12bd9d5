"""Coming and going: who joins or changes in Slack, and all that is undone when somebody leaves."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import datetime
from typing import Any, get_args

from sqlite_utils import Database

from bot import blocks, newcomers
from bot.asking import Asker, Office, RefusalError, Reply
from bot.commands.team import MemberLeaves
from bot.language import mark, tr
from bot.rights import require
from bot.team import rounds
from storage import deliveries, hiring, learning, members, roles, sessions
from storage.database import immediate, opened
from storage.talent import Role

GONE = mark(
    "<@{user}> has left: their reminders are cancelled, their partner is matched anew, their "
    "sessions want a host, their scorecards went to the hiring owner, and their plan and roles are "
    "gone."
)
GONE_BEFORE = mark("<@{user}> has left before, so nothing changed.")


def leave(db: Database, user: str, *, by: str, now: datetime) -> bool:
    """Undo in one transaction what a person had to do with others; False where they had left.

    What isn't sent yet to them is cancelled, their partners are matched anew, their sessions want a
    host (which the organiser's next digest says), scorecards go to the hiring owner, what they had
    to learn is dropped, their roles are taken.
    """
    with immediate(db):
        if not members.deactivate(db, user, by=by, now=now):
            return False
        deliveries.cancel_to(db, user, why="left the team")
        rounds.mend(db, now=now)
        sessions.release(db, user, by=by, now=now)
        hiring.hand_over(db, user, by=by, now=now)
        for assignment in learning.of(db, user):
            if assignment.state == "open":
                learning.drop(db, assignment.id, by=by, now=now)
        for role in get_args(Role):
            roles.take(db, user, role, by=by, now=now)
        return True


def say_leaves(office: Office, asker: Asker, command: MemberLeaves) -> Reply:
    """Note, as a lead or admin, that somebody left."""
    require(office, asker, "lead", "admin")
    with opened(office.settings.data_dir) as db:
        gone = leave(db, command.who, by=asker.user, now=office.clock())
        if not gone and members.get(db, command.who) is None:
            raise RefusalError(
                tr("<@{user}> was never on the team, so nothing changed.", user=command.who)
            )
    text = tr(GONE if gone else GONE_BEFORE, user=command.who)
    back = blocks.button(tr("They are back"), "member_back", command.who)
    return Reply(text, [blocks.section(text), blocks.actions(back)])


def press_back(office: Office, asker: Asker, user: str) -> Reply:
    """Take somebody in again; what was undone stays so."""
    require(office, asker, "lead", "admin")
    with opened(office.settings.data_dir) as db:
        members.change(db, user, by=asker.user, now=office.clock(), active=True, left_at=None)
    text = tr("<@{user}> is on the team again. Roles and sessions are to be given anew.", user=user)
    return Reply(text, replace=True)


# --- what Slack tells -----------------------------------------------------------------------


async def hear_join(office: Office, _: Asker, event: Mapping[str, Any]) -> None:
    """Know who is new before they say a word, as Slack tells of them."""
    user = event["user"]
    profile = newcomers.read(user, language=office.settings.language)
    await asyncio.to_thread(newcomers.add, office, str(user["id"]), profile)


async def hear_change(office: Office, _: Asker, event: Mapping[str, Any]) -> None:
    """Follow a member's name and time zone, and that they left; others don't concern Coach."""
    await asyncio.to_thread(_follow, office, event["user"])


def _follow(office: Office, user: Mapping[str, Any]) -> None:
    now, who = office.clock(), str(user["id"])
    with opened(office.settings.data_dir) as db:
        known = members.get(db, who)
        if known is None:
            return
        if user.get("deleted"):
            leave(db, who, by=who, now=now)
            return
        told = newcomers.read(user, language=known.language)
        zone = told.zone if user.get("tz") else known.zone
        members.change(db, who, by=who, now=now, name=told.name, kind=told.kind, zone=zone)
