"""A kind of report: who may have it, and how it is composed from the records."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlite_utils import Database

from bot.asking import Block
from bot.settings import BotSettings
from storage.talent import Role


@dataclass(frozen=True)
class Scope:
    """What a report is asked to cover: for a channel, from `since` to `now`."""

    channel: str
    since: datetime
    now: datetime
    zone: str  # in which days are counted and times are said
    settings: BotSettings


@dataclass(frozen=True)
class Picture:
    """One chart, where people would rather look; `alt` says its result."""

    png: bytes
    alt: str


@dataclass(frozen=True)
class Report:
    """What is posted: a text that reads well alone, its blocks, a picture, a table on request."""

    text: str
    blocks: list[Block]
    picture: Picture | None = None
    table: str | None = None  # CSV


@dataclass(frozen=True)
class Kind:
    """A kind of report; `compose` speaks the current language and gives None for nothing new."""

    name: str
    title: str  # marked for the catalogues
    compose: Callable[[Database, Scope], Report | None]
    covers: timedelta  # how far back it looks where it was never sent before
    readers: tuple[Role, ...] = ()  # who may ask for it and schedule it; nobody named: everyone
    private: bool = False  # only for private channels, all of whose members are `readers`
    # What a schedule does before it composes, such as making pairs; `now` and `preview` never do.
    prepare: Callable[[Database, Scope], None] | None = None
