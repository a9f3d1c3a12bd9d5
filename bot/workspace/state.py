"""What a workspace holds: people, channels, messages, files and views, in memory."""

from __future__ import annotations

import itertools
import re
import secrets
from collections.abc import Callable, Iterator
from typing import Any, Literal

from bot.workspace.records import (
    Change,
    Channel,
    File,
    Json,
    Message,
    ResponseUrl,
    SlackError,
    Trigger,
    User,
)

Clock = Callable[[], float]  # epoch seconds, as Slack counts

TEAM_NAME, TEAM_DOMAIN = "Try Coach", "try-coach"
TEXT_CUT = 40_000  # characters; Slack cuts a longer text off


class State:
    """The facts of one workspace and the only place that changes them."""

    def __init__(self, *, manifest: Json | None, clock: Clock, trigger_seconds: float) -> None:
        self.clock = clock
        self.trigger_seconds = trigger_seconds
        self.manifest = manifest
        self.url = ""  # known once the server listens; ends without a slash
        self.listeners: list[Callable[[Change], None]] = []
        self.team, self.app, self.bot = "T0TRYCOACH", "A0TRYCOACH", "B0TRYCOACH"
        self.bot_token, self.app_token = (
            f"xoxb-{secrets.token_hex()}",
            f"xapp-{secrets.token_hex()}",
        )
        self.signing_secret = secrets.token_hex(16)
        self.scopes = list(manifest["oauth_config"]["scopes"]["bot"]) if manifest else ALL_SCOPES
        self.users: dict[str, User] = {}
        self.channels: dict[str, Channel] = {}
        self.files: dict[str, File] = {}
        self.views: dict[str, list[Json]] = {}  # user id -> modals, the topmost last
        self.homes: dict[str, Json] = {}  # user id -> the published Home tab
        self.triggers: dict[str, Trigger] = {}
        self.response_urls: dict[str, ResponseUrl] = {}
        self.present = False  # whether the app is there to answer
        self.tickets: set[str] = set()  # each opens one Socket Mode connection
        self._ids = itertools.count(1)
        self._last_ts = 0
        self._furnish()

    def _furnish(self) -> None:
        bot = self._bot_user()
        self.users[bot.id] = bot
        self.bot_user = bot.id
        self.add_channel("general", [bot.id])
        self.add_channel("random", [])
        self.add_person("ana", "Ana Ruiz", is_admin=True)
        self.add_person("bo", "Bo Chen")

    def _bot_user(self) -> User:
        features = (self.manifest or {}).get("features", {})
        name = features.get("bot_user", {}).get("display_name", "Coach")
        return User(self.new_id("U"), name.lower(), name, is_bot=True)

    # --- names and numbers ---

    def new_id(self, prefix: str) -> str:
        return f"{prefix}{next(self._ids):09X}"

    def new_ts(self) -> str:
        """Make a message's timestamp, which is its name in its channel: unique and rising."""
        self._last_ts = max(int(self.clock() * 1e6), self._last_ts + 1)
        seconds, micros = divmod(self._last_ts, 1_000_000)
        return f"{seconds}.{micros:06d}"

    def user(self, ref: str) -> User:
        """Find a person by id or by name ("ana", "@ana")."""
        name = ref.removeprefix("@").lower()
        for user in self.users.values():
            if ref == user.id or name == user.name:
                return user
        raise SlackError("user_not_found")

    def channel(self, ref: str) -> Channel:
        """Find a channel by id or name; a person's id means their conversation with the bot."""
        name = ref.removeprefix("#")
        for channel in self.channels.values():
            if ref == channel.id or (name and name == channel.name):
                return channel
        if ref in self.users:
            return self.dm(ref)
        raise SlackError("channel_not_found")

    def dm(self, user: str) -> Channel:
        person = self.user(user).id
        ims = (c for c in self.channels.values() if c.kind == "im" and person in c.members)
        return next(ims)

    def message(self, channel: str, ts: str) -> Message:
        found = self.channel(channel).messages.get(ts)
        if found is None:
            raise SlackError("message_not_found")
        return found

    def file(self, file_id: str) -> File:
        if file_id not in self.files:
            raise SlackError("file_not_found")
        return self.files[file_id]

    def replies(self, message: Message) -> list[Message]:
        """List the public replies in a message's thread, oldest first."""
        everyone = self.channels[message.channel].messages.values()
        return [
            m for m in everyone if m.is_reply and m.thread_ts == message.ts and not m.ephemeral_to
        ]

    def seen_by(self, channel: Channel, user: str | None) -> Iterator[Message]:
        """Every message of a channel for one pair of eyes; None sees all of them."""
        for message in list(channel.messages.values()):
            if user is None or message.ephemeral_to in (None, user):
                yield message

    # --- what changes ---

    def tell(self, change: Change) -> None:
        for listener in list(self.listeners):
            listener(change)

    def add_channel(
        self, name: str, members: list[str], *, kind: Literal["channel", "group", "im"] = "channel"
    ) -> Channel:
        prefix = {"channel": "C", "group": "G", "im": "D"}[kind]
        channel = Channel(self.new_id(prefix), name, kind, members)
        self.channels[channel.id] = channel
        self.tell(Change("channels", channel=channel.id))
        return channel

    def add_person(self, name: str, real_name: str = "", *, is_admin: bool = False) -> User:
        """Bring someone new into the workspace and all its public channels."""
        user = User(self.new_id("U"), name, real_name or name.title(), is_admin=is_admin)
        self.users[user.id] = user
        for channel in self.channels.values():
            if channel.kind == "channel":
                channel.members.append(user.id)
        self.add_channel("", [user.id, self.bot_user], kind="im")
        return user

    def join(self, channel: Channel, user: str) -> None:
        if user not in channel.members:
            channel.members.append(user)
            self.tell(Change("joined", user=user, channel=channel.id))

    def post(self, channel: Channel, user: str, text: str, **more: Any) -> Message:  # noqa: ANN401
        """Add a message; `more` are fields of Message."""
        text = escape_stray(text[:TEXT_CUT])
        message = Message(channel.id, self.new_ts(), user, text, **more)
        channel.messages[message.ts] = message
        for file in message.files:
            file.shares.setdefault(channel.id, []).append(message.ts)
            self.tell(Change("shared", file=file, user=user, channel=channel.id))
        self.tell(Change("posted", message))
        return message

    def edit(self, message: Message, text: str, blocks: list[Json]) -> None:
        message.text, message.blocks = escape_stray(text), blocks
        message.edited_ts = self.new_ts()
        self.tell(Change("edited", message))

    def touch(self, message: Message) -> None:
        """Tell that a message looks different, though it wasn't edited."""
        self.tell(Change("touched", message))

    def delete(self, message: Message) -> None:
        del self.channels[message.channel].messages[message.ts]
        self.tell(Change("deleted", message))

    # --- what an interaction carries ---

    def new_trigger(self, user: str) -> str:
        trigger_id = f"{next(self._ids)}.{self.team[1:]}.{secrets.token_hex(16)}"
        self.triggers[trigger_id] = Trigger(user, self.clock() + self.trigger_seconds)
        return trigger_id

    def use_trigger(self, trigger_id: str) -> str:
        """Spend a trigger id, which is good for one modal within 3 s; tell whose it was."""
        trigger = self.triggers.get(trigger_id)
        if trigger is None:
            raise SlackError("invalid_trigger_id")
        if trigger.used:
            raise SlackError("exchanged_trigger_id")
        if self.clock() > trigger.expires:
            raise SlackError("expired_trigger_id")
        trigger.used = True
        return trigger.user

    def new_socket_url(self) -> str:
        """Give out a WebSocket address that is good for one connection."""
        ticket = secrets.token_urlsafe(16)
        self.tickets.add(ticket)
        address = self.url.replace("http", "ws", 1)
        return f"{address}/link/?ticket={ticket}&app_id={self.app}"

    def new_response_url(self, channel: str, user: str, original: Message | None = None) -> str:
        key = secrets.token_urlsafe(18)
        self.response_urls[key] = ResponseUrl(channel, user, self.clock() + 30 * 60, original)
        return f"{self.url}/respond/{self.team}/{key}"


def escape_stray(text: str) -> str:
    """Escape an ampersand that starts no entity, as Slack does on the way in."""
    return re.sub(r"&(?!(?:amp|lt|gt);)", "&amp;", text)


ALL_SCOPES = [
    "app_mentions:read",
    "channels:history",
    "channels:read",
    "chat:write",
    "chat:write.public",
    "commands",
    "files:read",
    "files:write",
    "groups:history",
    "groups:read",
    "im:history",
    "im:read",
    "im:write",
    "reactions:write",
    "users:read",
]
