"""Faults on demand: what goes wrong between an app and Slack, one method or delivery at a time."""

from __future__ import annotations

from collections import Counter


class Faults:
    """What to spoil next; everything is off until a test or a person asks for it."""

    def __init__(self) -> None:
        self.unavailable: set[str] = set()  # methods that answer unknown_method
        self.slow: dict[str, float] = {}  # method -> seconds before its answer
        self.retry_after = 1  # seconds, told with a 429
        self._left: Counter[tuple[str, str]] = Counter()  # (fault, method) -> times still to come
        self._copies = 1
        self._late_s = 0.0

    # --- Web API ---

    def lose_reply(self, method: str, times: int = 1) -> None:
        """Perform the method's next calls and close the connection instead of answering."""
        self._left["lost", method] += times

    def rate_limit(self, method: str, times: int = 1, *, retry_after: int = 1) -> None:
        """Answer the method's next calls with 429 and do nothing."""
        self._left["limited", method] += times
        self.retry_after = retry_after

    def break_down(self, method: str, times: int = 1) -> None:
        """Answer the method's next calls with HTTP 500 and do nothing."""
        self._left["broken", method] += times

    # --- deliveries to the app ---

    def duplicate(self, times: int) -> None:
        """Deliver the next event, command or click this many times in all."""
        self._copies = times

    def deliver_late(self, seconds: float) -> None:
        """Hold the next delivery back; its trigger id ages meanwhile."""
        self._late_s = seconds

    def ignore_acks(self, times: int = 1) -> None:
        """Lose the acks of the next deliveries, as when they come too late."""
        self._left["unheard", "ack"] += times

    # --- what the workspace asks ---

    def strikes(self, fault: str, what: str) -> bool:
        """Tell whether a fault is due, and count it down."""
        due = self._left[fault, what] > 0
        self._left[fault, what] -= due
        return due

    def next_delivery(self) -> tuple[int, float]:
        """Give the copies of the next delivery, and the seconds that it is late."""
        spoilt = self._copies, self._late_s
        self._copies, self._late_s = 1, 0.0
        return spoilt
