"""Which events a change in the workspace raises, and whether the app subscribed to them."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from bot.workspace import payloads
from bot.workspace.records import Change, Json, Message
from bot.workspace.shapes import message_json
from bot.workspace.state import State

SUBSCRIPTIONS = {"channel": "message.channels", "group": "message.groups", "im": "message.im"}


class Events:
    """Turns changes into events for the app; it listens to the state."""

    def __init__(self, state: State, deliver: Callable[[Json], None]) -> None:
        self._state = state
        self._deliver = deliver
        settings = (state.manifest or {}).get("settings", {})
        self._wanted = settings.get("event_subscriptions", {}).get("bot_events", [])

    def on_change(self, change: Change) -> None:
        for subscription, inner in self._raised(change):
            self.send(subscription, inner)

    def send(self, subscription: str, inner: Json) -> None:
        if self._state.manifest is None or subscription in self._wanted:
            self._deliver(payloads.event(self._state, inner))

    def _raised(self, change: Change) -> Iterator[tuple[str, Json]]:
        message = change.message
        if message and not message.ephemeral_to and self._is_member(message.channel):
            yield from self._about_message(change.kind, message)
        if change.kind == "joined" and self._is_member(change.channel):
            yield "member_joined_channel", self._join(change)
        if change.kind == "shared" and change.file and self._is_member(change.channel):
            yield "file_shared", self._shared(change.file.id, change)

    def _is_member(self, channel: str) -> bool:
        return self._state.bot_user in self._state.channels[channel].members

    def _about_message(self, kind: str, message: Message) -> Iterator[tuple[str, Json]]:
        subscription = SUBSCRIPTIONS[self._state.channels[message.channel].kind]
        event = payloads.message_event(self._state, message)
        if kind == "posted":
            yield subscription, event
            if (
                f"<@{self._state.bot_user}>" in message.text
                and message.user != self._state.bot_user
            ):
                yield (
                    "app_mention",
                    {k: v for k, v in event.items() if k != "subtype"} | {"type": "app_mention"},
                )
        if kind == "edited":
            yield subscription, self._hidden(message, "message_changed", "message")
        if kind == "deleted":
            yield subscription, self._hidden(message, "message_deleted", "previous_message")

    def _hidden(self, message: Message, subtype: str, key: str) -> Json:
        ts = self._state.new_ts()
        channel = self._state.channels[message.channel]
        return {
            "type": "message",
            "subtype": subtype,
            "hidden": True,
            "channel": channel.id,
            "channel_type": channel.kind,
            "ts": ts,
            "event_ts": ts,
            key: message_json(self._state, message),
        }

    def _join(self, change: Change) -> Json:
        joined = {"type": "member_joined_channel", "user": change.user, "channel": change.channel}
        return joined | {
            "channel_type": "C",
            "team": self._state.team,
            "event_ts": self._state.new_ts(),
        }

    def _shared(self, file_id: str, change: Change) -> Json:
        return {
            "type": "file_shared",
            "file_id": file_id,
            "file": {"id": file_id},
            "user_id": change.user,
            "channel_id": change.channel,
            "event_ts": self._state.new_ts(),
        }
