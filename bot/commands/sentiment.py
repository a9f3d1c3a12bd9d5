"""What can be asked of /sentiment."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from pydantic import Field

from bot.commands.train import DEFAULT_ALIAS
from bot.commands.words import Alias, Argument, Channel, Command, Number, Option, Title, Usage
from bot.language import mark

Source = Annotated[
    str,
    Field(pattern=r"^(<#[CG][A-Z0-9]+>|https?://\S+)$"),
    Argument(mark("a #channel, or the address of a feed or of a CSV stream")),
]


@dataclass(frozen=True)
class Sentiment(Command):
    """Everything that is no other verb's command whole is a text to answer."""

    text: Annotated[str | None, Argument(mark("any text; without one a form opens"), rest=True)] = (
        None
    )
    model: Alias = DEFAULT_ALIAS


@dataclass(frozen=True)
class SentimentOf(Command):
    """The sentiment of what was said in a channel over a period."""

    channel: Annotated[Channel, Argument(mark("a #channel that you are in"))]
    period: Annotated[
        str,
        Argument(mark("a period, such as `today`, `last week`, `3 days` or `上周`"), rest=True),
    ]
    model: Alias = DEFAULT_ALIAS


@dataclass(frozen=True)
class Watch(Command):
    source: Source
    topics: Annotated[
        str | None,
        Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,39}$"),
        Option(mark("an alias"), mark("the model that tells the topic of a text")),
    ] = None
    model: Alias = DEFAULT_ALIAS
    alert: Annotated[
        float,
        Field(gt=0, le=30),
        Option(mark("0.1 to 30"), mark("false alarms a month that are bearable; 1 is usual")),
    ] = 1.0
    to: Annotated[
        Channel | None, Option(mark("a #channel"), mark("where alerts go; else here"))
    ] = None


@dataclass(frozen=True)
class ListMonitors(Command): ...


@dataclass(frozen=True)
class ShowTrend(Command):
    number: Number


@dataclass(frozen=True)
class StopMonitor(Command):
    number: Number


@dataclass(frozen=True)
class ReviewCorrections(Command):
    dataset: Annotated[Title | None, Argument(mark("a data set's name; else all of yours"))] = None


@dataclass(frozen=True)
class Shadow(Command):
    number: Annotated[Number, Argument(mark("a model's number, as `/train models` shows"))]
    share: Annotated[
        float,
        Field(gt=0, le=100),
        Option(mark("1 to 100"), mark("percent of the questions; 20 is usual")),
    ] = 20.0
    model: Alias = DEFAULT_ALIAS


@dataclass(frozen=True)
class EndShadow(Command):
    model: Alias = DEFAULT_ALIAS


USAGE = (
    Usage(
        "/sentiment",
        (),
        Sentiment,
        mark(
            "Tell the sentiment of a text, to you alone. Of a file with many texts: drop it, and "
            "choose *Classify it*."
        ),
        "/sentiment I love how quick this was",
        guests=True,
    ),
    Usage(
        "/sentiment",
        ("of",),
        SentimentOf,
        mark("Tell the sentiment of a channel over a period, to you alone."),
        "/sentiment of #general last week",
    ),
    Usage(
        "/sentiment",
        ("watch",),
        Watch,
        mark("Watch a channel, a feed or a CSV stream, and tell when negatives surge."),
        "/sentiment watch #general alert=1",
    ),
    Usage(
        "/sentiment",
        ("monitor", "list"),
        ListMonitors,
        mark("Show what is watched."),
        "/sentiment monitor list",
    ),
    Usage(
        "/sentiment",
        ("monitor", "trend"),
        ShowTrend,
        mark("Show a monitor's trend by topic."),
        "/sentiment monitor trend 2",
    ),
    Usage(
        "/sentiment",
        ("monitor", "stop"),
        StopMonitor,
        mark("End a monitor."),
        "/sentiment monitor stop 2",
    ),
    Usage(
        "/sentiment",
        ("corrections",),
        ReviewCorrections,
        mark("Review what people corrected, as the data set's owner."),
        "/sentiment corrections reviews",
    ),
    Usage(
        "/sentiment",
        ("shadow",),
        Shadow,
        mark("Let a model answer silently beside the one that serves."),
        "/sentiment shadow 12 share=20",
    ),
    Usage(
        "/sentiment",
        ("shadow", "end"),
        EndShadow,
        mark("End it, and show where the two differ."),
        "/sentiment shadow end",
    ),
)
