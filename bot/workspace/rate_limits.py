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


@dataclass
class _Bucket:
    tokens: float
    filled_at: float


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
        self._buckets: dict[str, _Bucket] = {}

    def wait(self, method: str, args: Json) -> int:
        """Take one call; 0, or the seconds to wait where there is none left."""
        rate = self._rates.get(method)
        if rate is None:
            return 0
        where = "" if method == "chat.update" else args.get("channel") or args.get("channel_id")
        bucket = self._buckets.setdefault(f"{rate}{where}", _Bucket(rate.burst, self._clock()))
        self._fill(bucket, rate)
        if bucket.tokens < 1:
            return math.ceil((1 - bucket.tokens) / rate.per_second)
        bucket.tokens -= 1
        return 0

    def _fill(self, bucket: _Bucket, rate: Rate) -> None:
        now = self._clock()
        gained = (now - bucket.filled_at) * rate.per_second
        bucket.tokens = min(rate.burst, bucket.tokens + gained)
        bucket.filled_at = now
