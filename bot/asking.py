"""Who asks, from where, and what he is answered: the seam between Bolt and the features."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, ParamSpec

from slack_sdk.web.async_client import AsyncWebClient
from sqlite_utils import Database

from bot.settings import BotSettings
from storage.records import Delivery

if TYPE_CHECKING:
    from bot.sentiment.serving import Serving

Block = dict[str, Any]
Clock = Callable[[], datetime]


class RefusalError(Exception):
    """What can't be done, in a sentence that says what is wrong and what to type instead."""


@dataclass(frozen=True)
class Office:
    """What every feature works with; made once by the composition root."""

    settings: BotSettings
    client: AsyncWebClient
    serving: Serving
    clock: Clock  # aware, UTC
    bot_user: str = ""  # Coach's own user id, to know when a message mentions it


@dataclass(frozen=True)
class Asker:
    """One request: who, where, and the key under which its effect happens once."""

    key: str  # trigger_id, event_id or view id
    user: str
    channel: str
    trigger_id: str | None = None  # opens a modal within 3 s
    response_url: str | None = None
    thread_ts: str | None = None
    message: Mapping[str, Any] = field(default_factory=dict)  # that a button or shortcut stood on
    chosen: Mapping[str, str] = field(
        default_factory=dict
    )  # in menus beside it: action_id -> value


@dataclass(frozen=True)
class Reply:
    """An answer for the asker alone, or for the channel."""

    text: str  # complete by itself: screen readers and notifications read only this
    blocks: list[Block] | None = None
    public: bool = False
    replace: bool = False  # takes the place of the message that the button stood on


@dataclass(frozen=True)
class FieldErrors:
    """What is wrong in a submitted modal: block_id -> sentence; the modal stays open."""

    errors: dict[str, str]


Asked = ParamSpec("Asked")


def threaded(
    work: Callable[Asked, Reply | None],
) -> Callable[Asked, Awaitable[Reply | None]]:
    """Let a handler that reads and writes records run in a thread, off the event loop."""

    async def handle(*asked: Asked.args, **named: Asked.kwargs) -> Reply | None:
        return await asyncio.to_thread(work, *asked, **named)

    return handle


# What features register: app.py acks, removes duplicates, calls, answers, turns errors to words.
CommandHandler = Callable[[Office, Asker, Any], Awaitable[Reply | None]]
ButtonHandler = Callable[[Office, Asker, str], Awaitable[Reply | None]]  # the button's value
ShortcutHandler = Callable[
    [Office, Asker], Awaitable[Reply | None]
]  # asker.message has the message
EventHandler = Callable[[Office, Asker, Mapping[str, Any]], Awaitable[Reply | None]]  # the event
ViewCheck = Callable[[Mapping[str, Any], str], FieldErrors | None]  # state values, metadata; pure
ViewHandler = Callable[[Office, Asker, Mapping[str, Any], str], Awaitable[Reply | None]]


@dataclass(frozen=True)
class Modal:
    """How a modal's submission is handled: `check` runs before the ack, so it must be pure."""

    handle: ViewHandler
    check: ViewCheck | None = None


@dataclass(frozen=True)
class Listener:
    """What hears an event; `wants` is pure and spares the events that concern no one.

    What is overheard was not said to Coach: nobody is met or answered, and it may come twice.
    """

    handle: EventHandler
    wants: Callable[[Mapping[str, Any]], bool] = bool
    overhears: bool = False


# What a mention says that is no command; False where it concerns no one here.
TalkHandler = Callable[[Office, Asker, Mapping[str, Any]], Awaitable[bool]]
# What a feature does by itself, without being asked.
Work = Callable[[Office], Awaitable[object]]
# Why a delivery must not go, or until when it must wait; None lets it go.
Guard = Callable[[Office, Delivery], Awaitable[str | datetime | None]]
HomeSection = Callable[[Database, Office, str], list[Block]]  # for a user's Home tab


@dataclass(frozen=True)
class Tick:
    """Work that is due over and over; what is due is in the database."""

    every: timedelta
    work: Work


@dataclass(frozen=True)
class Feature:
    """What one part of Coach answers to: commands by record, the rest by Slack's ids.

    A button whose action_id is `stop:12` is found under `stop` where `stop:12` is not there.
    """

    commands: Mapping[type, CommandHandler] = field(default_factory=dict)
    buttons: Mapping[str, ButtonHandler] = field(default_factory=dict)
    modals: Mapping[str, Modal] = field(default_factory=dict)
    shortcuts: Mapping[str, ShortcutHandler] = field(default_factory=dict)
    events: Mapping[str, Listener] = field(default_factory=dict)  # by type: file_shared, …
    ticks: Mapping[str, Tick] = field(default_factory=dict)
    # By the first part of a delivery's key: asked once more right before it is sent.
    guards: Mapping[str, Guard] = field(default_factory=dict)
    home: Sequence[HomeSection] = ()
    talk: TalkHandler | None = None
    guests: frozenset[str] = frozenset()  # buttons, modals and shortcuts that are guests' too
