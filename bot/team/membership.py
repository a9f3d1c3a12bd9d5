"""Whose records may be written: members, and by whom beside themselves."""

from __future__ import annotations

from sqlite_utils import Database

from bot import rights
from bot.asking import Asker, Office, RefusalError
from bot.language import tr
from storage import members
from storage.talent import Member


def require_member(db: Database, user: str) -> Member:
    """Give a member; raises RefusalError for who isn't one, or has left."""
    member = members.get(db, user)
    if member is None or not member.active:
        raise RefusalError(
            tr("<@{user}> is no member yet: `/team me`, typed by them, makes them one.", user=user)
        )
    return member


def require_lead_of(office: Office, asker: Asker, member: Member) -> None:
    """Raise RefusalError unless the asker is the member's manager, a lead or an admin."""
    if asker.user != member.manager:
        rights.require(office, asker, "lead", "admin")


def is_lead(office: Office, user: str) -> bool:
    return not rights.roles_of(office, user).isdisjoint({"lead", "admin"})
