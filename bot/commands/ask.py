"""What can be asked of /ask."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from bot.commands.words import Alias, Argument, Command, Usage
from bot.language import mark

DEFAULT_ALIAS = "answers"


@dataclass(frozen=True)
class Ask(Command):
    """Everything that is no verb is a question."""

    question: Annotated[
        str | None, Argument(mark("any question; without one a form opens"), rest=True)
    ] = None
    model: Alias = DEFAULT_ALIAS


@dataclass(frozen=True)
class ListUnanswered(Command):
    """The questions that were asked often and found no answer."""


USAGE = (
    Usage(
        "/ask",
        (),
        Ask,
        mark("Find the answer to a question in the team's questions and answers."),
        "/ask How do I reset my card PIN?",
        guests=True,
    ),
    Usage(
        "/ask",
        ("unanswered",),
        ListUnanswered,
        mark("Show what was asked and found no answer."),
        "/ask unanswered",
    ),
)
