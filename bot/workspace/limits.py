"""Refuse the blocks and views that Slack refuses, in its words and with a JSON pointer."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from bot.workspace.blocks import Blocks, View
from bot.workspace.records import Json, SlackError

ALL_CHARACTERS = 13_000  # in all blocks of one message, about


def check_blocks(blocks: list[Json]) -> list[Json]:
    """Give back a message's blocks with their ids filled in; refuse what Slack refuses."""
    breaches = _breaches(Blocks, {"blocks": blocks}) or _same_ids(blocks)
    if breaches:
        raise SlackError("invalid_blocks", *breaches, errors=breaches)
    if sum(block["type"] == "table" for block in blocks) > 1:
        raise SlackError("only_one_table_allowed")
    if sum(map(len, _strings(blocks))) > ALL_CHARACTERS:
        raise SlackError("msg_blocks_too_long")
    return _with_ids(blocks)


def check_view(view: Json) -> Json:
    """Give back a view with its blocks' ids filled in; refuse what Slack refuses."""
    breaches = _breaches(View, {"view": view}) or _same_ids(view["blocks"])
    if breaches:
        raise SlackError("invalid_arguments", *breaches)
    return view | {"blocks": _with_ids(view["blocks"])}


def elements_of(blocks: list[Json]) -> Iterator[tuple[Json, Json]]:
    """Yield each block with each of its interactive elements."""
    for block in blocks:
        inside = [*block.get("elements", []), block.get("accessory"), block.get("element")]
        for element in inside:
            if element and "action_id" in element:
                yield block, element


def _breaches(shape: type[BaseModel], value: Json) -> list[str]:
    try:
        shape.model_validate(value)
    except ValidationError as error:
        return [_in_slacks_words(detail, value) for detail in error.errors()]
    return []


def _in_slacks_words(detail: ErrorDetails, value: Json) -> str:
    path = _pointer(detail["loc"], value)
    kind, limits, name = detail["type"], detail.get("ctx", {}), str(detail["loc"][-1])
    words = {
        "string_too_long": "must be less than {over} characters",
        "string_too_short": "must be more than {under} characters",
        "too_long": "no more than {max_length} items allowed",
        "too_short": "no fewer than {min_length} items allowed",
        "missing": "missing required field: {name}",
        "extra_forbidden": "invalid additional property: {name}",
        "union_tag_invalid": "unsupported type: {tag}",
        "union_tag_not_found": "missing required field: type",
        "value_error": "{error}",
    }
    over, under = limits.get("max_length", 0) + 1, limits.get("min_length", 0) - 1
    pattern = words.get(kind, "failed to match all allowed schemas")
    said = pattern.format(**limits, over=over, under=under, name=name)
    return f"[ERROR] {said} [json-pointer:{path}]"


def _pointer(loc: tuple[int | str, ...], value: Any) -> str:  # noqa: ANN401
    """Walk a pydantic location through the value, dropping the union tags in it."""
    path = ""
    for part in loc:
        inside = isinstance(value, dict) and part in value
        if inside or (isinstance(value, list) and isinstance(part, int)):
            value = value[part]
            path += f"/{part}"
    return path


def _same_ids(blocks: list[Json]) -> list[str]:
    ids = [block["block_id"] for block in blocks if block.get("block_id")]
    twice = sorted({block_id for block_id in ids if ids.count(block_id) > 1})
    return [f"[ERROR] duplicate block_id: {block_id} [json-pointer:/blocks]" for block_id in twice]


def _strings(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for inner in value.values():
            yield from _strings(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _strings(inner)


INTERACTIVE = {
    "button", "static_select", "multi_static_select", "overflow", "datepicker", "checkboxes",
    "radio_buttons", "plain_text_input", "number_input", "file_input",
}  # fmt: skip


def _with_ids(blocks: list[Json]) -> list[Json]:
    return [_named(_with_named_elements(block), "block_id") for block in blocks]


def _with_named_elements(block: Json) -> Json:
    block = dict(block)
    for key in ("accessory", "element"):
        if key in block:
            block[key] = _named_element(block[key])
    if block["type"] == "actions":
        block["elements"] = [_named_element(element) for element in block["elements"]]
    return block


def _named_element(element: Json) -> Json:
    return _named(element, "action_id") if element["type"] in INTERACTIVE else element


def _named(part: Json, key: str) -> Json:
    return part if part.get(key) else part | {key: secrets.token_urlsafe(4)}
