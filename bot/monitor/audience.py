"""Who may read what a monitor reads: of a private channel nobody who isn't in it."""

from __future__ import annotations

from bot.asking import Asker, Office, RefusalError
from bot.language import tr
from bot.report import rooms
from bot.report.rooms import Room
from storage.answering import Monitor


async def require(office: Office, asker: Asker, *, source: str, to: str) -> None:
    """Raise RefusalError unless the asker may have what is said in `source` told in `to`."""
    watched = await rooms.require_both(office, asker, source)
    if to == source:
        return
    told = await rooms.require_both(office, asker, to)
    if _outsiders(watched, told):
        raise RefusalError(
            tr(
                "{source} is private, and not everybody in {to} is in it. Say `to=` with a channel "
                "whose members all are, or with {source} itself.",
                source=rooms.name_of(source),
                to=rooms.name_of(to),
            )
        )


async def require_reader(office: Office, asker: Asker, monitor: Monitor) -> None:
    """Raise RefusalError where a monitor reads a private channel that the asker isn't in."""
    if monitor.kind != "channel":
        return
    watched = await rooms.find(office, monitor.source)
    if watched is None or (watched.is_private and asker.user not in watched.members):
        raise RefusalError(
            tr(
                "Monitor {number} reads a channel that you are not in, or that I am not in any "
                "more.",
                number=monitor.id,
            )
        )


async def why_not(office: Office, monitor: Monitor) -> str | None:
    """Say why what a monitor read must not be told where it was to be, as both are now."""
    if monitor.kind != "channel" or monitor.channel == monitor.source:
        return None
    watched = await rooms.find(office, monitor.source)
    told = await rooms.find(office, monitor.channel)
    if watched is None or told is None:
        return "the channel can't be seen"
    return "not everybody there is in the watched channel" if _outsiders(watched, told) else None


def _outsiders(watched: Room, told: Room) -> frozenset[str]:
    """Give who would read of a private channel without being in it."""
    return told.members - watched.members if watched.is_private else frozenset()
