"""The one table of usage, from which parsing, help, the reference and the manifest are made."""

from __future__ import annotations

from bot.commands import ask, coach, report, sentiment, team, train
from bot.commands.words import Command, Usage
from bot.language import mark

COMMANDS = {
    "/train": mark("Train models on your data sets, and let them serve"),
    "/sentiment": mark("Tell the sentiment of a text, to you alone"),
    "/ask": mark("Find the answer to a question, or say that there is none"),
    "/team": mark("Learn, meet, hire and thank: what the team does to grow"),
    "/report": mark("Reports now or on a schedule, and what training costs"),
    "/coach": mark("Help, how Coach is doing, who is who"),
}
USAGE: tuple[Usage, ...] = (
    *train.USAGE,
    *sentiment.USAGE,
    *ask.USAGE,
    *report.USAGE,
    *team.USAGE,
    *coach.USAGE,
)


def about(topic: str | None) -> tuple[Usage, ...]:
    """Find the usage of a command (`train`), a verb (`cancel`) or both (`train data`); all for None."""
    wanted = (topic or "").lower().removeprefix("/")
    return tuple(
        u for u in USAGE if any(f"{n} ".startswith(f"{wanted} ".lstrip()) for n in names(u))
    )


def of(record: type[Command]) -> Usage:
    """Give the usage of a record's verb."""
    return next(usage for usage in USAGE if usage.record is record)


def verbs_of(command: str) -> list[str]:
    """List the words that may follow a command, as `list` and `data` follow `/train`."""
    return sorted({usage.words[0] for usage in USAGE if usage.command == command and usage.words})


def names(usage: Usage) -> tuple[str, str]:
    """Give what help finds a usage under: `train data list` and `data list`."""
    words = " ".join(usage.words)
    return f"{usage.command[1:]} {words}".strip(), words
