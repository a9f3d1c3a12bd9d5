"""Get to know people by their first request: name, time zone, language, and whether they are guests."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal
from zoneinfo import available_timezones

from slack_sdk.errors import SlackApiError

from bot.asking import Asker, Office
from bot.language import LANGUAGES
from storage import members
from storage.database import opened

log = logging.getLogger(__name__)

PATIENCE_S = 1.5  # of the 3 that a form may take to open
REFUSED = {"missing_scope", "not_allowed_token_type", "access_denied", "unknown_method"}


@dataclass(frozen=True)
class Profile:
    """What Slack says of somebody."""

    name: str
    kind: Literal["person", "guest", "bot"]
    zone: str
    language: str


def read(user: Mapping[str, Any], *, language: str) -> Profile:
    """Read a user as users.info and events show one; `language` is for who has none of Coach's."""
    profile = user.get("profile") or {}
    named = profile.get("real_name") or user.get("real_name") or user.get("name") or user["id"]
    zone, spoken = user.get("tz"), str(user.get("locale") or "").partition("-")[0]
    return Profile(
        name=str(named),
        kind=_kind(user),
        zone=zone if zone in available_timezones() else "UTC",
        language=spoken if spoken in LANGUAGES else language,
    )


async def meet(office: Office, asker: Asker) -> None:
    """Make a member of who asks for the first time; that Slack won't tell of them is no fault."""
    # Slack tells of everybody's changed profile: that is no request of theirs.
    if asker.message.get("type") == "user_change" or not asker.user:
        return
    if await asyncio.to_thread(_is_known, office, asker.user):
        return
    try:
        async with asyncio.timeout(PATIENCE_S):
            told = await office.client.users_info(user=asker.user, include_locale=True)
    except SlackApiError as error:
        if error.response.get("error") in REFUSED:
            await asyncio.to_thread(add, office, asker.user, _unknown(office, asker.user))
        return
    except (OSError, TimeoutError) as error:  # their next request may go better
        log.warning("users.info gave nothing", extra={"why": type(error).__name__})
        return
    profile = read(told["user"], language=office.settings.language)
    await asyncio.to_thread(add, office, asker.user, profile)


def add(office: Office, user: str, profile: Profile) -> None:
    with opened(office.settings.data_dir) as db:
        members.ensure(db, user, **vars(profile), now=office.clock())


def _kind(user: Mapping[str, Any]) -> Literal["person", "guest", "bot"]:
    if user.get("is_bot") or user.get("id") == "USLACKBOT":
        return "bot"
    guest = ("is_restricted", "is_ultra_restricted", "is_stranger")
    return "guest" if any(user.get(flag) for flag in guest) else "person"


def _unknown(office: Office, user: str) -> Profile:
    return Profile(name=user, kind="person", zone="UTC", language=office.settings.language)


def _is_known(office: Office, user: str) -> bool:
    with opened(office.settings.data_dir) as db:
        return members.get(db, user) is not None
