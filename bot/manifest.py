"""The Slack app's manifest, made from the usage table: commands, shortcut, scopes, events."""

from __future__ import annotations

from typing import Any

from bot.usage import COMMANDS, USAGE

NAME = "Coach"
HINT_CHARACTERS = 200
# Their people and channels arrive as ids, which a private channel has no other way to be known by.
ESCAPED = {"/sentiment", "/ask", "/team", "/report", "/coach"}
# callback_id, name, description
SHORTCUTS = [
    ("check_sentiment", "Check sentiment", "Tell the sentiment of the message, to you alone"),
    ("use_as_data_set", "Use as data set", "Read the message's file as a data set"),
]
EVENTS = [
    "app_home_opened",
    "app_mention",
    "channel_left",
    "file_shared",
    "group_left",
    "message.channels",
    "message.groups",
    "team_join",
    "user_change",
]
SCOPES = {
    "app_mentions:read": "hear `@coach …`, which works in threads",
    "channels:history": "read what is to be answered; see dropped files; find out what was posted",
    "channels:read": "know a channel by its name",
    "chat:write": "answer",
    "commands": "slash commands and the shortcut",
    "files:read": "read a dropped file",
    "files:write": "post charts, tables and calendar files",
    "groups:history": "the same in private channels",
    "groups:read": "see who is in a private channel before it is reported to or read",
    "im:history": "the same in direct messages",
    "im:read": "tell a conversation with one person from a channel",
    "im:write": "write to people: their morning digest, or what a closed channel doesn't take",
    "mpim:history": "the same in group messages",
    "mpim:read": "see who is in a group message before a confidential report goes there",
    "mpim:write": "bring together those who are paired",
    "users:read": "know people's names, time zones and languages, and who is a guest or has left",
}


def manifest(*, request_url: str | None = None) -> dict[str, Any]:
    """Build it for Socket Mode, or for signed HTTP at `request_url`."""
    url = {"request_url": request_url} if request_url else {}
    return {
        "display_information": {
            "name": NAME,
            "description": "Trains your team's models and the team itself, from Slack",
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
                    "should_escape": command in ESCAPED,
                    **({"url": request_url} if request_url else {}),
                }
                for command, description in COMMANDS.items()
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
    if len(hint) <= HINT_CHARACTERS:
        return hint
    return " | ".join(dict.fromkeys(line.split()[0] for line in shown))
