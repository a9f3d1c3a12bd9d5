"""What tests and the tour see of a workspace, and wait for."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable
from datetime import UTC, datetime
from typing import TypeVar

from bot.workspace.records import Change, Channel, Json, Message
from bot.workspace.state import State

T = TypeVar("T")


class Witness:
    """Sees everything; times to wait are in seconds and end in a TimeoutError."""

    state: State

    def dm(self, user: str) -> Channel:
        return self.state.dm(user)

    def messages(
        self, channel: str, thread_ts: str | None = None, seen_by: str | None = None
    ) -> list[Message]:
        """Messages oldest first: of the channel with its threads, or of one thread.

        `seen_by` leaves out what is ephemeral to others.
        """
        eyes = self.state.user(seen_by).id if seen_by else None
        seen = self.state.seen_by(self.state.channel(channel), eyes)
        return [m for m in seen if thread_ts in (None, m.thread_ts, m.ts)]

    def views(self, user: str) -> list[Json]:
        """Give the modals a person has open, the topmost last."""
        return self.state.views.get(self.state.user(user).id, [])

    def home(self, user: str) -> Json | None:
        """Give the Home tab published for a person."""
        return self.state.homes.get(self.state.user(user).id)

    def transcript(self) -> str:
        """Tell all messages as lines of text, in the order they were posted."""
        return "\n".join(map(self.line, sorted(self._everything(), key=lambda m: float(m.ts))))

    def line(self, message: Message) -> str:
        """Tell one message as a line: when, where, who, what."""
        at = datetime.fromtimestamp(float(message.ts), UTC)
        channel = self.state.channels[message.channel]
        place = f"#{channel.name}" if channel.name else "direct message"
        who = self.state.users[message.user].real_name
        reply = " (in thread)" if message.is_reply else ""
        only = " (only visible to one)" if message.ephemeral_to else ""
        files = "".join(f" [{file.name}]" for file in message.files)
        return f"{at:%H:%M:%S} {place} {who}{reply}{only}: {message.text}{files}"

    def _everything(self) -> Iterable[Message]:
        return [m for channel in self.state.channels.values() for m in channel.messages.values()]

    # --- waiting ---

    def watch(self) -> AsyncIterator[Change]:
        """Stream every change from now on; what happens before the first `anext` is kept."""
        changes: asyncio.Queue[Change] = asyncio.Queue()
        self.state.listeners.append(changes.put_nowait)
        return self._drain(changes)

    async def _drain(self, changes: asyncio.Queue[Change]) -> AsyncIterator[Change]:
        try:
            while True:
                yield await changes.get()
        finally:
            self.state.listeners.remove(changes.put_nowait)

    async def wait_for(self, wanted: Callable[[Message], object], within: float = 10) -> Message:
        """Wait for a message that is as wanted, already there or still to come or be edited.

        TimeoutError after `within` seconds, with the transcript.
        """
        return await self._first(self._everything, wanted, within)

    async def wait_for_view(
        self, user: str, wanted: Callable[[Json], object] = bool, within: float = 10
    ) -> Json:
        """Wait for a person's topmost modal to be as wanted."""
        return await self._first(lambda: self.views(user)[-1:], wanted, within)

    async def wait_for_home(
        self, user: str, wanted: Callable[[Json], object] = bool, within: float = 10
    ) -> Json:
        """Wait for a person's Home tab to be as wanted."""
        return await self._first(lambda: filter(None, [self.home(user)]), wanted, within)

    async def _first(
        self, look: Callable[[], Iterable[T]], wanted: Callable[[T], object], within: float
    ) -> T:
        try:
            async with asyncio.timeout(within):
                while True:
                    changed = self.state.changed
                    for found in filter(wanted, look()):
                        return found
                    await changed.wait()
        except TimeoutError:
            raise TimeoutError(f"it did not happen. What did:\n{self.transcript()}") from None
