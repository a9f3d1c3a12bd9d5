"""/team role: who is an admin, a lead, of the hiring panel, of the privacy committee, a guest."""

from __future__ import annotations

from sqlite_utils import Database

from bot.asking import Asker, Office, RefusalError, Reply
from bot.commands.team import GiveRole, TakeRole
from bot.language import tr
from bot.rights import ROLES, require
from storage import members, roles
from storage.database import immediate, opened


def give(office: Office, asker: Asker, command: GiveRole) -> Reply:
    """Give somebody a role."""
    require(office, asker, "admin")
    with opened(office.settings.data_dir) as db, immediate(db):
        _check_gift(office, db, command)
        done = roles.give(db, command.who, command.role, by=asker.user, now=office.clock())
    said = {"user": command.who, "role": tr(ROLES[command.role])}
    if not done:
        return Reply(tr("<@{user}> is {role} already.", **said))
    return Reply(tr("<@{user}> is {role} now.", **said))


def take(office: Office, asker: Asker, command: TakeRole) -> Reply:
    """Take a role away, but never the last admin's."""
    require(office, asker, "admin")
    with opened(office.settings.data_dir) as db, immediate(db):
        if command.role == "admin":
            _check_admin(office, db, command.who)
        done = roles.take(db, command.who, command.role, by=asker.user, now=office.clock())
    said = {"user": command.who, "role": tr(ROLES[command.role])}
    if not done:
        return Reply(tr("<@{user}> is not {role}, so nothing was changed.", **said))
    return Reply(tr("<@{user}> is no longer {role}.", **said))


def _check_gift(office: Office, db: Database, command: GiveRole) -> None:
    """Raise RefusalError for a role that would mean nothing: guests have no other."""
    member, held = members.get(db, command.who), roles.of(db, command.who)
    named_admin = command.who in office.settings.admins
    if command.role == "guest" and (named_admin or held - {"guest"}):
        raise RefusalError(
            tr(
                "<@{user}> has a role, and a guest has none: `/team role take` takes it first.",
                user=command.who,
            )
        )
    if command.role != "guest" and ("guest" in held or (member and member.kind != "person")):
        raise RefusalError(
            tr("<@{user}> is a guest or a bot, and these have no role.", user=command.who)
        )


def _check_admin(office: Office, db: Database, user: str) -> None:
    """Raise RefusalError where this person stays an admin all the same, or nobody would be one."""
    if user in office.settings.admins:
        raise RefusalError(
            tr(
                "<@{user}> is named in the setting ADMINS: whoever runs Coach takes them out there.",
                user=user,
            )
        )
    if not office.settings.admins and roles.having(db, "admin") == [user]:
        raise RefusalError(
            tr(
                "<@{user}> is the last admin: make somebody else an admin first.",
                user=user,
            )
        )
