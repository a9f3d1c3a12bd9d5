"""What can be asked of /sentiment."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from bot.commands.words import Argument, Command, Usage


@dataclass(frozen=True)
class Sentiment(Command):
    text: Annotated[str | None, Argument("any text; without one a form opens", rest=True)] = None


USAGE = (
    Usage(
        "/sentiment",
        (),
        Sentiment,
        "Tell the sentiment of a text, to you alone.",
        "/sentiment I love how quick this was",
    ),
)
