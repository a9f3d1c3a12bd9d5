"""The blocks and views that Slack takes, as one table, and its words for what it refuses."""

from __future__ import annotations

import copy
import re
import secrets
from collections.abc import Callable, Iterator

from bot.workspace.records import Json, SlackError

Check = Callable[[object, str], Iterator[str]]  # a value and its JSON pointer -> breaches
ALL_CHARACTERS = 13_000  # in all blocks of one message, about


def _breach(words: str, at: str) -> str:
    return f"[ERROR] {words} [json-pointer:{at}]"


# --- what a value may be --------------------------------------------------------------------


def among(*allowed: object) -> Check:
    def check(value: object, at: str) -> Iterator[str]:
        if value not in allowed:
            yield _breach("failed to match all allowed schemas", at)

    return check


def matching(pattern: str, what: str) -> Check:
    def check(value: object, at: str) -> Iterator[str]:
        if not isinstance(value, str) or not re.fullmatch(pattern, value):
            yield _breach(f"must be {what}", at)

    return check


def chars(most: int, least: int = 1) -> Check:
    def check(value: object, at: str) -> Iterator[str]:
        if not isinstance(value, str):
            yield _breach("must be a string", at)
        elif len(value) > most:
            yield _breach(f"must be less than {most + 1} characters", at)
        elif len(value) < least:
            yield _breach(f"must be more than {least - 1} characters", at)

    return check


def array(inside: Check, most: int, least: int = 0) -> Check:
    def check(value: object, at: str) -> Iterator[str]:
        if not isinstance(value, list) or len(value) > most:
            yield _breach(f"no more than {most} items allowed", at)
            return
        if len(value) < least:
            yield _breach(f"no fewer than {least} items allowed", at)
        for number, item in enumerate(value):
            yield from inside(item, f"{at}/{number}")

    return check


def shape(needed: str, **fields: Check) -> Check:
    """Check an object; `needed` names the fields it must have, `a|b` one of two."""

    def check(value: object, at: str) -> Iterator[str]:
        given = value if isinstance(value, dict) else {}
        for names in needed.split():
            if not given.keys() & set(names.split("|")):
                yield _breach(f"missing required field: {names}", at)
        for name in given.keys() - fields.keys() - {"type"}:
            yield _breach(f"invalid additional property: {name}", at)
        for name in given.keys() & fields.keys():
            yield from fields[name](given[name], f"{at}/{name}")

    return check


def typed(**shapes: Check) -> Check:
    """Check an object by the shape that its `type` names."""

    def check(value: object, at: str) -> Iterator[str]:
        kind = value.get("type") if isinstance(value, dict) else None
        if kind in shapes:
            yield from shapes[kind](value, at)
        else:
            yield _breach(f"unsupported type: {kind}", at)

    return check


# --- the table ------------------------------------------------------------------------------

ID, FLAG, STYLE = chars(255), among(True, False), among("primary", "danger")


def _text(most: int, *kinds: str) -> Check:
    """Check a text object, plain_text where no kinds are named."""
    words = shape("text", text=chars(most), emoji=FLAG, verbatim=FLAG)
    return typed(**dict.fromkeys(kinds or ("plain_text",), words))


