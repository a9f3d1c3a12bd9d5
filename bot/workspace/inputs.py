"""What a person picks or types in an element, in the shape the app receives it."""

from __future__ import annotations

from typing import Any

from bot.workspace.limits import elements_of
from bot.workspace.records import Json, SlackError
from bot.workspace.shapes import file_json
from bot.workspace.state import State

PICKED = {
    "datepicker": "selected_date",
    "plain_text_input": "value",
    "number_input": "value",
}
ONE_OF = {"static_select", "radio_buttons", "overflow"}
SOME_OF = {"multi_static_select", "checkboxes"}
MISSING = "Please complete this required field."


def find(blocks: list[Json], action_id: str, value: object) -> tuple[Json, Json]:
    """Find the element that a click means; of several buttons, the one with that value."""
    found = [pair for pair in elements_of(blocks) if pair[1]["action_id"] == action_id]
    exact = [pair for pair in found if value is not None and pair[1].get("value") == value]
    if not found:
        known = ", ".join(element["action_id"] for _, element in elements_of(blocks))
        raise LookupError(f"nothing here has the action_id {action_id!r}; there is: {known}")
    return (exact or found)[0]


def action(state: State, block: Json, element: Json, value: object) -> Json:
    """Build one entry of `actions`."""
    where = {"action_id": element["action_id"], "block_id": block["block_id"]}
    return chosen(state, element, value) | where


def chosen(state: State, element: Json, value: Any) -> Json:  # noqa: ANN401
    """Say what was chosen in an element: `value` is a text, an option's value, or a list of them.

    For a file_input it is a list of file ids; a button carries its own value.
    """
    kind = element["type"]
    picked: Json = {"type": kind}
    if kind == "button":
        return picked | {key: element[key] for key in ("text", "value", "style") if key in element}
    if kind == "file_input":
        return picked | {
            "files": [file_json(state, state.file(file_id)) for file_id in value or []]
        }
    if kind in ONE_OF:
        return picked | {"selected_option": _option(element, value)}
    if kind in SOME_OF:
        return picked | {"selected_options": [_option(element, one) for one in value or []]}
    return picked | {PICKED[kind]: value if value is None else str(value)}


def _option(element: Json, value: object) -> Json | None:
    if value is None:
        return None
    groups = element.get("option_groups") or []
    options = [*element.get("options", []), *(o for group in groups for o in group["options"])]
    for option in options:
        if option["value"] == value:
            return dict(option)
    raise LookupError(f"{element['action_id']} has no option {value!r}")


def initial(element: Json) -> Any:  # noqa: ANN401
    """Give what stands in an element before anyone touches it, as `chosen` takes it."""
    if option := element.get("initial_option"):
        return option["value"]
    if options := element.get("initial_options"):
        return [option["value"] for option in options]
    return element.get("initial_value", element.get("initial_date"))


def fill(state: State, view: Json, values: Json) -> Json:
    """Build `state.values` of a view from values by block_id or action_id."""
    pairs = list(elements_of(view["blocks"]))
    known = {name for block, element in pairs for name in (block["block_id"], element["action_id"])}
    if unknown := set(values) - known:
        raise LookupError(f"the view has no input {sorted(unknown)}; it has {sorted(known)}")
    filled: Json = {}
    for block, element in pairs:
        if element["type"] in ("button", "overflow"):
            continue
        block_id, action_id = block["block_id"], element["action_id"]
        value = values.get(block_id, values.get(action_id, initial(element)))
        filled.setdefault(block_id, {})[action_id] = chosen(state, element, value)
    return filled


def incomplete(view: Json, filled: Json) -> dict[str, str]:
    """Name the required inputs that are still empty, as Slack's client does before it submits."""
    errors = {}
    for block, element in elements_of(view["blocks"]):
        if block["type"] != "input" or block.get("optional"):
            continue
        picked = filled[block["block_id"]][element["action_id"]]
        if not any(value for key, value in picked.items() if key != "type"):
            errors[block["block_id"]] = MISSING
    return errors


def must_be(condition: object, error: str) -> None:
    if not condition:
        raise SlackError(error)
