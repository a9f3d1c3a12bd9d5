"""The records of a workspace, and what it refuses with."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

Json = dict[str, Any]


class SlackError(Exception):
    """A refusal in Slack's words: `error` and what else stands beside `"ok": false`."""

    def __init__(self, error: str, *messages: str, **extra: object) -> None:
        super().__init__(error)
        self.error = error
        self.answer: Json = {"ok": False, "error": error, **extra}
        if messages:
            self.answer["response_metadata"] = {"messages": list(messages)}


@dataclass(frozen=True)
class User:
    id: str
    name: str
    real_name: str
    is_admin: bool = False
    is_bot: bool = False
    is_restricted: bool = False  # a guest
    deleted: bool = False
    tz: str = "UTC"  # IANA
    locale: str = "en-US"


@dataclass
class Channel:
    """A channel, or without a name a conversation with the bot: of one person or of several."""

    id: str
    name: str
    members: list[str]
    kind: Literal["public", "private", "im", "mpim"] = "public"
    is_archived: bool = False
    messages: dict[str, Message] = field(default_factory=dict)


@dataclass
class File:
    id: str
    name: str
    user: str
    mimetype: str
    size: int
    content: bytes = b""
    title: str = ""
    alt_text: str = ""
    shares: dict[str, list[Json]] = field(default_factory=dict)  # channel id -> messages


@dataclass
class Message:
    """A post; `ephemeral_to` names the one person who sees it."""

    channel: str
    ts: str
    user: str
    text: str
    blocks: list[Json] = field(default_factory=list)
    files: list[File] = field(default_factory=list)
    thread_ts: str | None = None
    ephemeral_to: str | None = None
    metadata: Json | None = None
    edited_ts: str | None = None
    selected: dict[str, Json] = field(default_factory=dict)  # user id -> what they chose in it

    @property
    def is_reply(self) -> bool:
        return self.thread_ts is not None and self.thread_ts != self.ts


@dataclass(frozen=True)
class Change:
    """What just happened: to a message, or to something else that people see."""

    kind: Literal["posted", "edited", "deleted", "other"]
    message: Message | None = None
    before: str = ""  # the text of an edited message until then


@dataclass
class Trigger:
    """What opens one modal for a person, for 3 seconds."""

    user: str
    expires: float
    used: bool = False


@dataclass
class ResponseUrl:
    """Where to answer an interaction: 5 times within 30 minutes."""

    channel: str
    user: str
    expires: float
    original: Message | None = None
    uses_left: int = 5
