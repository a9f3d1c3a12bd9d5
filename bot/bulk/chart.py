"""A classified file as one picture: its labels by day where it has dates, else their shares."""

from __future__ import annotations

from collections import Counter
from datetime import date

from bot.language import tr
from bot.report import sentiment
from bot.report.kinds import Picture
from bot.report.sentiment import Tally
from bot.sentiment import mood_chart, period
from bot.sentiment.card import NO_LABEL
from bot.sentiment.judged import UNSURE
from bot.sentiment.period import Period
from trainer.spec import BulkSummary


def draw(found: BulkSummary) -> Picture:
    days = read_days(found)
    if days:
        return mood_chart.draw(days, period.say(Period(min(days), max(days))))
    return sentiment.draw(tallies(found))


def read_days(found: BulkSummary) -> dict[date, Counter[str]]:
    """Count labels by day, and what is not sure or has none by that name."""
    nothing = tr(UNSURE) if found.unlabelled is None else tr(NO_LABEL)
    return {
        date.fromisoformat(day): Counter({label or nothing: rows for label, rows in labels.items()})
        for day, labels in found.days.items()
    }


def tallies(found: BulkSummary) -> list[Tally]:
    """Count rows by label, the most frequent first."""
    unsure = {label: found.unsure.get(label, 0) for label in found.labels}
    return [Tally(label, n - unsure[label], unsure[label]) for label, n in found.labels.items()]
