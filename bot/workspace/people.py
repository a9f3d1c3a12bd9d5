"""What people do in a workspace: come, say, type commands, upload, click, fill in, look at Home.

People and channels are given by name or id ("ana", "general"); `ws.dm("ana").id` is a direct
message with the bot.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from bot.workspace import choices, payloads, views
from bot.workspace.delivery import Delivered, Delivery
from bot.workspace.limits import elements_of
from bot.workspace.records import Change, Channel, File, Json, Message, SlackError, User
from bot.workspace.state import SLACKBOT, State

ESCAPES = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}
# What an app's manifest says; without one it is as for these.
ESCAPED = {"/sentiment", "/team", "/report", "/coach"}


class People:
    """The actions of people on one workspace."""

    def __init__(self, state: State, delivery: Delivery) -> None:
        self.state = state
        self._delivery = delivery

    async def say(
        self, user: str, channel: str, text: str, thread_ts: str | None = None
    ) -> Message:
        """Post as a person types: "@coach" mentions, the rest is escaped."""
        person, place = self._at(user, channel)
        return self.state.post(place, person.id, self._typed(text), thread_ts=thread_ts)

    async def edit(self, message: Message, text: str) -> None:
        """Change what a message says, as its author does."""
        self.state.edit(message, self._typed(text), message.blocks)

    async def delete(self, message: Message) -> None:
        self.state.delete(message)

    async def slash(self, user: str, channel: str, command: str, text: str = "") -> Delivered:
        """Type a slash command; the asker is told where nobody acknowledges it."""
        person, place = self._at(user, channel)
        known = [one["command"] for one in self.state.features.get("slash_commands", [])]
        if self.state.manifest is not None and command not in known:
            self._slackbot(place, person, f"{command} is not a valid command.")
            return Delivered("slash_commands", 0, error="unknown_command")
        text = escape(text.strip())
        if self._is_escaped(command):
            text = self._referring(text, person)
        payload = payloads.slash_command(self.state, person, place, command, text)
        delivered = await self._delivery.interaction("slash_commands", payload)
        if delivered.error:
            self._slackbot(place, person, f'{command} failed with the error "{delivered.error}"')
        return delivered

    async def upload(
        self,
        user: str,
        channel: str,
        name: str,
        content: bytes,
        *,
        comment: str = "",
        thread_ts: str | None = None,
    ) -> Message:
        """Drop a file in a channel, with an optional comment."""
        person, place = self._at(user, channel)
        files, text = [self.keep(user, name, content)], self._typed(comment)
        return self.state.post(place, person.id, text, files=files, thread_ts=thread_ts)

    def keep(self, user: str, name: str, content: bytes) -> File:
        """Upload a file for a modal's file_input; it stands in no channel."""
        return self.state.add_file(name, self.state.user(user).id, len(content), content)

    async def click(
        self,
        user: str,
        where: Message | Json,
        action_id: str,
        value: object = None,
        *,
        typed: Mapping[str, Any] | None = None,
    ) -> Delivered:
        """Press a button or choose in an element of a message or a view.

        `value` is what is chosen, or picks one of several buttons. `typed` is what stands in a
        view's inputs meanwhile, by block_id or action_id.
        """
        person = self.state.user(user)
        if isinstance(where, Message):
            blocks, values = where.blocks, where.selected.setdefault(person.id, {})
            about = payloads.on_message(self.state, person, where) | {"state": {"values": values}}
        else:
            blocks, values = where["blocks"], choices.filled(self.state, where, typed or {})
            where["state"] = {"values": values}
            about = {"container": {"type": "view", "view_id": where["id"]}, "view": where}
        block, element = _find(blocks, action_id, value)
        action = choices.chosen(self.state, element, value)
        if element["type"] not in choices.STATELESS:
            values.setdefault(block["block_id"], {})[action_id] = action
        action = action | {"action_id": action_id, "block_id": block["block_id"]}
        return await self._interact("block_actions", person, about | {"actions": [action]})

    async def submit_view(self, user: str, view_id: str, values: Mapping[str, Any]) -> Delivered:
        """Fill in a modal by block_id or action_id and submit it; errors come back in `reply`."""
        person, view = self.state.user(user), self.view(user, view_id)
        filled = choices.filled(self.state, view, values)
        if errors := choices.refused(view, filled):
            refusal = {"response_action": "errors", "errors": errors}
            return Delivered("interactive", 0, refusal)
        view["state"] = {"values": filled}
        delivered = await self._interact("view_submission", person, {"view": view})
        if not delivered.error and (delivered.reply or {}).get("response_action") != "errors":
            views.close(self.state, person.id, view)
        return delivered

    async def close_view(self, user: str, view_id: str) -> None:
        views.close(self.state, self.state.user(user).id, self.view(user, view_id))

    async def shortcut(self, user: str, callback_id: str, message: Message) -> Delivered:
        """Use a shortcut of the app on a message."""
        person = self.state.user(user)
        about = payloads.on_message(self.state, person, message) | {"callback_id": callback_id}
        return await self._interact("message_action", person, about)

    async def open_home(self, user: str) -> None:
        """Open the app's Home tab; the app hears of it and may publish a view."""
        self._send(payloads.home_opened(self.state, self.state.user(user).id))

    async def join(self, name: str, real_name: str = "", **about: Any) -> User:  # noqa: ANN401
        """Come into the workspace as someone new; `about`: fields of User, such as tz."""
        user = self.state.add_person(name, real_name, **about)
        self._send(payloads.person_event(self.state, "team_join", user))
        return user

    async def change(self, user: str, **about: Any) -> User:  # noqa: ANN401
        """Change someone: their tz, locale, name; `deleted=True` is how people leave."""
        changed = self.state.change_person(user, **about)
        self._send(payloads.person_event(self.state, "user_change", changed))
        return changed

    async def make_private(self, name: str, *members: str) -> Channel:
        """Make a private channel; the bot sees it only as one of its members."""
        return self.state.add_channel(name, [self.state.user(m).id for m in members], "private")

    async def invite(self, channel: str, user: str) -> None:
        """Bring someone (or the bot) into a channel; the app hears of it where it is a member."""
        place, person = self.state.channel(channel), self.state.user(user)
        place.members[:] = dict.fromkeys([*place.members, person.id])
        self.state.tell(Change("other"))
        if self.state.bot_user in place.members:
            self._send(payloads.joined_channel(self.state, place, person))

    async def remove(self, channel: str, user: str) -> None:
        """Take someone (or the bot, which hears of it) out of a channel."""
        place, person = self.state.channel(channel), self.state.user(user)
        place.members.remove(person.id)
        self.state.tell(Change("other"))
        if person.id == self.state.bot_user:
            self._send(payloads.left_channel(self.state, place))

    def view(self, user: str, view_id: str) -> Json:
        """Find an open modal or the Home tab of a person."""
        person = self.state.user(user).id
        shown = [*self.state.views.get(person, []), self.state.homes.get(person)]
        for view in filter(None, shown):
            if view["id"] == view_id:
                return view
        raise SlackError("not_found")

    def _send(self, event: Json) -> None:
        wanted = (self.state.manifest or {}).get("settings", {}).get("event_subscriptions")
        if wanted is None or _subscription(event) in wanted["bot_events"]:
            self._delivery.event(payloads.envelope(self.state, event))

    async def _interact(self, kind: str, person: User, about: Json) -> Delivered:
        payload = payloads.interaction(self.state, kind, person, about)
        return await self._delivery.interaction("interactive", payload)

    def _at(self, user: str, channel: str) -> tuple[User, Channel]:
        person, place = self.state.user(user), self.state.channel(channel)
        if person.id not in place.members:
            raise SlackError("not_in_channel")
        return person, place

    def _is_escaped(self, command: str) -> bool:
        for one in self.state.features.get("slash_commands", []):
            if one["command"] == command:
                return bool(one.get("should_escape"))
        return command in ESCAPED

    def _referring(self, text: str, person: User) -> str:
        """Put ids in the place of the people and channels that a command names."""
        for user in self.state.users.values():
            text = _named(f"@{user.name}", f"<@{user.id}|{user.name}>", text)
        for channel in self.state.channels.values():
            if channel.name and (channel.kind == "public" or person.id in channel.members):
                shown = channel.name if channel.kind == "public" else ""
                text = _named(f"#{channel.name}", f"<#{channel.id}|{shown}>", text)
        return text

    def _typed(self, text: str) -> str:
        text = escape(text)
        for user in self.state.users.values():
            text = _named(f"@{user.name}", f"<@{user.id}>", text)
        return text

    def _slackbot(self, channel: Channel, person: User, text: str) -> None:
        self.state.post(channel, SLACKBOT.id, text, ephemeral_to=person.id)


def _subscription(event: Json) -> str:
    """Name an event as a manifest subscribes to it: messages by the kind of their channel."""
    if event["type"] != "message":
        return str(event["type"])
    return f"message.{event['channel_type']}{'' if event['channel_type'] == 'im' else 's'}"


def _find(blocks: list[Json], action_id: str, value: object) -> tuple[Json, Json]:
    """Find the element that a click means; of several buttons, the one with that value."""
    found = [pair for pair in elements_of(blocks) if pair[1]["action_id"] == action_id]
    exact = [pair for pair in found if value is not None and pair[1].get("value") == value]
    if not found:
        known = ", ".join(element["action_id"] for _, element in elements_of(blocks))
        raise LookupError(f"nothing here has the action_id {action_id!r}; there is: {known}")
    return (exact or found)[0]


def _named(name: str, reference: str, text: str) -> str:
    return re.sub(rf"(?<![^\s=]){re.escape(name)}(?![\w-])", reference, text, flags=re.IGNORECASE)


def escape(text: str) -> str:
    return re.sub("[&<>]", lambda found: ESCAPES[found[0]], text)
