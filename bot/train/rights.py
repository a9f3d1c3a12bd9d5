"""Who may change what: its owner and the admins."""

from __future__ import annotations

from bot.asking import Asker, Office, RefusalError


def is_admin(office: Office, asker: Asker) -> bool:
    return asker.user in office.settings.admins


def require_owner(office: Office, asker: Asker, *, owner: str, what: str) -> None:
    """Raise RefusalError unless the asker owns it; `what` begins the sentence, e.g. `Job 12`."""
    if asker.user != owner and not is_admin(office, asker):
        raise RefusalError(f"{what} is <@{owner}>'s: only they or an admin may do that.")
