"""What people do in a workspace: say, type commands, upload, click, fill in, open the Home tab.

People and channels are given by name or id ("ana", "general"); `ws.dm("ana").id` is a direct
message with the bot.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from bot.workspace import payloads, views
from bot.workspace.delivery import Delivered, Delivery
from bot.workspace.limits import elements_of
from bot.workspace.records import Change, Channel, File, Json, Message, SlackError, User
from bot.workspace.state import SLACKBOT, State

ESCAPES = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}
MISSING = "Please complete this required field."


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

    async def slash(self, user: str, channel: str, command: str, text: str = "") -> Delivered:
        """Type a slash command; the asker is told where nobody acknowledges it."""
        person, place = self._at(user, channel)
        known = [one["command"] for one in self.state.features.get("slash_commands", [])]
        if self.state.manifest is not None and command not in known:
            self._slackbot(place, person, f"{command} is not a valid command.")
            return Delivered("slash_commands", 0, error="unknown_command")
        text = escape(text.strip())
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
        self, user: str, where: Message | Json, action_id: str, value: object = None
    ) -> Delivered:
        """Press a button or choose in a menu of a message or a view.

        `value` is a menu's option value, or picks one of several buttons.
        """
        person = self.state.user(user)
        if isinstance(where, Message):
            blocks, values = where.blocks, where.selected.setdefault(person.id, {})
            about = payloads.on_message(self.state, person, where) | {"state": {"values": values}}
        else:
            blocks, values = where["blocks"], where["state"]["values"]
            about = {"container": {"type": "view", "view_id": where["id"]}, "view": where}
        block, element = _find(blocks, action_id, value)
        action = self._chosen(element, value)
        if element["type"] != "button":
            values.setdefault(block["block_id"], {})[action_id] = action
        action = action | {"action_id": action_id, "block_id": block["block_id"]}
        return await self._interact("block_actions", person, about | {"actions": [action]})

    async def submit_view(self, user: str, view_id: str, values: Mapping[str, Any]) -> Delivered:
        """Fill in a modal by block_id or action_id and submit it; errors come back in `reply`."""
        person, view = self.state.user(user), self.view(user, view_id)
        filled = self._filled(view, values)
        if errors := _incomplete(view, filled):
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

    async def invite(self, channel: str, user: str) -> None:
        """Bring someone (or the bot) into a channel."""
        self.state.channel(channel).members.append(self.state.user(user).id)
        self.state.tell(Change("other"))

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
        if wanted is None or event["type"] in wanted["bot_events"]:
            self._delivery.event(payloads.envelope(self.state, event))

    async def _interact(self, kind: str, person: User, about: Json) -> Delivered:
        payload = payloads.interaction(self.state, kind, person, about)
        return await self._delivery.interaction("interactive", payload)

    def _at(self, user: str, channel: str) -> tuple[User, Channel]:
        person, place = self.state.user(user), self.state.channel(channel)
        if person.id not in place.members:
            raise SlackError("not_in_channel")
        return person, place

    def _typed(self, text: str) -> str:
        text = escape(text)
        for user in self.state.users.values():
            text = re.sub(rf"(?<!\S)@{user.name}\b", f"<@{user.id}>", text, flags=re.IGNORECASE)
        return text

    def _slackbot(self, channel: Channel, person: User, text: str) -> None:
        self.state.post(channel, SLACKBOT.id, text, ephemeral_to=person.id)

    # --- what is picked or typed ---

    def _filled(self, view: Json, values: Mapping[str, Any]) -> Json:
        """Build `state.values` of a view from values by block_id or action_id."""
        pairs = [pair for pair in elements_of(view["blocks"]) if pair[1]["type"] != "button"]
        known = {name for block, part in pairs for name in (block["block_id"], part["action_id"])}
        if unknown := values.keys() - known:
            raise LookupError(f"the view has no input {sorted(unknown)}; it has {sorted(known)}")
        filled: Json = {}
        for block, element in pairs:
            block_id, action_id = block["block_id"], element["action_id"]
            initial = element.get("initial_option", {}).get("value", element.get("initial_value"))
            value = values.get(block_id, values.get(action_id, initial))
            filled.setdefault(block_id, {})[action_id] = self._chosen(element, value)
        return filled

    def _chosen(self, element: Json, value: Any) -> Json:  # noqa: ANN401
        """Say what was chosen: a button's own value, an option, a text, or the files of these ids."""
        kind = element["type"]
        if kind == "button":
            return {key: part for key, part in element.items() if key in ("type", "text", "value")}
        if kind == "static_select":
            return {"type": kind, "selected_option": _option(element, value)}
        if kind == "file_input":
            files = [self.state.file(file_id) for file_id in value or []]
            return {"type": kind, "files": [payloads.file_json(self.state, f) for f in files]}
        return {"type": kind, "value": None if value is None else str(value)}


def _find(blocks: list[Json], action_id: str, value: object) -> tuple[Json, Json]:
    """Find the element that a click means; of several buttons, the one with that value."""
    found = [pair for pair in elements_of(blocks) if pair[1]["action_id"] == action_id]
    exact = [pair for pair in found if value is not None and pair[1].get("value") == value]
    if not found:
        known = ", ".join(element["action_id"] for _, element in elements_of(blocks))
        raise LookupError(f"nothing here has the action_id {action_id!r}; there is: {known}")
    return (exact or found)[0]


def _option(element: Json, value: object) -> Json | None:
    if value is None:
        return None
    for option in element["options"]:
        if option["value"] == value:
            return dict(option)
    raise LookupError(f"{element['action_id']} has no option {value!r}")


def _incomplete(view: Json, filled: Json) -> dict[str, str]:
    """Name the required inputs that are still empty, as Slack's client does before it submits."""
    errors = {}
    for block, element in elements_of(view["blocks"]):
        if block["type"] == "input" and not block.get("optional"):
            picked = filled[block["block_id"]][element["action_id"]]
            if not any(value for key, value in picked.items() if key != "type"):
                errors[block["block_id"]] = MISSING
    return errors


def escape(text: str) -> str:
    return re.sub("[&<>]", lambda found: ESCAPES[found[0]], text)
