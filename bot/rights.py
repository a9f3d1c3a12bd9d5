"""Who may change what: its owner, the admins, and those whose role it is."""

from __future__ import annotations

from collections.abc import Collection

from bot.asking import Asker, Office, RefusalError
from bot.commands.words import Usage
from bot.language import either, mark, tr
from storage import members, roles
from storage.database import opened
from storage.talent import Role

ROLES: dict[Role, str] = {
    "admin": mark("an admin"),
    "lead": mark("a lead"),
    "panel": mark("a member of the hiring panel"),
    "committee": mark("a member of the privacy committee"),
    "guest": mark("a guest"),
}


def roles_of(office: Office, user: str) -> frozenset[str]:
    """Give a person's roles; the settings name the first admins, Slack the guests."""
    with opened(office.settings.data_dir) as db:
        given, member = roles.of(db, user), members.get(db, user)
    if member is not None and member.kind == "guest":
        given |= {"guest"}
    return given | {"admin"} if user in office.settings.admins else given


def is_admin(office: Office, asker: Asker) -> bool:
    return "admin" in roles_of(office, asker.user)


def require(office: Office, asker: Asker, *wanted: Role) -> None:
    """Raise RefusalError unless the asker has one of the roles; admins are no exception to it.

    Where an admin may do it too, name that role: hiring and privacy stay with their own people.
    """
    if roles_of(office, asker.user).isdisjoint(wanted):
        raise refusal(*wanted)


def refuse_guest(office: Office, asker: Asker) -> None:
    """Raise RefusalError where the asker is a guest."""
    if "guest" in roles_of(office, asker.user):
        raise refusal()


def refusal(*wanted: Role) -> RefusalError:
    """Say who alone may do something; nobody named: everyone but guests."""
    if not wanted:
        return RefusalError(
            tr(
                "You are a guest here: you may look and ask `/sentiment`, but not change anything. "
                "`/coach help` shows what you can type."
            )
        )
    named = either(tr(ROLES[role]) for role in wanted)
    return RefusalError(
        tr("Only {roles} may do that. `/coach who` shows who that is.", roles=named)
    )


def objection(roles: Collection[str], usage: Usage) -> RefusalError | None:
    """Say why somebody with these roles may not use a verb at all; None where they may."""
    if "guest" in roles:
        return None if usage.guests else refusal()
    if usage.roles and set(usage.roles).isdisjoint(roles):
        return refusal(*usage.roles)
    return None


def require_owner(office: Office, asker: Asker, *, owner: str, what: str) -> None:
    """Raise RefusalError unless the asker owns it; `what` begins the sentence, e.g. `Job 12`."""
    if asker.user != owner and not is_admin(office, asker):
        raise RefusalError(
            tr("{what} is <@{owner}>'s: only they or an admin may do that.", what=what, owner=owner)
        )
