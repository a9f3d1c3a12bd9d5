"""Who reads what is said, and so in which language."""

from __future__ import annotations

from sqlite_utils import Database

from storage import channels, members


def person_speaks(db: Database, user: str, *, default: str) -> str:
    """Give a member's language, and the default for who is none."""
    member = members.get(db, user)
    return member.language if member else default


def channel_speaks(db: Database, channel: str, *, user: str, default: str) -> str:
    """Give a channel's language; where a user talks to Coach alone it is theirs."""
    if channel.startswith("D"):
        default = person_speaks(db, user, default=default)
    return channels.speaks(db, channel, default=default)
