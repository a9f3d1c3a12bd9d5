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


@dataclass
class Channel:
    id: str
    name: str
    kind: Literal["channel", "group", "im"]
    members: list[str]
    is_archived: bool = False
    messages: dict[str, Message] = field(default_factory=dict)


@dataclass
class File:
    id: str
    name: str
    title: str
    user: str
    mimetype: str
    created: int
    content: bytes | None = None
    size: int = 0
    alt_text: str = ""
    shares: dict[str, list[str]] = field(default_factory=dict)  # channel id -> timestamps
    deleted: bool = False


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
    broadcast: bool = False
    ephemeral_to: str | None = None
    subtype: str | None = None
    metadata: Json | None = None
    edited_ts: str | None = None
    reactions: dict[str, list[str]] = field(default_factory=dict)  # emoji name -> user ids
    selected: dict[str, Json] = field(default_factory=dict)  # user id -> what they chose in it
    sender: str = ""  # a display name that is no user's, e.g. Slackbot

    @property
    def is_reply(self) -> bool:
        return self.thread_ts is not None and self.thread_ts != self.ts


@dataclass(frozen=True)
class Change:
    """What just happened; `touched` is a change of looks that is no edit (a reaction)."""

    kind: Literal[
        "posted", "edited", "touched", "deleted", "joined", "shared", "views", "home", "channels",
        "presence",
    ]  # fmt: skip
    message: Message | None = None
    user: str = ""
    channel: str = ""
    file: File | None = None


@dataclass
class Trigger:
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
