"""Read from what Slack sends who asks, from where, and under which key."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from bot import blocks
from bot.asking import Asker

Body = Mapping[str, Any]


def command(body: Body) -> Asker:
    return Asker(
        key=_key(body),
        user=body["user_id"],
        channel=body["channel_id"],
        trigger_id=body.get("trigger_id"),
        response_url=body.get("response_url"),
    )


def interaction(body: Body) -> Asker:
    """Read a click or a shortcut, in a message or in a view."""
    message = body.get("message") or {}
    view = body.get("view") or {}
    return Asker(
        key=_key(body),
        user=body["user"]["id"],
        channel=(body.get("channel") or {}).get("id") or _metadata(view, "channel"),
        trigger_id=body.get("trigger_id"),
        response_url=body.get("response_url"),
        thread_ts=message.get("thread_ts"),
        message=message,
        chosen=_chosen(body.get("state") or view.get("state") or {}),
    )


def submission(body: Body) -> Asker:
    """Read a submitted modal; its key is the view's, so that a double click submits it once."""
    view = body["view"]
    return Asker(
        key=view["id"],
        user=body["user"]["id"],
        channel=_metadata(view, "channel"),
        trigger_id=body.get("trigger_id"),
        response_url=_metadata(view, "response_url") or None,
    )


def event(body: Body, number: int) -> Asker:
    """Read an event; `number` tells apart those who hear the same one."""
    happened = body["event"]
    user = happened.get("user") or happened.get("user_id") or ""
    return Asker(
        key=f"{body.get('event_id') or _key(body)}:{number}",
        user=user["id"] if isinstance(user, dict) else user,  # of team_join the whole person
        channel=happened.get("channel") or happened.get("channel_id") or "",
        thread_ts=happened.get("thread_ts"),
        message=happened,
    )


def value(action: Body) -> str:
    """Give what a button carries, or what was chosen or picked."""
    return blocks.read(action)


def _key(body: Body) -> str:
    """Name a request: its trigger id, or a digest where a stand-in for Slack sends none."""
    if trigger := body.get("trigger_id"):
        return str(trigger)
    return hashlib.sha256(json.dumps(body, sort_keys=True).encode()).hexdigest()


def _chosen(state: Body) -> dict[str, str]:
    """Give what is chosen in menus, by their action_id."""
    elements = [pair for block in state.get("values", {}).values() for pair in block.items()]
    return {name: value(element) for name, element in elements if value(element)}


def _metadata(view: Body, name: str) -> str:
    """Read a modal's metadata, e.g. the channel it was opened in: `{"channel": "C1", …}`."""
    try:
        return str(json.loads(view.get("private_metadata", ""))[name])
    except (ValueError, TypeError, KeyError):
        return ""
