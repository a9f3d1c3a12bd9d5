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
ALL_POSTS = Rate(per_second=5, burst=100)  # in the workspace: several hundred a minute
EDITS = Rate(per_second=1, burst=50)  # Tier 3: 50 and more a minute
POSTING = {"chat.postMessage", "chat.postEphemeral", "files.completeUploadExternal"}


class RateLimits:
    """Token buckets: posts per channel and in all, edits per workspace; other methods are free."""

    def __init__(self, clock: Clock, *, posts: Rate, edits: Rate, all_posts: Rate) -> None:
        self._clock = clock
        self._posts, self._edits, self._all_posts = posts, edits, all_posts
        self._buckets: dict[str, tuple[float, float]] = {}  # tokens, and when they were counted

    def wait(self, method: str, args: Json) -> int:
        """Take one call; 0, or the seconds to wait where there is none left."""
        now, rates = self._clock(), self._rates(method, args)
        tokens = {bucket: self._tokens(bucket, rate, now) for bucket, rate in rates.items()}
        short = [(1 - tokens[bucket]) / rate.per_second for bucket, rate in rates.items()]
        wait = math.ceil(max([0, *short]))
        self._buckets |= {bucket: (left - (not wait), now) for bucket, left in tokens.items()}
        return wait

    def _rates(self, method: str, args: Json) -> dict[str, Rate]:
        if method == "chat.update":
            return {method: self._edits}
        if method not in POSTING:
            return {}
        channel = args.get("channel") or args.get("channel_id")
        return {f"posts in {channel}": self._posts, "posts": self._all_posts}

    def _tokens(self, bucket: str, rate: Rate, now: float) -> float:
        tokens, counted_at = self._buckets.get(bucket, (rate.burst, now))
        return min(rate.burst, tokens + (now - counted_at) * rate.per_second)
