"""Pseudonyms: what people are called in data sets; whose row is gone is anonymous there."""

from __future__ import annotations

import secrets
from collections.abc import Iterable

from sqlite_utils import Database

from storage.database import immediate


def known(db: Database) -> dict[str, str]:
    """Give the pseudonyms that there are, by person."""
    return {row["user"]: row["name"] for row in db.query("SELECT * FROM pseudonyms")}


def of(db: Database, users: Iterable[str]) -> dict[str, str]:
    """Give each person's pseudonym; who has none is given one, at random and for good."""
    with immediate(db):
        for user in sorted(set(users) - known(db).keys()):
            db.execute("INSERT INTO pseudonyms VALUES (?, ?)", (user, secrets.token_hex(6)))
        return known(db)
