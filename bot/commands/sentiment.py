"""What can be asked of /sentiment."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from bot.commands.words import Argument, Command, Usage
from bot.language import mark


@dataclass(frozen=True)
class Sentiment(Command):
    text: Annotated[str | None, Argument(mark("any text; without one a form opens"), rest=True)] = (
        None
    )


USAGE = (
    Usage(
        "/sentiment",
        (),
        Sentiment,
        mark("Tell the sentiment of a text, to you alone."),
        "/sentiment I love how quick this was",
        guests=True,
    ),
)
