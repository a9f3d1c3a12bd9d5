"""The language of a channel is kept, and each change of it in the audit."""

from __future__ import annotations

from records import NOON
from sqlite_utils import Database

from storage import audit, channels


def test_a_channel_speaks_the_default_until_a_language_is_chosen(db: Database) -> None:
    assert channels.speaks(db, "C1", default="en") == "en"
    channels.set_language(db, "C1", "zh", by="U1", now=NOON)
    assert channels.speaks(db, "C1", default="en") == "zh"
    assert channels.speaks(db, "C2", default="en") == "en"


def test_a_change_of_language_is_in_the_audit(db: Database) -> None:
    channels.set_language(db, "C1", "zh", by="U1", now=NOON)
    channels.set_language(db, "C1", "en", by="U2", now=NOON)
    newest, oldest = audit.find(db, "<#C1>")
    assert (newest.by, newest.before, newest.after) == ("U2", "zh", "en")
    assert (oldest.by, oldest.before, oldest.after) == ("U1", None, "zh")
