"""Reports on request: posted here, shown to one, and their tables for whoever may read them."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sqlite_utils import Database

from bot import blocks, language, readers, schedules
from bot.asking import Asker, Office, RefusalError, Reply
from bot.commands.report import ReportNow, ReportPreview
from bot.language import listed, tr
from bot.report import files, rooms
from bot.report.kinds import Kind, Report, Scope
from bot.report.registry import KINDS
from bot.schedules import Part
from storage import deliveries, members
from storage.database import immediate, opened


async def post(office: Office, asker: Asker, command: ReportNow) -> Reply | None:
    """Post a report in the channel that it is asked for in, with its table where that is wanted."""
    kind = find_kind(command.kind)
    await rooms.require_room(office, asker, kind, asker.channel)
    return await asyncio.to_thread(_post, office, asker, kind, with_table=command.csv)


def preview(office: Office, asker: Asker, command: ReportPreview) -> Reply:
    """Show what a report would say now to its asker alone."""
    kind = find_kind(command.kind)
    rooms.require_reader(office, asker, kind)
    with opened(office.settings.data_dir) as db:
        scope = _scope(db, office, asker, kind)
        report = kind.compose(db, scope)
    if report is None:
        return _nothing(kind)
    message = parts(report, kind, scope, office.settings.data_dir)[0].body
    return Reply(message["text"], message["blocks"])


def give_table(office: Office, asker: Asker, value: str) -> Reply:
    """Send the table of a report to whoever presses its button, in a direct message."""
    asked = Asked.read(value)
    kind = find_kind(asked.kind)
    rooms.require_reader(office, asker, kind)
    with opened(office.settings.data_dir) as db:
        scope = asked.scope(office, asker.channel)
        report = kind.compose(db, scope)
        if report is None or report.table is None:
            return Reply(tr("This report has no table any more."))
        body = files.keep_table(office.settings.data_dir, _name(kind, scope), report.table)
        key = f"report:{kind.name}:{asker.key}"
        now = office.clock()
        deliveries.put(db, key=key, kind="file", channel=asker.user, body=body, now=now)
    return Reply(tr("The table comes to you in a direct message."))


def find_kind(name: str) -> Kind:
    """Find a kind of report; raises RefusalError where this version has none of that name."""
    if name not in KINDS:
        raise RefusalError(
            tr("There is no such report. There are: {kinds}.", kinds=listed(sorted(KINDS)))
        )
    return KINDS[name]


def parts(report: Report, kind: Kind, scope: Scope, data_dir: Path) -> list[Part]:
    """Make the messages of a report: what it says, and its picture for the thread below it."""
    shown = list(report.blocks)
    if report.table is not None:
        value = Asked(kind.name, scope.since, scope.now, scope.zone).write()
        shown.append(blocks.actions(blocks.button(tr("CSV"), "report_csv", value)))
    made = [Part({"text": report.text, "blocks": shown})]
    if report.picture is not None:
        name, title = _name(kind, scope), tr(kind.title)
        picture = files.keep_picture(data_dir, name, report.picture, title=title)
        made.append(Part(picture, kind="file"))
    return made


@dataclass(frozen=True)
class Asked:
    """What a report covers, as its button carries it."""

    kind: str
    since: datetime
    now: datetime
    zone: str

    def write(self) -> str:
        return f"{self.kind} {self.since.isoformat()} {self.now.isoformat()} {self.zone}"

    @classmethod
    def read(cls, value: str) -> Asked:
        kind, since, now, zone = value.split(" ")
        return cls(kind, datetime.fromisoformat(since), datetime.fromisoformat(now), zone)

    def scope(self, office: Office, channel: str) -> Scope:
        return Scope(channel, self.since, self.now, self.zone, office.settings)


def _post(office: Office, asker: Asker, kind: Kind, *, with_table: bool) -> Reply | None:
    settings, now = office.settings, office.clock()
    with opened(settings.data_dir) as db:
        scope = _scope(db, office, asker, kind)
        spoken = readers.channel_speaks(
            db, asker.channel, user=asker.user, default=settings.language
        )
        with language.use(spoken):
            report = kind.compose(db, scope)
            made = parts(report, kind, scope, settings.data_dir) if report else []
        if report is None:
            return _nothing(kind)
        if with_table and report.table is not None:
            body = files.keep_table(settings.data_dir, _name(kind, scope), report.table)
            made.append(Part(body, kind="file"))
        with immediate(db):
            key = f"report:{kind.name}:{asker.key}"
            schedules.put(db, key, made, channel=asker.channel, now=now)
    return None


def _scope(db: Database, office: Office, asker: Asker, kind: Kind) -> Scope:
    now, member = office.clock(), members.get(db, asker.user)
    zone = member.zone if member else "UTC"
    return Scope(asker.channel, now - kind.covers, now, zone, office.settings)


def _nothing(kind: Kind) -> Reply:
    return Reply(tr("The report “{kind}” has nothing to say now.", kind=tr(kind.title)))


def _name(kind: Kind, scope: Scope) -> str:
    return f"{kind.name}-{scope.now:%Y-%m-%d}"
