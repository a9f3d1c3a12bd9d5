"""Name people and channels in reports by their names: a mention would call them each time."""

from __future__ import annotations

from collections.abc import Callable

from sqlite_utils import Database

from bot.wording import escape
from storage import members

Naming = Callable[[str], str]  # a person's or a channel's id -> how it is shown


def naming(db: Database) -> Naming:
    """Give the function that names whom Coach knows; of others it shows the mention."""

    def name(of: str) -> str:
        if of[:1] in {"C", "G"}:
            return f"<#{of}>"
        member = members.get(db, of)
        return escape(member.name) if member else f"<@{of}>"

    return name
