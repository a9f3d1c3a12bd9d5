"""What /coach does: help, how Coach is doing, who is who and who did what."""

from __future__ import annotations

from bot import rights, status, who
from bot.asking import Asker, Feature, Office, Reply, threaded
from bot.commands.coach import Help, Status, Who, WhoDid
from bot.help import help_text
from storage import audit, members, roles
from storage.database import opened


def show_help(office: Office, asker: Asker, command: Help) -> Reply:
    return Reply(help_text(command.topic, rights.roles_of(office, asker.user)))


def show_status(office: Office, _: Asker, __: Status) -> Reply:
    with opened(office.settings.data_dir) as db:
        return Reply(status.status_text(status.look(db, office.clock())))


def show_who(office: Office, asker: Asker, _: Who) -> Reply:
    with opened(office.settings.data_dir) as db:
        seen = status.look(db, office.clock())
        holders = {role: roles.having(db, role) for role in who.HOLDERS}
    holders["admin"] = sorted({*holders["admin"], *office.settings.admins})
    mine = rights.roles_of(office, asker.user)
    return Reply(who.who_text(seen, user=asker.user, roles=mine, holders=holders))


def show_who_did(office: Office, asker: Asker, command: WhoDid) -> Reply:
    rights.require(office, asker, "admin")
    with opened(office.settings.data_dir) as db:
        changes = audit.find(db, command.what)
        me = members.get(db, asker.user)
    zone = me.zone if me else "UTC"
    return Reply(who.changes_text(changes, about=command.what, zone=zone))


FEATURE = Feature(
    commands={
        Help: threaded(show_help),
        Status: threaded(show_status),
        Who: threaded(show_who),
        WhoDid: threaded(show_who_did),
    },
    home=(status.home,),
)