BOTH = ("plain_text", "mrkdwn")
OPTION = shape("text value", text=_text(75), value=chars(150), description=_text(75))
ASKS = {"title": _text(100), "text": _text(300, *BOTH), "confirm": _text(30), "deny": _text(30)}
ACTS = {"action_id": ID, "confirm": shape("title text confirm deny", **ASKS, style=STYLE)}
RICH = shape("text value", text=_text(75, *BOTH), value=chars(150), description=_text(75, *BOTH))
LINK = shape("text value", text=_text(75), value=chars(150), url=chars(3000))
BUTTON = {"text": _text(75), "value": chars(2000, 0), "url": chars(3000), "style": STYLE}
HINTED = ACTS | {"placeholder": _text(150)}
OPTIONS = {"options": array(OPTION, 100, 1)}
SELECT = HINTED | OPTIONS | {"initial_option": OPTION}
SEVERAL = OPTIONS | {
    "initial_options": array(OPTION, 100, 1),
    "max_selected_items": among(*range(1, 101)),
}
TICKED = {"options": array(RICH, 10, 1), "initial_options": array(RICH, 10, 1)}
ONE = {"options": array(RICH, 10, 1), "initial_option": RICH}
DATE = matching(r"\d{4}-\d\d-\d\d", "a date as YYYY-MM-DD")
TIME = matching(r"([01]\d|2[0-3]):[0-5]\d", "a time as HH:mm")
NUMBER = matching(r"-?\d+(\.\d+)?", "a number in a string")
NUMBERS = dict.fromkeys(("initial_value", "min_value", "max_value"), NUMBER)
KINDS = shape("include", include=array(among("public", "private", "im", "mpim"), 4, 1))
TYPED = {"placeholder": _text(150), "initial_value": chars(3000), "multiline": FLAG}
FILES = {"filetypes": array(chars(20), 50), "max_files": among(*range(1, 11))}
PICKED = {  # these stand in sections, actions and inputs
    "static_select": shape("options", **SELECT),
    "users_select": shape("", **HINTED, initial_user=ID),
    "conversations_select": shape("", **HINTED, initial_conversation=ID, filter=KINDS),
    "channels_select": shape("", **HINTED, initial_channel=ID),
    "datepicker": shape("", **HINTED, initial_date=DATE),
    "timepicker": shape("", **HINTED, initial_time=TIME, timezone=chars(100)),
    "checkboxes": shape("options", **ACTS, **TICKED),
    "radio_buttons": shape("options", **ACTS, **ONE),
}
PRESSED = {
    "button": shape("text", **ACTS, **BUTTON),
    "overflow": shape("options", **ACTS, options=array(LINK, 5, 1)),
}
MULTI = {"multi_static_select": shape("options", **HINTED, **SEVERAL)}
BUTTONS = PICKED | PRESSED
INPUTS = {
    **PICKED,
    **MULTI,
    "plain_text_input": shape("", action_id=ID, **TYPED),
    "number_input": shape("is_decimal_allowed", **HINTED, **NUMBERS, is_decimal_allowed=FLAG),
    "file_input": shape("", action_id=ID, **FILES),
}
SECTION = {"text": _text(3000, *BOTH), "fields": array(_text(2000, *BOTH), 10)}
ASKED = {
    "label": _text(2000),
    "element": typed(**INPUTS),
    "hint": _text(2000),
    "optional": FLAG,
    "dispatch_action": FLAG,
}
IN_MESSAGE = {
    "header": shape("text", block_id=ID, text=_text(150)),
    "divider": shape("", block_id=ID),
    "section": shape("text|fields", block_id=ID, **SECTION, accessory=typed(**BUTTONS | MULTI)),
    "context": shape("elements", block_id=ID, elements=array(_text(3000, *BOTH), 10)),
    "actions": shape("elements", block_id=ID, elements=array(typed(**BUTTONS), 25)),
}
MESSAGE = array(typed(**IN_MESSAGE), 50)
IN_VIEW = array(typed(**IN_MESSAGE, input=shape("label element", block_id=ID, **ASKED)), 100)
VIEW = {"blocks": IN_VIEW, "callback_id": ID, "private_metadata": chars(3000, 0)}
TITLES = {"title": _text(24), "submit": _text(24), "close": _text(24)}
VIEWS = {
    "modal": typed(modal=shape("title blocks", **VIEW, **TITLES)),
    "home": typed(home=shape("blocks", **VIEW)),
}


# --- what is asked of it --------------------------------------------------------------------


def check_blocks(blocks: list[Json]) -> list[Json]:
    """Give back a message's blocks with their ids filled in; refuse what Slack refuses."""
    if breaches := list(MESSAGE(blocks, "/blocks")) or _same_ids(blocks):
        raise SlackError("invalid_blocks", *breaches, errors=breaches)
    if _characters(blocks) > ALL_CHARACTERS:
        raise SlackError("msg_blocks_too_long")
    return _with_ids(blocks)


def check_view(view: Json, kind: str) -> Json:
    """Give back a `modal` or `home` with its blocks' ids filled in; refuse what Slack refuses."""
    breaches = list(VIEWS[kind](view, "/view")) or _same_ids(view["blocks"])
    if breaches:
        raise SlackError("invalid_arguments", *breaches)
    if kind == "modal" and "submit" not in view and any("element" in b for b in view["blocks"]):
        raise SlackError("invalid_arguments", _breach("missing required field: submit", "/view"))
    return view | {"blocks": _with_ids(view["blocks"])}


def elements_of(blocks: list[Json]) -> Iterator[tuple[Json, Json]]:
    """Yield each block with each of its interactive elements."""
    for block in blocks:
        inside = [*block.get("elements", []), block.get("accessory"), block.get("element")]
        for element in inside:
            if element and element["type"] in BUTTONS | INPUTS:
                yield block, element


def _same_ids(blocks: list[Json]) -> list[str]:
    ids = [block["block_id"] for block in blocks if "block_id" in block]
    twice = sorted({block_id for block_id in ids if ids.count(block_id) > 1})
    return [_breach(f"duplicate block_id: {block_id}", "/blocks") for block_id in twice]


def _characters(part: object) -> int:
    if isinstance(part, str):
        return len(part)
    inside = part.values() if isinstance(part, dict) else part if isinstance(part, list) else ()
    return sum(map(_characters, inside))


def _with_ids(blocks: list[Json]) -> list[Json]:
    """Name what the app left unnamed."""
    named = copy.deepcopy(blocks)
    for block in named:
        block.setdefault("block_id", secrets.token_urlsafe(4))
    for _, element in elements_of(named):
        element.setdefault("action_id", secrets.token_urlsafe(4))
    return named
