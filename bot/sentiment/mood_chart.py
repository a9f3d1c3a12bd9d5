"""Labels by day as one picture: a bar a day, stacked, with the negative below."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import date, timedelta

from babel.dates import format_skeleton

from bot import card, fonts
from bot.card import RULE, SMALL, WORDS
from bot.language import current, tr, trn
from bot.report.kinds import Picture
from bot.sentiment import poles
from bot.sentiment.judged import UNSURE

LABELS, LABEL = 5, 18  # drawn, and the columns of each
TICKS = 8  # days named below the bars
# Okabe and Ito 2008: told apart by all.
NEGATIVE, POSITIVE, OTHER = "#d55e00", "#0072b2", ["#b9b6ae", "#e69f00", "#009e73", "#cc79a7"]
NOT_SURE = "#e6e3dc"


@fonts.legibly()
def draw(days: Mapping[date, Counter[str]], when: str) -> Picture:
    """Draw the counts of each label by day; `when` says which days in words."""
    days = _without_gaps(days)
    total = sum(days.values(), Counter[str]())
    labels = sorted((label for label, _ in total.most_common(LABELS)), key=_rank)
    title, about = _say_title(total), tr("Messages by day, {period}", period=when)
    families, words = fonts.make_legible(
        [title, about, *(fonts.shorten(label, LABEL) for label in labels)]
    )
    figure, axes = card.start(*words[:2], height=3.4)
    bottoms = [0] * len(days)
    for label, name, colour in zip(labels, words[2:], _colours(labels), strict=True):
        heights = [counts[label] for counts in days.values()]
        axes.bar(range(len(days)), heights, bottom=bottoms, width=0.8, color=colour, label=name)
        bottoms = [bottom + height for bottom, height in zip(bottoms, heights, strict=True)]
    named = range(0, len(days), -(-len(days) // TICKS))
    axes.set_xticks(named, [_day(list(days)[place]) for place in named], fontsize=SMALL)
    axes.grid(axis="y", color=RULE, linewidth=0.8)
    axes.set_axisbelow(True)
    axes.legend(
        ncols=3, loc="upper center", bbox_to_anchor=(0.5, -0.12), frameon=False, fontsize=WORDS
    )
    return Picture(card.finish(figure, families), _say_alt(title, days))


def _without_gaps(days: Mapping[date, Counter[str]]) -> dict[date, Counter[str]]:
    """Put in the days on which nobody said anything."""
    first, last = min(days), max(days)
    whole = (first + timedelta(days=past) for past in range((last - first).days + 1))
    return {day: days.get(day, Counter()) for day in whole}


def _say_title(total: Counter[str]) -> str:
    count, label = total.total(), poles.negative(total) or total.most_common(1)[0][0]
    return trn(
        "{share:.0%} of {count} message: {label}",
        "{share:.0%} of {count:,} messages: {label}",
        count,
        share=total[label] / count,
        label=label,
    )


def _say_alt(title: str, days: Mapping[date, Counter[str]]) -> str:
    told = [
        f"{_day(day)} " + ", ".join(f"{label} {count}" for label, count in counts.most_common())
        for day, counts in days.items()
        if counts
    ]
    return f"{title}. {'; '.join(told)}."[:2_000]


def _rank(label: str) -> tuple[bool, bool, bool, str]:
    """Order labels from below: negative, others, positive, and last what is not sure."""
    return (
        label == tr(UNSURE),
        label == poles.positive([label]),
        label != poles.negative([label]),
        label,
    )


def _colours(labels: Sequence[str]) -> list[str]:
    spare = iter(OTHER)
    poles_of = {poles.negative(labels): NEGATIVE, poles.positive(labels): POSITIVE}
    poles_of |= {tr(UNSURE): NOT_SURE}
    return [poles_of[label] if label in poles_of else next(spare, OTHER[0]) for label in labels]


def _day(day: date) -> str:
    return str(format_skeleton("MMMd", day, locale=current()))
