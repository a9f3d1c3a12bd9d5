"""The share of negatives by topic as one picture: a line with its interval, above the volume."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

import numpy as np
from babel.dates import format_skeleton
from matplotlib.axes import Axes
from matplotlib.ticker import PercentFormatter
from numpy.typing import NDArray
from scipy.stats import beta

from bot import card, fonts
from bot.card import FAINT, INK, RULE, SMALL, WORDS
from bot.language import current, mark, tr, trn
from bot.monitor.reading import ALL, OTHER
from bot.monitor.surge import Hour
from bot.report.kinds import Picture

Floats = NDArray[np.float64]
Step = Literal["hour", "day"]

LINE, BAND, VOLUME = "#d55e00", "#f3b58a", "#d3d0c9"  # Okabe and Ito 2008, and a grey
TOPICS, TOPIC, TICKS = 5, 40, 4  # drawn; columns of a name; times named below
ROW, FOOT = 1.5, 0.5  # inches
BARS = 0.35  # of a row's height, for the volume
SURE = 0.95
NAMES = {ALL: mark("all texts"), OTHER: mark("other topics")}


@dataclass(frozen=True)
class Trend:
    """A topic over steps of a time, the earliest first; steps without texts are in it."""

    topic: str
    starts: list[datetime]  # in the reader's zone
    texts: list[int]
    negatives: list[int]

    @property
    def volume(self) -> int:
        return sum(self.texts)


@fonts.legibly()
def draw(trends: Sequence[Trend], step: Step) -> Picture:
    """Draw the first topics under one another; there must be one."""
    shown = trends[:TOPICS]
    title, about = _say_title(shown[0]), _say_about(step)
    rows = [_say_row(one) for one in shown]
    families, words = fonts.make_legible([title, about, *rows])
    figure, axes = card.start(*words[:2], height=ROW * len(shown) + FOOT)
    axes.remove()
    grid = figure.subplots(len(shown), sharex=True, squeeze=False)[:, 0]
    for place, said, trend in zip(grid, words[2:], shown, strict=True):
        _draw_row(place, said, trend)
    _name_times(grid[-1], shown[0].starts, step)
    return Picture(card.finish(figure, families), f"{title}. {'; '.join(rows)}."[:2_000])


def sum_up(topics: Mapping[str, Sequence[Hour]], starts: Sequence[datetime]) -> list[Trend]:
    """Sum hours up over steps that begin at these times, the topic with the most texts first.

    What is before the first step is left out.
    """
    edges = [start.timestamp() for start in starts]
    found = [_sum_up(topic, hours, list(starts), edges) for topic, hours in topics.items()]
    return sorted(found, key=lambda one: -one.volume)


def steps(step: Step, count: int, *, now: datetime, zone: str) -> list[datetime]:
    """Give the beginnings of the newest hours or local days of a zone (IANA), now's the last."""
    local = now.astimezone(ZoneInfo(zone)).replace(minute=0, second=0, microsecond=0)
    if step == "day":
        day = local.replace(hour=0)
        return [day - timedelta(days=back) for back in reversed(range(count))]
    last = local.astimezone(now.tzinfo)
    hours = [last - timedelta(hours=back) for back in reversed(range(count))]
    return [hour.astimezone(ZoneInfo(zone)) for hour in hours]


def interval(negatives: Sequence[float], texts: Sequence[float]) -> tuple[Floats, Floats]:
    """Give Jeffreys' 95% intervals of shares (Brown, Cai and DasGupta 2001)."""
    hits, all_ = np.asarray(negatives, float), np.asarray(texts, float)
    ends = [(1 - SURE) / 2, (1 + SURE) / 2]
    low, high = (beta.ppf(end, hits + 0.5, all_ - hits + 0.5) for end in ends)
    return np.where(hits == 0, 0.0, low), np.where(hits == all_, 1.0, high)


def name(topic: str) -> str:
    """Name a topic in the reader's language, where it is none of a model's."""
    return tr(NAMES[topic]) if topic in NAMES else topic


def _sum_up(topic: str, hours: Sequence[Hour], starts: list[datetime], edges: list[float]) -> Trend:
    texts, negatives = [0] * len(starts), [0] * len(starts)
    for hour in hours:
        place = int(np.searchsorted(edges, hour.at.timestamp(), side="right")) - 1
        if place >= 0:
            texts[place] += hour.texts
            negatives[place] += hour.negatives
    return Trend(topic, starts, texts, negatives)


def _draw_row(axes: Axes, said: str, trend: Trend) -> None:
    places, texts = np.arange(len(trend.texts)), np.array(trend.texts, float)
    axes.set_facecolor(card.CARD)
    axes.spines[:].set_visible(False)
    axes.set_title(said, loc="left", fontsize=WORDS, color=INK)
    axes.bar(places, BARS * texts / max(texts.max(), 1), width=0.8, color=VOLUME)
    share = np.divide(trend.negatives, texts, out=np.full(len(texts), np.nan), where=texts > 0)
    low, high = interval(trend.negatives, trend.texts)
    known = texts > 0
    axes.fill_between(places, low, high, where=list(known), color=BAND, alpha=0.5, linewidth=0)
    axes.plot(places, share, color=LINE, linewidth=2, marker="o", markersize=3, clip_on=False)
    axes.set_ylim(0, 1)
    axes.set_yticks([0, 0.5, 1])
    axes.yaxis.set_major_formatter(PercentFormatter(1, decimals=0))
    axes.tick_params(length=0, labelsize=SMALL, labelcolor=FAINT)
    axes.grid(axis="y", color=RULE, linewidth=0.8)
    axes.set_axisbelow(True)


def _name_times(axes: Axes, starts: Sequence[datetime], step: Step) -> None:
    named = range(0, len(starts), -(-len(starts) // TICKS))
    skeleton = "MMMd" if step == "day" else "EHm"
    said = [_time(starts[place], skeleton) for place in named]
    axes.set_xticks(list(named), said, fontsize=SMALL)
    axes.tick_params(axis="x", pad=8)  # below the 0% of the scale, not over it


def _time(at: datetime, skeleton: str) -> str:
    return str(format_skeleton(skeleton, at, tzinfo=at.tzinfo, locale=current()))


def _say_title(most: Trend) -> str:
    return trn(
        "{share:.0%} of {count} text negative: {topic}",
        "{share:.0%} of {count:,} texts negative: {topic}",
        most.volume,
        share=sum(most.negatives) / max(most.volume, 1),
        topic=fonts.shorten(name(most.topic), TOPIC),
    )


def _say_about(step: Step) -> str:
    if step == "day":
        return tr("Share of negatives by day, with its 95% interval; grey: how many texts")
    return tr("Share of negatives by hour, with its 95% interval; grey: how many texts")


def _say_row(trend: Trend) -> str:
    return trn(
        "{topic}: {negatives:,} of {count} text",
        "{topic}: {negatives:,} of {count:,} texts",
        trend.volume,
        topic=fonts.shorten(name(trend.topic), TOPIC),
        negatives=sum(trend.negatives),
    )
