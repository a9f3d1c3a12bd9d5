"""Days away: no reminders and no pairing then, and what is due is reminded of before."""

from __future__ import annotations

from bot import blocks, calendar
from bot.asking import Asker, Office, RefusalError, Reply
from bot.commands.team import Away
from bot.language import tr
from bot.team import rounds, said
from bot.team.membership import require_member
from storage import members
from storage.database import immediate, opened


def note(office: Office, asker: Asker, command: Away) -> Reply:
    """Note a leave of one's own, both its days included."""
    now, starts, ends = office.clock(), command.starts, command.ends or command.starts
    with opened(office.settings.data_dir) as db, immediate(db):
        member = require_member(db, asker.user)
        today = calendar.read(db).local_day(member, now)
        if ends < starts or ends < today:
            raise RefusalError(
                tr(
                    "From {starts} to {ends} is no time to come. The first day away comes first: "
                    "`/team away 2026-12-24 2027-01-02`.",
                    starts=starts,
                    ends=ends,
                )
            )
        leave = members.add_leave(
            db, asker.user, starts_on=starts, ends_on=ends, by=asker.user, now=now
        )
        rounds.mend(db, now=now)
    text = tr(
        "You are away from {starts} to {ends}: no reminders then, and no pairing.",
        starts=said.date_of(starts),
        ends=said.date_of(ends),
    )
    back = blocks.button(tr("Take it back"), "away_drop", str(leave.id))
    return Reply(text, [blocks.section(text), blocks.actions(back)])


def press_drop(office: Office, asker: Asker, value: str) -> Reply:
    with opened(office.settings.data_dir) as db:
        gone = members.drop_leave(
            db, int(value), user=asker.user, by=asker.user, now=office.clock()
        )
    if gone:
        return Reply(tr("Taken back: you are not away then."), replace=True)
    return Reply(tr("These days were taken back already."), replace=True)
