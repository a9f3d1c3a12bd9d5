"""What people do in a workspace: say, type commands, upload, click, fill in, open the Home tab.

People and channels are given by name or id ("ana", "general"); `ws.dm("ana").id` is a direct
message with the bot.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from bot.workspace import inputs, payloads, views
from bot.workspace.delivery import Delivered, Delivery
from bot.workspace.events import Events
from bot.workspace.files import new_file
from bot.workspace.records import Channel, File, Json, Message, SlackError, User
from bot.workspace.responses import answer
from bot.workspace.state import State

ESCAPES = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}


class People:
    """The actions of people on one workspace."""

    def __init__(self, state: State, delivery: Delivery, events: Events) -> None:
        self.state = state
        self._delivery = delivery
        self._events = events

    async def say(
        self, user: str, channel: str, text: str, thread_ts: str | None = None
    ) -> Message:
        """Post as a person types: "@coach" mentions, "#general" links, the rest is escaped."""
        person, place = self._at(user, channel)
        text = self._mentions(escape(text), named=False)
        blocks = [_typed(text)]
        return self.state.post(place, person.id, text, blocks=blocks, thread_ts=thread_ts)

    async def slash(self, user: str, channel: str, command: str, text: str = "") -> Delivered:
        """Type a slash command; what the ack carried is posted, an absent ack told to the asker."""
        person, place = self._at(user, channel)
        known = self._command(command)
        if known is None:
            self._slackbot(place, person, f"{command} is not a valid command.")
            return Delivered("slash_commands", 0, error="unknown_command")
        text = escape(text.strip())
        if known.get("should_escape"):
            text = self._mentions(text, named=True)
        payload = payloads.slash_command(self.state, person, place, command, text)
        delivered = await self._delivery.interaction("slash_commands", payload)
        self._answer(payload["response_url"], delivered)
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
        file = new_file(self.state, name, person.id, content=content)
        text = self._mentions(escape(comment), named=False)
        return self.state.post(
            place, person.id, text, files=[file], thread_ts=thread_ts, subtype="file_share"
        )

    def keep(self, user: str, name: str, content: bytes) -> File:
        """Upload a file for a modal's file_input; it stands in no channel."""
        return new_file(self.state, name, self.state.user(user).id, content=content)

    async def click(
        self, user: str, where: Message | Json, action_id: str, value: object = None
    ) -> Delivered:
        """Press a button or choose in a menu of a message or a view.

        `value` is a menu's option value, a date, or picks one of several buttons.
        """
        person = self.state.user(user)
        blocks = where.blocks if isinstance(where, Message) else where["blocks"]
        block, element = inputs.find(blocks, action_id, value)
        action = inputs.action(self.state, block, element, value)
        if isinstance(where, Message):
            self._remember(where.selected.setdefault(person.id, {}), action)
            payload = payloads.message_actions(self.state, person, where, action)
        else:
            self._remember(where["state"]["values"], action)
            payload = payloads.view_actions(self.state, person, where, action)
        return await self._delivery.interaction("interactive", payload)

    async def submit_view(self, user: str, view_id: str, values: Mapping[str, Any]) -> Delivered:
        """Fill in a modal by block_id or action_id and submit it; errors come back in `reply`."""
        person, view = self.state.user(user), self.view(user, view_id)
        filled = inputs.fill(self.state, view, dict(values))
        if errors := inputs.incomplete(view, filled):
            refusal = {"response_action": "errors", "errors": errors}
            return Delivered("interactive", 0, refusal)
        view["state"] = {"values": filled}
        payload = payloads.view_submission(self.state, person, view)
        delivered = await self._delivery.interaction("interactive", payload)
        if not delivered.error:
            self._follow(person, view, delivered.reply or {})
        return delivered

    async def close_view(self, user: str, view_id: str) -> None:
        person, view = self.state.user(user), self.view(user, view_id)
        views.close(self.state, person.id, view)
        if view["notify_on_close"]:
            payload = payloads.view_closed(self.state, person, view)
            await self._delivery.interaction("interactive", payload)

    async def shortcut(
        self, user: str, callback_id: str, message: Message | None = None
    ) -> Delivered:
        """Use a shortcut of the app: on a message, or from anywhere."""
        payload = payloads.shortcut(self.state, self.state.user(user), callback_id, message)
        return await self._delivery.interaction("interactive", payload)

    async def open_home(self, user: str) -> None:
        """Open the app's Home tab; the app hears of it and may publish a view."""
        person = self.state.user(user)
        opened: Json = {"type": "app_home_opened", "user": person.id, "tab": "home"}
        opened |= {"channel": self.state.dm(person.id).id, "event_ts": self.state.new_ts()}
        if person.id in self.state.homes:
            opened["view"] = self.state.homes[person.id]
        self._events.send("app_home_opened", opened)

    def add_person(self, name: str) -> User:
        """Bring someone new into the workspace, its public channels included."""
        return self.state.add_person(name)

    async def invite(self, channel: str, user: str) -> None:
        """Bring someone (or the bot) into a channel."""
        self.state.join(self.state.channel(channel), self.state.user(user).id)

    def view(self, user: str, view_id: str) -> Json:
        """Find an open modal or the Home tab of a person."""
        person = self.state.user(user).id
        shown = [*self.state.views.get(person, []), *filter(None, [self.state.homes.get(person)])]
        for view in shown:
            if view["id"] == view_id:
                return view
        raise SlackError("not_found")

    def _at(self, user: str, channel: str) -> tuple[User, Channel]:
        person, place = self.state.user(user), self.state.channel(channel)
        inputs.must_be(person.id in place.members, "not_in_channel")
        inputs.must_be(not place.is_archived, "is_archived")
        return person, place

    def _command(self, command: str) -> Json | None:
        if self.state.manifest is None:
            return {}
        commands: list[Json] = self.state.manifest["features"]["slash_commands"]
        return next((known for known in commands if known["command"] == command), None)

    def _mentions(self, text: str, *, named: bool) -> str:
        for user in self.state.users.values():
            code = f"<@{user.id}|{user.name}>" if named else f"<@{user.id}>"
            text = re.sub(rf"(?<!\S)@{user.name}\b", code, text, flags=re.IGNORECASE)
        for channel in self.state.channels.values():
            if channel.name:
                code = f"<#{channel.id}|{channel.name}>"
                text = re.sub(rf"(?<!\S)#{channel.name}\b", code, text)
        return text

    def _answer(self, response_url: str, delivered: Delivered) -> None:
        if delivered.reply and (delivered.reply.get("text") or delivered.reply.get("blocks")):
            answer(self.state, response_url.rpartition("/")[2], delivered.reply)

    def _slackbot(self, channel: Channel, person: User, text: str) -> None:
        more = {"ephemeral_to": person.id, "sender": "Slackbot"}
        self.state.post(channel, "USLACKBOT", text, **more)

    def _remember(self, values: Json, action: Json) -> None:
        if action["type"] in ("button", "overflow"):
            return
        picked = {
            key: value for key, value in action.items() if key not in ("action_id", "block_id")
        }
        values.setdefault(action["block_id"], {})[action["action_id"]] = picked

    def _follow(self, person: User, view: Json, reply: Json) -> None:
        """Do what the answer to a submission asks for."""
        wanted = reply.get("response_action")
        if wanted == "update":
            views.show(self.state, person.id, reply["view"], replaces=view)
        elif wanted == "push":
            views.show(self.state, person.id, reply["view"])
        elif wanted == "clear":
            views.clear(self.state, person.id)
        elif wanted != "errors":
            views.close(self.state, person.id, view)


def escape(text: str) -> str:
    return re.sub("[&<>]", lambda found: ESCAPES[found[0]], text)


def _typed(text: str) -> Json:
    """Wrap what a person typed in the rich_text block that Slack's composer makes."""
    parts = [part for part in re.split(r"(<@\w+>)", text) if part]
    elements = [
        {"type": "user", "user_id": part[2:-1]} if part.startswith("<@") else
        {"type": "text", "text": part}
        for part in parts
    ]  # fmt: skip
    section = {"type": "rich_text_section", "elements": elements}
    return {"type": "rich_text", "block_id": "typed", "elements": [section]}
