"""Whether monitors keep their budget of false alarms, and how soon they find a planted surge.

    python benchmarks/alerts.py [--quick] [--data CSV ...]

10,000 real texts with the labels that people gave them come over a month, by day more than by
night, after eight weeks of texts drawn from the same. Shuffled, nothing in them is a surge: each
alarm is a false one. Then negatives are planted: for two days one topic has 2, 4 or 8 times the
usual odds of one. What is promised is to find a surge of 4 times the odds or more within a day.
Each hour is judged as the bot does it. A file of `--data` has columns text and label; each is a
topic, and a single one is dealt out to three. Without it the sample data set is drawn from.
"""

from __future__ import annotations

import argparse
import csv
import json
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np

from bot.monitor import course
from bot.monitor.course import Begun, Over, Topics
from bot.monitor.surge import Hour
from bot.sentiment import poles
from storage.answering import Alert
from trainer import sample

SAMPLE = Path(sample.__file__).parent / "work_chat.csv"
TEXTS = 10_000  # a month
BUDGET = 1.0  # false alarms a month
BEGIN = datetime(2026, 3, 2, tzinfo=UTC)  # of the month, a Monday
HOUR = timedelta(hours=1)
PAST, MONTH, SURGE = 56 * 24, 30 * 24, 48  # hours
PROMISED_H, PROMISED_RATIO = 24, 4
RATIOS = (2, 4, 8)  # of the odds
DAY, NIGHT = 1.6, 0.4  # texts, as a share of the mean


@dataclass(frozen=True)
class Setting:
    """Topics by their labels: whether each text is negative."""

    topics: dict[str, list[bool]]

    @property
    def texts(self) -> int:
        return sum(map(len, self.topics.values()))


def load(paths: Sequence[Path]) -> Setting:
    topics = {path.parent.name + path.stem: _labels(path) for path in paths}
    if len(topics) == 1:
        (labels,) = topics.values()
        topics = {f"topic {n + 1}": labels[n::3] for n in range(3)}
    return Setting(topics)


def _labels(path: Path) -> list[bool]:
    with path.open(encoding="utf-8", newline="") as rows:
        return [poles.negative([row["label"]]) is not None for row in csv.DictReader(rows)]


def shuffle(setting: Setting, chance: np.random.Generator) -> Topics:
    """Let the texts come in any order: the month has as many as there are, up to TEXTS."""
    return {topic: _shuffle(labels, setting, chance) for topic, labels in setting.topics.items()}


def _shuffle(labels: Sequence[bool], setting: Setting, chance: np.random.Generator) -> list[Hour]:
    mean = TEXTS * len(labels) / setting.texts / MONTH
    times = [BEGIN + n * HOUR for n in range(-PAST, MONTH)]
    sizes = chance.poisson([mean * (DAY if 8 <= at.hour < 20 else NIGHT) for at in times])
    drawn = chance.choice(labels, sizes.sum())
    ends = np.cumsum(sizes)
    return [
        Hour(at, int(size), int(drawn[end - size : end].sum()))
        for at, size, end in zip(times, sizes, ends, strict=True)
        if size
    ]


def plant(
    hours: Sequence[Hour], at: datetime, ratio: float, chance: np.random.Generator
) -> list[Hour]:
    """Raise the odds of a negative in the hours of a surge."""
    usual = sum(hour.negatives for hour in hours) / sum(hour.texts for hour in hours)
    share = ratio * usual / (1 - usual + ratio * usual)
    return [
        replace(hour, negatives=int(chance.binomial(hour.texts, share)))
        if at <= hour.at < at + SURGE * HOUR
        else hour
        for hour in hours
    ]


def watch(topics: Topics, first: datetime, last: datetime) -> list[Alert]:
    """Judge the hours of a time one after another, and give the alerts."""
    alerts: list[Alert] = []
    now = first
    while now < last:
        now += HOUR
        seen = {topic: _before(hours, now) for topic, hours in topics.items()}
        for step in course.follow(seen, alerts, alarms_a_month=BUDGET, now=now):
            if isinstance(step, Begun):
                alerts.append(_raise(step, len(alerts), now))
            elif isinstance(step, Over):
                alerts[step.alert.id] = replace(step.alert, ended_at=now)
    return alerts


def _before(hours: Sequence[Hour], now: datetime) -> Sequence[Hour]:
    first, last = (
        bisect_left(hours, at, key=lambda hour: hour.at) for at in (now - course.PAST, now)
    )
    return hours[first:last]


def _raise(step: Begun, number: int, now: datetime) -> Alert:
    found = step.surge
    return Alert(
        number,
        1,
        step.topic,
        found.began_at,
        now,
        found.negatives,
        found.texts,
        found.expected,
        {"keys": []},
        "open",
    )


def find(setting: Setting, ratio: float, chance: np.random.Generator) -> float | None:
    """Plant a surge in one topic; give the hours until it was told, None where it never was."""
    topics = dict(shuffle(setting, chance))
    topic = str(chance.choice(list(topics)))
    at = BEGIN + int(chance.integers(3 * 24, MONTH - SURGE)) * HOUR
    topics[topic] = plant(topics[topic], at, ratio, chance)
    told = [one.raised_at for one in watch(topics, at, at + SURGE * HOUR) if one.topic == topic]
    return (told[0] - at) / HOUR if told else None


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--quick", action="store_true", help="fewer months and surges")
    parser.add_argument("--data", type=Path, nargs="+", default=[SAMPLE], help="CSV: text, label")
    asked = parser.parse_args()
    setting = load(asked.data)
    months, surges = (3, 6) if asked.quick else (20, 40)
    alarms = []
    for seed in range(months):
        topics = shuffle(setting, np.random.default_rng(seed))
        alarms.append(len(watch(topics, BEGIN, BEGIN + MONTH * HOUR)))
        print(f"month {seed}: {alarms[-1]} false alarms", flush=True)
    delays = {
        ratio: [find(setting, ratio, np.random.default_rng([ratio, n])) for n in range(surges)]
        for ratio in RATIOS
    }
    for ratio, hours in delays.items():
        told = sorted(delay for delay in hours if delay is not None)
        middle = f", half of them within {np.median(told):.0f} h" if told else ""
        print(f"{ratio} times the odds: {len(told)} of {len(hours)} found in two days{middle}")
    promised = [d for ratio in RATIOS if ratio >= PROMISED_RATIO for d in delays[ratio]]
    late = [2.0 * SURGE if delay is None else delay for delay in promised]  # never, in JSON
    print(
        json.dumps(
            {
                "false_alarms_a_month": round(float(np.mean(alarms)), 3),
                "budget": BUDGET,
                "found": sum(delay <= PROMISED_H for delay in late),
                "planted": len(late),
                "delay_h_p90": float(np.quantile(late, 0.9, method="higher")),
            }
        )
    )


if __name__ == "__main__":
    main()
