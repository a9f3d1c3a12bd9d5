"""What a workspace holds: people, channels, messages, files and views, in memory."""

from __future__ import annotations

import asyncio
import dataclasses
import itertools
import mimetypes
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

TEXT_CUT = 40_000  # characters; Slack cuts a longer text off
ALL_SCOPES = [
    "app_mentions:read", "channels:history", "channels:read", "chat:write", "chat:write.public",
    "commands", "files:read", "files:write", "groups:history", "groups:read", "im:history",
    "im:read", "im:write", "mpim:history", "mpim:read", "mpim:write", "users:read",
]  # fmt: skip
PREFIXES = {"im": "D", "mpim": "G"}  # of ids; those of channels begin with C
SLACKBOT = User("USLACKBOT", "slackbot", "Slackbot", is_bot=True)


class State:
    """The facts of one workspace and the only place that changes them."""

    def __init__(self, *, manifest: Json | None, clock: Clock, trigger_seconds: float) -> None:
        self.manifest, self.clock, self._trigger_seconds = manifest, clock, trigger_seconds
        self.features: Json = (manifest or {}).get("features", {})
        self.scopes = list(manifest["oauth_config"]["scopes"]["bot"]) if manifest else ALL_SCOPES
        self.url = ""  # known once the server listens; ends without a slash
        self.listeners: list[Callable[[Change], None]] = []
        self.changed = asyncio.Event()  # set at the next change, and then replaced
        self.team, self.app, self.bot = "T0TRYCOACH", "A0TRYCOACH", "B0TRYCOACH"
        self.bot_token = f"xoxb-{secrets.token_hex()}"
        self.app_token = f"xapp-{secrets.token_hex()}"
        self.signing_secret = secrets.token_hex(16)
        self.users: dict[str, User] = {SLACKBOT.id: SLACKBOT}
        self.channels: dict[str, Channel] = {}
        self.files: dict[str, File] = {}
        self.views: dict[str, list[Json]] = {}  # user id -> modals, the topmost last
        self.homes: dict[str, Json] = {}  # user id -> the published Home tab
        self.triggers: dict[str, Trigger] = {}
        self.response_urls: dict[str, ResponseUrl] = {}
        self.tickets: set[str] = set()  # each opens one Socket Mode connection
        self.present = False  # whether the app is there to answer
        self._ids = itertools.count(1)
        self._last_ts = 0
        self._furnish()

    def _furnish(self) -> None:
        name = self.features.get("bot_user", {}).get("display_name", "Coach")
        self.bot_user = self.new_id("U")
        self.users[self.bot_user] = User(self.bot_user, name.lower(), name, is_bot=True)
        self.add_channel("general", [self.bot_user])
        self.add_channel("random", [])
        self.add_person("ana", "Ana Ruiz", is_admin=True)
        self.add_person("bo", "Bo Chen")

    # --- names and numbers ---

    def new_id(self, prefix: str) -> str:
        return f"{prefix}{next(self._ids):09X}"

    def new_ts(self) -> str:
        """Make a message's timestamp, which is its name in its channel: unique and rising."""
        self._last_ts = max(int(self.clock() * 1e6), self._last_ts + 1)
        seconds, micros = divmod(self._last_ts, 1_000_000)
        return f"{seconds}.{micros:06d}"

    def user(self, ref: str) -> User:
        """Find a person by id or by name."""
        for user in self.users.values():
            if ref in (user.id, user.name):
                return user
        raise SlackError("user_not_found")

    def channel(self, ref: str) -> Channel:
        """Find a channel by id or name; a person's id means their conversation with the bot."""
        for channel in self.channels.values():
            if ref and ref in (channel.id, channel.name):
                return channel
        if ref in self.users:
            return self.dm(ref)
        raise SlackError("channel_not_found")

    def dm(self, *users: str) -> Channel:
        """Give the conversation of the bot with one person, or with several: always the same."""
        people = {self.bot_user, *(self.user(user).id for user in users)}
        for channel in self.channels.values():
            if not channel.name and people == set(channel.members):
                return channel
        if len(users) == 1:
            raise SlackError("cannot_dm_bot")
        return self.add_channel("", sorted(people), "mpim")

    def message(self, channel: str, ts: str) -> Message:
        found = self.channel(channel).messages.get(ts)
        if found is None:
            raise SlackError("message_not_found")
        return found

    def file(self, file_id: str) -> File:
        if file_id not in self.files:
            raise SlackError("file_not_found")
        return self.files[file_id]

    def seen_by(self, channel: Channel, user: str | None) -> Iterator[Message]:
        """Every message of a channel for one pair of eyes; None sees all of them."""
        for message in list(channel.messages.values()):
            if user is None or message.ephemeral_to in (None, user):
                yield message

    # --- what changes ---

    def tell(self, change: Change) -> None:
        for listener in list(self.listeners):
            listener(change)
        self.changed.set()
        self.changed = asyncio.Event()

    def add_channel(
        self,
        name: str,
        members: list[str],
        kind: Literal["public", "private", "im", "mpim"] = "public",
    ) -> Channel:
        channel = Channel(self.new_id(PREFIXES.get(kind, "C")), name, members, kind)
        self.channels[channel.id] = channel
        self.tell(Change("other"))
        return channel

    def add_person(self, name: str, real_name: str = "", **about: Any) -> User:  # noqa: ANN401
        """Bring someone new into the workspace and its public channels; `about`: fields of User."""
        user = User(self.new_id("U"), name, real_name or name.title(), **about)
        self.users[user.id] = user
        for channel in self.channels.values():
            if channel.kind == "public":
                channel.members.append(user.id)
        self.add_channel("", [user.id, self.bot_user], "im")
        return user

    def change_person(self, user: str, **about: Any) -> User:  # noqa: ANN401
        """Change fields of a User."""
        changed = dataclasses.replace(self.user(user), **about)
        self.users[changed.id] = changed
        self.tell(Change("other"))
        return changed

    def post(self, channel: Channel, user: str, text: str, **more: Any) -> Message:  # noqa: ANN401
        """Add a message; `more` are fields of Message."""
        message = Message(channel.id, self.new_ts(), user, text[:TEXT_CUT], **more)
        channel.messages[message.ts] = message
        for file in message.files:
            share = {"ts": message.ts, "thread_ts": message.thread_ts}
            file.shares.setdefault(channel.id, []).append(share)
        self.tell(Change("posted", message))
        return message

    def edit(self, message: Message, text: str, blocks: list[Json]) -> None:
        before, message.text, message.blocks = message.text, text, blocks
        message.edited_ts = self.new_ts()
        self.tell(Change("edited", message, before))

    def delete(self, message: Message) -> None:
        del self.channels[message.channel].messages[message.ts]
        self.tell(Change("deleted", message))

    def add_file(self, name: str, user: str, size: int, content: bytes = b"") -> File:
        """Make room for a file; it is in no channel yet."""
        mimetype = mimetypes.guess_type(name)[0] or "application/octet-stream"
        file = File(self.new_id("F"), name, user, mimetype, size, content, title=name)
        self.files[file.id] = file
        return file

    # --- what an interaction carries ---

    def new_trigger(self, user: str) -> str:
        trigger_id = f"{next(self._ids)}.{secrets.token_hex(16)}"
        self.triggers[trigger_id] = Trigger(user, self.clock() + self._trigger_seconds)
        return trigger_id

    def use_trigger(self, trigger_id: str) -> str:
        """Spend a trigger id; tell whose it was."""
        trigger = self.triggers.get(trigger_id)
        if trigger is None:
            raise SlackError("invalid_trigger_id")
        if trigger.used:
            raise SlackError("exchanged_trigger_id")
        if self.clock() > trigger.expires:
            raise SlackError("expired_trigger_id")
        trigger.used = True
        return trigger.user

    def new_response_url(self, channel: str, user: str, original: Message | None = None) -> str:
        key = secrets.token_urlsafe(18)
        self.response_urls[key] = ResponseUrl(channel, user, self.clock() + 30 * 60, original)
        return f"{self.url}/respond/{key}"
