"""The Slack app's manifest, made from the usage table: commands, shortcut, scopes, events."""

from __future__ import annotations

from typing import Any

from bot.usage import USAGE

NAME = "Coach"
DESCRIPTIONS = {
    "/train": "Train models on your data sets, and let them serve",
    "/sentiment": "Tell the sentiment of a text, to you alone",
    "/coach": "Help, how Coach is doing, who is who",
}
HINT_CHARACTERS = 200
# callback_id, name, description
SHORTCUTS = [("use_as_data_set", "Use as data set", "Read the message's file as a data set")]
EVENTS = ["app_home_opened", "app_mention", "file_shared"]
SCOPES = {
    "app_mentions:read": "hear `@coach …`, which works in threads",
    "channels:history": "find out after a crash whether a message was posted; see dropped files",
    "chat:write": "answer",
    "commands": "slash commands and the shortcut",
    "files:read": "read a dropped file",
    "files:write": "post charts",
    "groups:history": "the same in private channels",
    "im:history": "the same in direct messages",
    "im:write": "write to a person where the channel is closed to Coach",
    "mpim:history": "the same in group messages",
}


def manifest(*, request_url: str | None = None) -> dict[str, Any]:
    """Build it for Socket Mode, or for signed HTTP at `request_url`."""
    url = {"request_url": request_url} if request_url else {}
    return {
        "display_information": {
            "name": NAME,
            "description": "Trains your team's models, from Slack",
            "background_color": "#2f4858",
        },
        "features": {
            "app_home": {
                "home_tab_enabled": True,
                "messages_tab_enabled": True,
                "messages_tab_read_only_enabled": False,
            },
            "bot_user": {"display_name": NAME, "always_online": True},
            "shortcuts": [
                {"name": name, "callback_id": id_, "description": description, "type": "message"}
                for id_, name, description in SHORTCUTS
            ],
            "slash_commands": [
                {
                    "command": command,
                    "description": description,
                    "usage_hint": _hint(command),
                    "should_escape": False,
                    **({"url": request_url} if request_url else {}),
                }
                for command, description in DESCRIPTIONS.items()
            ],
        },
        "oauth_config": {"scopes": {"bot": sorted(SCOPES)}},
        "settings": {
            "event_subscriptions": {"bot_events": EVENTS, **url},
            "interactivity": {"is_enabled": True, **url},
            "org_deploy_enabled": False,
            "socket_mode_enabled": request_url is None,
            "token_rotation_enabled": False,
        },
    }


def _hint(command: str) -> str:
    usages = [usage for usage in USAGE if usage.command == command]
    shown = [
        " ".join([*usage.words, *(f"[{name}]" for name in usage.arguments)]) for usage in usages
    ]
    hint = " | ".join(shown)
    return hint if len(hint) <= HINT_CHARACTERS else hint[: HINT_CHARACTERS - 1] + "…"
