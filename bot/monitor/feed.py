"""RSS and Atom feeds: what is new in one since it was read last; pure."""

from __future__ import annotations

import calendar
import hashlib
import html
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from io import BytesIO
from typing import Any

import feedparser

from bot.monitor.fetch import Answer, FetchError
from bot.monitor.reading import Item
from storage.records import Json

MOST = 500  # entries read at once, the first ones
NOT_MODIFIED = 304
_TAG = re.compile(r"<[^>]*>")


def ask(cursor: Json | None) -> dict[str, str]:
    """Give the headers that ask only for what has changed."""
    told = cursor or {}
    headers = {"If-None-Match": told.get("etag"), "If-Modified-Since": told.get("modified")}
    return {name: value for name, value in headers.items() if value}


def read(answer: Answer, cursor: Json | None, *, now: datetime) -> tuple[list[Item], Json]:
    """Give the entries that were not there before, and the next cursor. Raise FetchError for no feed.

    Of a feed that is read for the first time, entries without a time are left out: they may be
    years old.
    """
    if answer.status == NOT_MODIFIED:
        return [], cursor or {}
    seen = None if cursor is None else set(cursor.get("seen", []))
    entries = {_key(entry): entry for entry in parse(answer)[:MOST]}
    new = [
        item
        for key, entry in entries.items()
        if key not in (seen or set()) and (item := _item(key, entry, now, first=seen is None))
    ]
    return new, {
        "etag": answer.headers.get("etag"),
        "modified": answer.headers.get("last-modified"),
        "seen": list(entries),
    }


def parse(answer: Answer) -> list[Mapping[str, Any]]:
    """Give the entries of a feed. Raise FetchError where it is none."""
    about = {
        "content-type": answer.headers.get("content-type", ""),
        "content-location": answer.url,
    }
    # As a file: a string that is an address or a path would be opened.
    parsed = feedparser.parse(BytesIO(answer.body), response_headers=about)
    if not parsed.get("version"):
        raise FetchError("no-feed")
    return list(parsed.entries)


def _item(key: str, entry: Mapping[str, Any], now: datetime, *, first: bool) -> Item | None:
    at = _time(entry)
    if at is None and first:
        return None
    return Item(key, min(at or now, now), _text(entry), link=_link(entry))


def _key(entry: Mapping[str, Any]) -> str:
    named = entry.get("id") or entry.get("link") or _text(entry)
    return hashlib.sha256(str(named).encode("utf-8", "replace")).hexdigest()[:16]


def _time(entry: Mapping[str, Any]) -> datetime | None:
    for name in ("published_parsed", "updated_parsed"):
        # Without the first test feedparser would give one time for the other, and warn of it.
        if name in entry and (told := entry[name]):
            return datetime.fromtimestamp(calendar.timegm(told), UTC)
    return None


def _text(entry: Mapping[str, Any]) -> str:
    """Join title and summary, without their markup."""
    title, summary = (_plain(str(entry.get(name) or "")) for name in ("title", "summary"))
    return summary if summary.startswith(title) else f"{title}\n{summary}".strip()


def _plain(markup: str) -> str:
    return " ".join(html.unescape(_TAG.sub(" ", markup)).split())


def _link(entry: Mapping[str, Any]) -> str | None:
    link = str(entry.get("link") or "")
    return link if link.startswith(("http://", "https://")) else None
