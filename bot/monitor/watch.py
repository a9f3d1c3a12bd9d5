"""Begin, list and end monitors; a channel reads that it is watched, and by whose wish."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import datetime, time
from typing import Any, Literal
from zoneinfo import ZoneInfo

from sqlite_utils import Database

from bot import figures, language
from bot.asking import Asker, Office, RefusalError, Reply
from bot.commands.sentiment import ListMonitors, StopMonitor, Watch
from bot.language import tr, trn
from bot.monitor import audience, feed, fetch, stream, trouble
from bot.monitor.fetch import FetchError
from bot.report import rooms
from bot.rights import require_owner
from bot.sentiment import answer, poles
from bot.wording import code
from storage import channels, deliveries, members, monitors
from storage.answering import Monitor
from storage.database import immediate, opened

Kind = Literal["channel", "feed", "csv"]
NOTED_MOST = 30  # monitors in a list
NAMED = 5  # labels in a refusal


async def begin(office: Office, asker: Asker, command: Watch) -> Reply:
    """Watch a channel that the asker is in, or an address."""
    await _require_poles(office, command.model)
    if command.topics:
        await answer.find(office, command.topics)
    to = command.to or asker.channel
    kind, source = await _find_source(office, asker, command.source, to)
    found = replace(command, source=source, to=to)
    monitor = await asyncio.to_thread(_begin, office, asker, found, kind)
    return Reply(
        tr(
            "Monitor {number} watches {source}. What it reads is kept redacted for {days}, and "
            "alerts come to {to}. `/sentiment monitor list` shows how it is doing.",
            number=monitor.id,
            source=trouble.name_source(monitor),
            days=_say_kept(office),
            to=rooms.name_of(to),
        )
    )


async def _require_poles(office: Office, alias: str) -> None:
    """Raise RefusalError where no label of the model means negative: it could never alert."""
    source = await answer.find(office, alias)
    labels = (await answer.load(office, source)).card.labels
    if poles.negative(labels) is None:
        raise RefusalError(
            tr(
                "{model} tells {labels}, and none of them means negative, so no surge could be "
                "found. `model=` names another; `topics=` is for models of topics.",
                model=source.name,
                labels=language.listed(code(label) for label in labels[:NAMED]),
            )
        )


async def _find_source(office: Office, asker: Asker, source: str, to: str) -> tuple[Kind, str]:
    if source.startswith("<#"):
        channel = source[2:-1]
        await audience.require(office, asker, source=channel, to=to)
        return "channel", channel
    await rooms.require_both(office, asker, to)
    try:
        return await _find_kind(office, source), source
    except FetchError as error:
        named = trouble.name_address(source)
        raise RefusalError(trouble.describe(str(error), source=named)) from None


async def _find_kind(office: Office, url: str) -> Kind:
    """Look whether a feed or CSV is at an address. Raise FetchError where it is neither."""
    allowed = fetch.anywhere if office.settings.feeds_allow_private else fetch.is_public
    found = await fetch.fetch(url, allowed=allowed)
    try:
        await asyncio.to_thread(feed.parse, found)
    except FetchError:
        await asyncio.to_thread(stream.read_whole, found, None, now=office.clock())
        return "csv"
    return "feed"


def _begin(office: Office, asker: Asker, command: Watch, kind: Kind) -> Monitor:
    with opened(office.settings.data_dir) as db, immediate(db):
        _refuse_twice(db, command, kind, key=asker.key)
        monitor = monitors.add(
            db,
            key=asker.key,
            kind=kind,
            source=command.source,
            alias=command.model,
            topics=command.topics,
            alarms_a_month=command.alert,
            channel=command.to or asker.channel,
            by=asker.user,
            now=office.clock(),
        )
        if kind == "channel":
            _post(office, db, monitor, "begun")
        return monitor


def _refuse_twice(db: Database, command: Watch, kind: Kind, *, key: str) -> None:
    asked = command.model, command.topics
    for known in monitors.watching(db, command.source, kind=kind):
        if (known.alias, known.topics) == asked and known.key != key:
            raise RefusalError(
                tr(
                    "Monitor {number} watches {source} already. `/sentiment monitor stop {number}` "
                    "ends it.",
                    number=known.id,
                    source=trouble.name_source(known),
                )
            )


# --- list and stop --------------------------------------------------------------------------


def show(office: Office, asker: Asker, _: ListMonitors) -> Reply:
    """Show what is watched, since when, how much was read today, and what is in its way."""
    with opened(office.settings.data_dir) as db:
        found = monitors.all_open(db)
        today = _start_of_day(db, asker.user, office.clock())
        read = {one.id: monitors.count(db, one.id, since=today) for one in found[-NOTED_MOST:]}
    if not found:
        return Reply(tr("Nothing is watched. For example: `/sentiment watch #general`."))
    return Reply("\n".join(_say(one, read[one.id]) for one in found[-NOTED_MOST:]))


def _start_of_day(db: Database, user: str, now: datetime) -> datetime:
    member = members.get(db, user)
    zone = ZoneInfo(member.zone if member else "UTC")
    return datetime.combine(now.astimezone(zone).date(), time(), zone)


def _say(monitor: Monitor, today: int) -> str:
    topics = code(monitor.topics) if monitor.topics else ""
    said = trn(
        "*{number}*  {source} by <@{by}> since {since}, with {models}: {count:,} text today.",
        "*{number}*  {source} by <@{by}> since {since}, with {models}: {count:,} texts today.",
        today,
        number=monitor.id,
        source=trouble.name_source(monitor),
        by=monitor.created_by,
        since=figures.when(monitor.created_at),
        models=" × ".join(filter(None, (topics, code(monitor.alias)))),
    )
    return f"{said}\n:warning: {trouble.say(monitor)}" if monitor.trouble else said


def stop(office: Office, asker: Asker, command: StopMonitor) -> Reply:
    """End a monitor, as who began it or an admin."""
    with opened(office.settings.data_dir) as db:
        monitor = find(db, command.number)
        require_owner(
            office,
            asker,
            owner=monitor.created_by,
            what=tr("Monitor {number}", number=monitor.id),
        )
        with immediate(db):
            stopped = monitors.stop(db, monitor.id, by=asker.user, now=office.clock())
            if stopped and monitor.kind == "channel" and not monitor.trouble:
                _post(office, db, monitor, "ended")
    if not stopped:
        return Reply(tr("Monitor {number} had ended before.", number=monitor.id))
    return Reply(
        tr(
            "Monitor {number} has ended. The texts that it read are deleted when their {days} are "
            "over; the counts stay.",
            number=monitor.id,
            days=_say_kept(office),
        )
    )


def find(db: Database, number: int) -> Monitor:
    """Give a monitor. Raise RefusalError where there is none of that number."""
    monitor = monitors.get(db, number)
    if monitor is None:
        raise RefusalError(
            tr("There is no monitor {number}. `/sentiment monitor list` shows them.", number=number)
        )
    return monitor


def _post(office: Office, db: Database, monitor: Monitor, what: Literal["begun", "ended"]) -> None:
    """Tell the people in a channel that it is watched, or is no more."""
    told: dict[str, Any] = {
        "by": monitor.created_by,
        "number": monitor.id,
    }
    with language.use(channels.speaks(db, monitor.source, default=office.settings.language)):
        if what == "begun":
            said = tr(
                "<@{by}> has Coach watch the sentiment here: what people write is kept redacted "
                "for {days}, then only counts are. They or an admin can end it by "
                "`/sentiment monitor stop {number}`; `/coach privacy` shows and forgets what is "
                "kept of you.",
                days=_say_kept(office),
                **told,
            )
        else:
            said = tr("Coach watches the sentiment here no more (monitor {number}).", **told)
    deliveries.put(
        db,
        key=f"monitor:{monitor.id}:{what}",
        channel=monitor.source,
        body={"text": said},
        now=office.clock(),
    )


def _say_kept(office: Office) -> str:
    return trn("{count} day", "{count} days", office.settings.monitored_kept_days)
