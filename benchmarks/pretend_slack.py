"""A stand-in for Slack's client: it keeps what is posted, and fails as networks do."""

from __future__ import annotations

import asyncio
import random
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import aiohttp

Json = dict[str, Any]
LOST, BROKEN = 0.02, 0.01  # shares of posts: done without a reply, and not done


@dataclass(frozen=True)
class Post:
    """What came to a conversation."""

    at: datetime
    conversation: str
    key: str  # of the delivery
    users: tuple[str, ...] = ()  # who reads it, where it is a direct message


@dataclass
class PretendSlack:
    """In this process and on the simulated clock: over HTTP a year would take hours.

    The local workspace has limits of its own and runs on real time, which tests of the outbox use.
    """

    clock: Callable[[], datetime]
    chance: random.Random
    private: dict[str, list[str]]  # private channels and their members
    posts: list[Post] = field(default_factory=list)
    hangs: bool = False  # posts are done and never answered, as for a process that is killed
    _messages: defaultdict[str, list[Json]] = field(default_factory=lambda: defaultdict(list))

    async def conversations_open(self, *, users: str) -> Json:
        return {"channel": {"id": f"{'G' if ',' in users else 'D'}:{users}"}}

    async def conversations_info(self, *, channel: str) -> Json:
        return {"channel": {"id": channel, "is_private": channel in self.private}}

    async def conversations_members(self, *, channel: str, **_: object) -> Json:
        return {"members": self.private.get(channel, [])}

    async def conversations_history(self, *, channel: str, oldest: str, **_: object) -> Json:
        since = float(oldest)
        return {"messages": [m for m in self._messages[channel] if float(m["ts"]) > since]}

    async def conversations_replies(self, **asked: Any) -> Json:  # noqa: ANN401 - Slack's own
        return await self.conversations_history(**asked)

    async def chat_postMessage(self, *, channel: str, metadata: Json, **_: object) -> Json:  # noqa: N802
        key = metadata["event_payload"]["key"]
        return await self._keep(channel, key, {"metadata": metadata})

    async def files_upload_v2(self, *, channel: str, filename: str, **_: object) -> Json:
        return await self._keep(channel, f"file:{filename}", {"files": [{"name": filename}]})

    async def _keep(self, channel: str, key: str, message: Json) -> Json:
        drawn = self.chance.random()
        if drawn < BROKEN:
            raise aiohttp.ClientError
        now = self.clock()
        users = channel[2:].split(",") if channel[1] == ":" else ()
        self.posts.append(Post(now, channel, key, tuple(users)))
        ts = f"{now.timestamp() + len(self.posts) / 1e6:.6f}"
        self._messages[channel].append(message | {"ts": ts})
        if self.hangs:
            await asyncio.Event().wait()
        if drawn < BROKEN + LOST:
            raise aiohttp.ClientError
        return {"ts": ts}
