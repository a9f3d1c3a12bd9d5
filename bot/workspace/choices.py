"""What is picked or typed in interactive elements, in the shapes in which an app receives it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from bot.workspace.limits import elements_of
from bot.workspace.payloads import file_json
from bot.workspace.records import Json
from bot.workspace.state import State

MISSING = "Please complete this required field."
# element type -> under which name what is chosen stands; what it begins with is `initial_…`.
CHOSEN = {
    "static_select": "selected_option",
    "radio_buttons": "selected_option",
    "overflow": "selected_option",
    "checkboxes": "selected_options",
    "multi_static_select": "selected_options",
    "users_select": "selected_user",
    "conversations_select": "selected_conversation",
    "channels_select": "selected_channel",
    "datepicker": "selected_date",
    "timepicker": "selected_time",
    "file_input": "files",
}
STATELESS = {"button", "overflow"}  # what they carry is told once, when they are pressed


def chosen(state: State, element: Json, value: Any) -> Json:  # noqa: ANN401
    """Say what was chosen.

    `value` is an option's value or several, a person or channel by name or id, a date or time as
    text, the ids of files, or what was typed. A button carries its own.
    """
    kind = element["type"]
    if kind == "button":
        return {key: part for key, part in element.items() if key in ("type", "text", "value")}
    name = CHOSEN.get(kind, "value")
    if name in SEVERAL:
        return {"type": kind, name: [SEVERAL[name](state, element, one) for one in value or []]}
    read = READ.get(name, _as_text)
    return {"type": kind, name: None if value is None else read(state, element, value)}


def filled(state: State, view: Json, values: Mapping[str, Any]) -> Json:
    """Build `state.values` of a view: what is given by block_id or action_id, else what stands there.

    LookupError where the view has no such input.
    """
    pairs = [pair for pair in elements_of(view["blocks"]) if pair[1]["type"] not in STATELESS]
    known = {name for block, part in pairs for name in (block["block_id"], part["action_id"])}
    if unknown := values.keys() - known:
        raise LookupError(f"the view has no input {sorted(unknown)}; it has {sorted(known)}")
    made: Json = {}
    for block, element in pairs:
        block_id, action_id = block["block_id"], element["action_id"]
        given = [values[name] for name in (block_id, action_id) if name in values]
        stands = view.get("state", {}).get("values", {}).get(block_id, {}).get(action_id, {})
        if given or stands.get("type") != element["type"]:
            stands = chosen(state, element, given[0] if given else _initial(element))
        made.setdefault(block_id, {})[action_id] = stands
    return made


def refused(view: Json, values: Json) -> dict[str, str]:
    """Say what Slack's client says before it submits: required inputs, numbers in their range."""
    errors = {}
    for block, element in elements_of(view["blocks"]):
        if block["type"] != "input":
            continue
        picked = values[block["block_id"]][element["action_id"]]
        if not any(value for key, value in picked.items() if key != "type"):
            if not block.get("optional"):
                errors[block["block_id"]] = MISSING
        elif element["type"] == "number_input" and not _fits(element, picked["value"]):
            errors[block["block_id"]] = "Enter a number in the range."
    return errors


def _initial(element: Json) -> object:
    """Give what an element begins with, as a person would have chosen it."""
    if options := element.get("initial_options"):
        return [option["value"] for option in options]
    if option := element.get("initial_option"):
        return option["value"]
    name = CHOSEN.get(element["type"], "value")
    return element.get(f"initial_{name.removeprefix('selected_')}")


def _option(_: State, element: Json, value: object) -> Json:
    for option in element["options"]:
        if option["value"] == value:
            return dict(option)
    raise LookupError(f"{element['action_id']} has no option {value!r}")


def _as_text(_: State, __: Json, value: object) -> str:
    return str(value)


def _fits(element: Json, typed: str) -> bool:
    try:
        number = float(typed) if element["is_decimal_allowed"] else int(typed)
    except ValueError:
        return False
    least, most = (float(element.get(name, number)) for name in ("min_value", "max_value"))
    return least <= number <= most


READ: dict[str, Callable[[State, Json, str], object]] = {
    "selected_option": _option,
    "selected_user": lambda state, _, ref: state.user(ref).id,
    "selected_conversation": lambda state, _, ref: state.channel(ref).id,
    "selected_channel": lambda state, _, ref: state.channel(ref).id,
}
SEVERAL: dict[str, Callable[[State, Json, str], object]] = {
    "selected_options": _option,
    "files": lambda state, _, ref: file_json(state, state.file(ref)),
}
