"""How fast messages go out: a ceiling for the workspace, a spread for what is due at one time."""

from __future__ import annotations

import hashlib
from datetime import timedelta

from aiolimiter import AsyncLimiter

# Slack takes "several hundred" posts a minute from an app in one workspace; answers to people go
# by other ways than these, so a morning's digests may take the whole of it.
POSTS_A_MINUTE = 240
BURST = 20  # posts that may go at once


def ceiling(posts_a_minute: float) -> AsyncLimiter:
    """Make a limiter for one event loop: each post awaits its `acquire()`, first come first."""
    return AsyncLimiter(BURST, BURST * 60 / posts_a_minute)


def spread(key: str, window: timedelta) -> timedelta:
    """Give a delay within the window, the same for the same key, even over many keys."""
    drawn = int.from_bytes(hashlib.sha256(key.encode()).digest()[:8], "big")
    return window * (drawn / 2**64)
