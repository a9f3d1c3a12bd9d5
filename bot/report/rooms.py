"""Which reports may go where: nobody reads what isn't for them, whoever asks and whenever it goes."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from slack_sdk.errors import SlackApiError

from bot.answers import words
from bot.asking import Asker, Office, RefusalError
from bot.language import either, tr, trn
from bot.report.kinds import Kind
from bot.rights import ROLES, require, roles_of

PAGE = 1_000  # members asked for at once


@dataclass(frozen=True)
class Room:
    """A conversation as Slack describes it."""

    channel: str
    is_private: bool  # a private channel or a direct message
    has_coach: bool
    members: frozenset[str]  # without Coach


def require_reader(office: Office, asker: Asker, kind: Kind) -> None:
    """Raise RefusalError where a report is only for some roles, and the asker has none of them."""
    if kind.readers:
        require(office, asker, *kind.readers)


async def require_room(office: Office, asker: Asker, kind: Kind, channel: str) -> None:
    """Raise RefusalError unless the asker may have this report come to this channel."""
    require_reader(office, asker, kind)
    room = await require_both(office, asker, channel)
    if why := await find_outsiders(office, kind, room):
        raise RefusalError(why)


async def require_both(office: Office, asker: Asker, channel: str) -> Room:
    """Give a conversation that Coach and the asker are in now; else raise RefusalError."""
    room = await find(office, channel)
    if room is None or not room.has_coach:
        raise RefusalError(
            tr(
                "I am not in {channel}: type `/invite @Coach` there first.",
                channel=name_of(channel),
            )
        )
    if asker.user not in room.members:
        raise RefusalError(
            tr(
                "You are not in {channel}: choose a channel that you are in.",
                channel=name_of(channel),
            )
        )
    return room


async def why_not(office: Office, kind: Kind, channel: str) -> str | None:
    """Say why a report must not go to a channel, or to a person, as they are now."""
    if not kind.private:
        return None
    if channel[:1] in {"U", "W"}:
        return say_outsiders(kind, channel, len(await _without_role(office, kind, [channel])))
    room = await find(office, channel)
    return "the channel can't be seen" if room is None else await find_outsiders(office, kind, room)


async def find_outsiders(office: Office, kind: Kind, room: Room) -> str | None:
    """Say what is wrong with a room for a private report; None where nothing is."""
    if not kind.private:
        return None
    if not room.is_private:
        return tr(
            "The report “{kind}” goes to private channels only, and {channel} is public.",
            kind=tr(kind.title),
            channel=name_of(room.channel),
        )
    outsiders = await _without_role(office, kind, sorted(room.members))
    return say_outsiders(kind, room.channel, len(outsiders))


def say_outsiders(kind: Kind, channel: str, outsiders: int) -> str | None:
    if not outsiders:
        return None
    return trn(
        "The report “{kind}” is only for {roles}, and {count} person in {channel} is not.",
        "The report “{kind}” is only for {roles}, and {count} people in {channel} are not.",
        outsiders,
        kind=tr(kind.title),
        roles=either(tr(ROLES[role]) for role in kind.readers),
        channel=name_of(channel),
    )


async def find(office: Office, channel: str) -> Room | None:
    """Ask Slack about a conversation; None where Coach can't see it."""
    try:
        asked = await office.client.conversations_info(channel=channel)
        members = await _members(office, channel)
    except SlackApiError as error:
        if words(error) in {"channel_not_found", "not_in_channel"}:
            return None
        raise
    found = asked["channel"]
    return Room(
        channel,
        is_private=any(found.get(name) for name in ("is_private", "is_im", "is_mpim")),
        has_coach=office.bot_user in members or bool(found.get("is_im")),
        members=members - {office.bot_user},
    )


async def _members(office: Office, channel: str) -> frozenset[str]:
    members: list[str] = []
    cursor = ""
    while True:
        page = await office.client.conversations_members(
            channel=channel, limit=PAGE, cursor=cursor or None
        )
        members += page["members"]
        cursor = (page.get("response_metadata") or {}).get("next_cursor") or ""
        if not cursor:
            return frozenset(members)


async def _without_role(office: Office, kind: Kind, users: list[str]) -> list[str]:
    """List those who are none of a report's readers; another app's bot is one of them."""

    def look() -> list[str]:
        return [user for user in users if roles_of(office, user).isdisjoint(kind.readers)]

    return await asyncio.to_thread(look)


def name_of(channel: str) -> str:
    """Name a channel; a direct message has no name."""
    return f"<#{channel}>" if channel[:1] in {"C", "G"} else tr("this conversation")
