"""Slack's blocks as small functions, each cut to the limit that Slack refuses a message for."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from bot.asking import Block

SECTION, HEADER, BUTTON, OPTION, CONFIRM, MODAL_TITLE = 3_000, 150, 75, 75, 300, 24  # characters
OPTIONS, TICKED, OVERFLOW = 100, 10, 5  # that a menu, boxes to tick and `⋯` can offer
# Where menus of people and channels and the pickers say what was chosen.
PICKED = (
    "selected_user",
    "selected_conversation",
    "selected_channel",
    "selected_date",
    "selected_time",
)


def cut(text: str, limit: int) -> str:
    """Shorten a text to a number of characters, never inside an escape such as `&amp;`."""
    if len(text) <= limit:
        return text
    short = text[: limit - 1]
    start = short.rfind("&", limit - 6)
    return (short[:start] if start > 0 and ";" not in short[start:] else short) + "…"


def header(text: str) -> Block:
    return {"type": "header", "text": _plain(text, HEADER)}


def section(text: str, *, accessory: Block | None = None) -> Block:
    block: Block = {"type": "section", "text": {"type": "mrkdwn", "text": cut(text, SECTION)}}
    return block | ({"accessory": accessory} if accessory else {})


def context(text: str) -> Block:
    return {"type": "context", "elements": [{"type": "mrkdwn", "text": cut(text, SECTION)}]}


def actions(*elements: Block) -> Block:
    return {"type": "actions", "elements": list(elements)}


def button(
    text: str,
    action: str,
    value: str,
    *,
    style: str | None = None,
    confirm: Block | None = None,
) -> Block:
    """Make a button; `style` is primary or danger, `confirm` is asked before it acts."""
    made: Block = {"type": "button", "action_id": action, "value": value}
    made["text"] = _plain(text, BUTTON)
    return made | ({"style": style} if style else {}) | ({"confirm": confirm} if confirm else {})


def confirm(title: str, text: str, *, yes: str, no: str) -> Block:
    return {
        "title": _plain(title, 100),
        "text": _plain(text, CONFIRM),
        "confirm": _plain(yes, 30),
        "deny": _plain(no, 30),
    }


def select(
    action: str, placeholder: str, options: Mapping[str, str], *, chosen: str | None = None
) -> Block:
    """Make a menu of `options`, value -> text; the first hundred are offered."""
    offered = _offered(options, OPTIONS)
    made: Block = {"type": "static_select", "action_id": action, "options": list(offered.values())}
    made["placeholder"] = _plain(placeholder, 150)
    return made | ({"initial_option": offered[chosen]} if chosen in offered else {})


def multi_select(
    action: str, placeholder: str, options: Mapping[str, str], *, chosen: Collection[str] = ()
) -> Block:
    """Make a menu of which several may be chosen, for a section or an input."""
    made = _several("multi_static_select", action, _offered(options, OPTIONS), chosen)
    return made | {"placeholder": _plain(placeholder, 150)}


def checkboxes(action: str, options: Mapping[str, str], *, chosen: Collection[str] = ()) -> Block:
    """Make boxes to tick, ten at most."""
    return _several("checkboxes", action, _offered(options, TICKED), chosen)


def radio(action: str, options: Mapping[str, str], *, chosen: str | None = None) -> Block:
    """Make a choice of one, of ten at most."""
    offered = _offered(options, TICKED)
    made: Block = {"type": "radio_buttons", "action_id": action, "options": list(offered.values())}
    return made | ({"initial_option": offered[chosen]} if chosen in offered else {})


def overflow(action: str, options: Mapping[str, str]) -> Block:
    """Make a menu behind `⋯`, of five at most."""
    return {
        "type": "overflow",
        "action_id": action,
        "options": list(_offered(options, OVERFLOW).values()),
    }


def person_select(action: str, placeholder: str, *, chosen: str = "") -> Block:
    made: Block = {"type": "users_select", "action_id": action}
    made |= {"placeholder": _plain(placeholder, 150)}
    return made | ({"initial_user": chosen} if chosen else {})


def channel_select(action: str, placeholder: str, *, chosen: str = "") -> Block:
    """Make a menu of the channels, private ones too, that the person is in."""
    made: Block = {"type": "conversations_select", "action_id": action}
    made |= {"placeholder": _plain(placeholder, 150)}
    made |= {"filter": {"include": ["public", "private"]}}
    return made | ({"initial_conversation": chosen} if chosen else {})


def date_picker(action: str, *, day: str = "") -> Block:
    """Make a picker of a day, YYYY-MM-DD."""
    return {"type": "datepicker", "action_id": action} | ({"initial_date": day} if day else {})


def time_picker(action: str, *, time: str = "") -> Block:
    """Make a picker of a time of day, HH:MM."""
    return {"type": "timepicker", "action_id": action} | ({"initial_time": time} if time else {})


def number_input(
    action: str, *, value: int | None = None, least: int | None = None, most: int | None = None
) -> Block:
    """Make an input of a whole number, for a modal."""
    limits = {"initial_value": value, "min_value": least, "max_value": most}
    made: Block = {"type": "number_input", "action_id": action, "is_decimal_allowed": False}
    return made | {name: str(limit) for name, limit in limits.items() if limit is not None}


def text_input(
    action: str, *, value: str = "", placeholder: str = "", multiline: bool = False
) -> Block:
    made: Block = {"type": "plain_text_input", "action_id": action, "multiline": multiline}
    made |= {"initial_value": value} if value else {}
    return made | ({"placeholder": _plain(placeholder, 150)} if placeholder else {})


def field(
    name: str, label: str, element: Block, *, optional: bool = False, hint: str = ""
) -> Block:
    """Make an input of a modal; `name` is its block_id."""
    made: Block = {"type": "input", "block_id": name, "label": _plain(label, 2_000)}
    made |= {"element": element, "optional": optional}
    return made | ({"hint": _plain(hint, 2_000)} if hint else {})


def modal(
    callback: str,
    title: str,
    blocks: Sequence[Block],
    *,
    submit: str | None = None,
    metadata: Mapping[str, Any] | None = None,
) -> Block:
    view: Block = {"type": "modal", "callback_id": callback, "title": _plain(title, MODAL_TITLE)}
    view |= {"blocks": list(blocks), "private_metadata": json.dumps(metadata or {})}
    return view | ({"submit": _plain(submit, MODAL_TITLE)} if submit else {})


def typed(values: Mapping[str, Any], name: str) -> str:
    """Read what was typed or chosen in a modal's input; nothing is an empty text."""
    return read(next(iter(values.get(name, {}).values()), {})).strip()


def ticked(values: Mapping[str, Any], name: str) -> list[str]:
    """Read which of several options were chosen in a modal's input."""
    element: Mapping[str, Any] = next(iter(values.get(name, {}).values()), {})
    return [str(option["value"]) for option in element.get("selected_options") or []]


def read(element: Mapping[str, Any]) -> str:
    """Give what an element carries: what a button is worth, what was typed, chosen or picked."""
    chosen = element.get("selected_option") or {}
    picked = next((element[name] for name in PICKED if element.get(name)), "")
    return str(element.get("value") or chosen.get("value") or picked)


def _offered(options: Mapping[str, str], most: int) -> dict[str, Block]:
    return {
        value: {"text": _plain(text or " ", OPTION), "value": value}
        for value, text in list(options.items())[:most]
    }


def _several(
    kind: str, action: str, offered: Mapping[str, Block], chosen: Collection[str]
) -> Block:
    made: Block = {"type": kind, "action_id": action, "options": list(offered.values())}
    initial = [option for value, option in offered.items() if value in chosen]
    return made | ({"initial_options": initial} if initial else {})


def _plain(text: str, limit: int) -> Block:
    return {"type": "plain_text", "text": cut(text, limit)}
