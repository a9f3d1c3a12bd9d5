"""Faults on demand: what goes wrong between an app and Slack, one method or delivery at a time."""

from __future__ import annotations

from collections import Counter


class Faults:
    """What to spoil next; everything is off until a test or a person asks for it."""

    def __init__(self) -> None:
        self.unavailable: set[str] = set()  # methods that answer unknown_method
        self.slow: dict[str, float] = {}  # method -> seconds before its answer
        self._lost: Counter[str] = Counter()
        self._limited: Counter[str] = Counter()
        self._broken: Counter[str] = Counter()
        self.retry_after = 1  # seconds, told with a 429
        self._copies = 1
        self._late_s = 0.0
        self._ignored_acks = 0

    # --- Web API ---

    def lose_reply(self, method: str, times: int = 1) -> None:
        """Perform the method's next calls and close the connection instead of answering."""
        self._lost[method] += times

    def rate_limit(self, method: str, times: int = 1, *, retry_after: int = 1) -> None:
        """Answer the method's next calls with 429 and do nothing."""
        self._limited[method] += times
        self.retry_after = retry_after

    def break_down(self, method: str, times: int = 1) -> None:
        """Answer the method's next calls with HTTP 500 and do nothing."""
        self._broken[method] += times

    def takes_reply(self, method: str) -> bool:
        return _spend(self._lost, method)

    def is_limited(self, method: str) -> bool:
        return _spend(self._limited, method)

    def is_broken(self, method: str) -> bool:
        return _spend(self._broken, method)

    # --- deliveries to the app ---

    def duplicate(self, times: int) -> None:
        """Deliver the next event, command or click this many times in all."""
        self._copies = times

    def deliver_late(self, seconds: float) -> None:
        """Hold the next delivery back; its trigger id ages meanwhile."""
        self._late_s = seconds

    def ignore_acks(self, times: int = 1) -> None:
        """Lose the acks of the next deliveries, as when they come too late."""
        self._ignored_acks += times

    def copies(self) -> int:
        copies, self._copies = self._copies, 1
        return copies

    def lateness(self) -> float:
        late, self._late_s = self._late_s, 0.0
        return late

    def ignores_ack(self) -> bool:
        if not self._ignored_acks:
            return False
        self._ignored_acks -= 1
        return True


def _spend(counter: Counter[str], method: str) -> bool:
    if counter[method] <= 0:
        return False
    counter[method] -= 1
    return True
