"""A model that writes answers `@coach` in the threads of channels that chose it."""

from __future__ import annotations

from datetime import timedelta

from bot.asking import Feature, Tick
from bot.chat import choice, mention, writing
from bot.commands.coach import ChatOff, ChatOn

FEATURE = Feature(
    commands={ChatOn: choice.choose, ChatOff: choice.end},
    ticks={"chat": Tick(timedelta(seconds=1), writing.write_waiting)},
    talk=mention.take,
)
