"""Messages with their answers, in words: how many of which label, which tell most, the trend."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import pairwise
from zoneinfo import ZoneInfo

from bot import figures
from bot.language import listed, mark, tr, trn
from bot.sentiment import poles, spoken
from bot.sentiment.card import name_labels
from bot.sentiment.messages import Said
from trainer.predict import Prediction

UNSURE = mark("not sure")
SPARKS = "▁▂▃▄▅▆▇█"
STEPS = 30  # of the trend, at most
DAYS = 14  # shown in words
OFTEN = 0.1  # share of the messages in another language that is mentioned
FEW = 4  # messages, below which there is no trend


@dataclass(frozen=True)
class Judged:
    """A message with its answer."""

    said: Said
    prediction: Prediction

    @property
    def labels(self) -> Sequence[str]:
        """Name its labels, or that the model isn't sure, or gives none."""
        if self.prediction.labels is None and not self.prediction.sure:
            return [tr(UNSURE)]
        return name_labels(self.prediction)

    @property
    def label(self) -> str:
        return listed(self.labels)


def by_day(judged: Iterable[Judged], zone: str) -> dict[date, Counter[str]]:
    """Count labels by the local day of a zone (IANA), the earliest first."""
    local = ZoneInfo(zone)
    days: defaultdict[date, Counter[str]] = defaultdict(Counter)
    for one in judged:
        days[datetime.fromtimestamp(one.said.at, local).date()].update(one.labels)
    return dict(sorted(days.items()))


def draw_days(days: Mapping[date, Counter[str]]) -> str:
    """Write the newest days as a table, a column a label."""
    total = sum(days.values(), Counter[str]())
    labels = [label for label, _ in total.most_common(4)]
    rows = [
        [f"{day:%m-%d}", *(f"{counts[label]:,}" for label in labels)]
        for day, counts in days.items()
    ]
    return figures.table([["", *labels], *rows[-DAYS:]], widest=12)


def note_languages(judged: Sequence[Judged], seen: Collection[str]) -> list[str]:
    """Say which languages, in a tenth of the messages or more, the model never saw."""
    found = Counter(spoken.unseen(one.said.text, seen) for one in judged)
    return [
        trn(
            "{count} message seems to be in {language}, which this model never saw in training: "
            "take it with care.",
            "{count:,} messages seem to be in {language}, which this model never saw in training: "
            "take them with care.",
            count,
            language=language,
        )
        for language, count in found.most_common()
        if language and count >= OFTEN * len(judged)
    ]


def say_trend(judged: Sequence[Judged]) -> str | None:
    """Draw from the first message to the last how positive they are; None without such labels."""
    if len(judged) < FEW:
        return None
    labels = judged[0].prediction.probabilities
    negative, positive = poles.negative(labels), poles.positive(labels)
    if negative is None or positive is None:
        return None
    chances = [one.prediction.probabilities for one in judged]
    leanings = [(1 + chance[positive] - chance[negative]) / 2 for chance in chances]
    half = len(judged) // 2
    return tr(
        "`{line}` from the first message to the last, low is negative: {before:.0%} of the first "
        "half are {label}, {after:.0%} of the second.",
        line=spark(leanings),
        label=negative,
        before=_share(judged[:half], negative),
        after=_share(judged[half:], negative),
    )


def spark(values: Sequence[float]) -> str:
    """Draw shares from 0 to 1 as a line of at most STEPS bars, each the mean of its stretch."""
    steps = min(STEPS, len(values))
    cuts = [len(values) * step // steps for step in range(steps + 1)]
    means = [sum(values[first:last]) / (last - first) for first, last in pairwise(cuts)]
    return "".join(SPARKS[min(len(SPARKS) - 1, int(mean * len(SPARKS)))] for mean in means)


def _share(judged: Sequence[Judged], label: str) -> float:
    return sum(one.label == label for one in judged) / len(judged)
