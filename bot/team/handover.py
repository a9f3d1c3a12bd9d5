"""Hand a file to one person, in their direct messages."""

from __future__ import annotations

from bot.asking import Office, Reply
from bot.language import tr


async def hand_over(office: Office, user: str, content: bytes, *, filename: str) -> Reply:
    """Upload the file, and say where it is; what is private never lies in a channel."""
    direct = await office.client.conversations_open(users=user)
    await office.client.files_upload_v2(
        channel=direct["channel"]["id"], content=content, filename=filename, title=filename
    )
    return Reply(tr("{file} is in your direct messages with Coach.", file=f"`{filename}`"))
