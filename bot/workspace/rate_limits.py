"""How often an app may post and edit before Slack answers 429."""

from __future__ import annotations

import math
from dataclasses import dataclass

from bot.workspace.records import Json
from bot.workspace.state import Clock


@dataclass(frozen=True)
class Rate:
    per_second: float
    burst: int


POSTS = Rate(per_second=1, burst=20)  # in one channel
EDITS = Rate(per_second=1, burst=50)  # Tier 3: 50 and more a minute


class RateLimits:
    """Token buckets: posts per channel, edits per workspace; other methods are free."""

    def __init__(self, clock: Clock, *, posts: Rate, edits: Rate) -> None:
        self._clock = clock
        self._rates = {
            "chat.postMessage": posts,
            "chat.postEphemeral": posts,
            "files.completeUploadExternal": posts,
            "chat.update": edits,
        }
        self._buckets: dict[str, tuple[float, float]] = {}  # tokens, and when they were counted

    def wait(self, method: str, args: Json) -> int:
        """Take one call; 0, or the seconds to wait where there is none left."""
        rate = self._rates.get(method)
        if rate is None:
            return 0
        channel = args.get("channel") or args.get("channel_id")
        bucket = method if method == "chat.update" else f"posts in {channel}"
        now = self._clock()
        tokens, counted_at = self._buckets.get(bucket, (rate.burst, now))
        tokens = min(rate.burst, tokens + (now - counted_at) * rate.per_second)
        taken = 1 if tokens >= 1 else 0
        self._buckets[bucket] = tokens - taken, now
        return 0 if taken else math.ceil((1 - tokens) / rate.per_second)
