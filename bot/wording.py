"""Text on its way in and out of Slack: escapes, mentions, quoted words, "did you mean"."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable

from bot.language import mark, tr
from storage.records import JobState

QUOTED_CHARACTERS = 60  # of what someone typed, in an answer
STATES: dict[JobState, str] = {
    "queued": mark("queued"),
    "running": mark("running"),
    "succeeded": mark("succeeded"),
    "failed": mark("failed"),
    "cancelled": mark("cancelled"),
}

# `<#C1|general>`, `<@U1|bo>`, `<https://…|label>`: Slack's marks, readable by their second half.
_MARK = re.compile(r"<(?P<sign>[#@!]?)[^<>|]*\|(?P<label>[^<>|]+)>")
_NAMED = re.compile(r"<([@#][A-Z0-9]+)\|[^<>]*>")
_LABELLED = re.compile(r"<(https?://[^<>|]+)\|[^<>]*>")
_LINK = re.compile(r"<((?:https?://|mailto:)[^<>|]+)>")


def with_ids(text: str) -> str:
    """Read what Slack sent with people and channels by their ids, and links by their addresses."""
    return plain(_NAMED.sub(r"<\1>", _LABELLED.sub(r"\1", text)))


def plain(text: str) -> str:
    """Read what Slack sent as the person typed it: marks by their labels, escapes undone."""
    bare = _LINK.sub(r"\1", text)
    readable = _MARK.sub(lambda m: f"{m['sign'].strip('!')}{m['label']}", bare)
    return readable.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")


def escape(text: str) -> str:
    """Make text safe to show: nothing in it can mention, link or ping."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def with_names(text: str) -> str:
    """Make text safe as `escape` does, but for people and channels: `<@U1>` and `<#C1>` stay."""
    return re.sub(r"&lt;(@[UW][A-Z0-9]+|#[CG][A-Z0-9]+)&gt;", r"<\1>", escape(text))


def code(text: str) -> str:
    """Quote what someone typed as `code`: on one line, cut, and escaped."""
    line = " ".join(text.replace("`", "'").split())
    short = line if len(line) <= QUOTED_CHARACTERS else line[: QUOTED_CHARACTERS - 1] + "…"
    return f"`{escape(short)}`"


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Give ` Did you mean …?` (with its space) for the closest known word, or nothing."""
    close = difflib.get_close_matches(word.lower(), list(known), n=1)
    return tr(" Did you mean {word}?", word=code(close[0])) if close else ""
