"""The course of surges, from counts and past alerts: which begin, which last, and which are over."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.monitor import surge
from bot.monitor.surge import Hour, Rate, Surge
from bot.sentiment import poles
from storage.answering import Alert, HourlyCount

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
PAST = timedelta(weeks=8)  # what is usual is learnt from
RECENT = timedelta(days=3)  # a surge is looked for in, and not learnt from
QUIET = timedelta(days=1)  # without texts, after which a surge is over
NEW_NORMAL = timedelta(days=7)  # what lasts so long is how things are now
REMEMBERED = timedelta(days=90)  # false alarms, each of which halves the budget
MONTH_HOURS = 720.0

Topics = Mapping[str, Sequence[Hour]]


@dataclass(frozen=True)
class Begun:
    """A surge that nobody was told of."""

    topic: str
    surge: Surge


@dataclass(frozen=True)
class Lasting:
    """A surge that goes on, with its figures as they are now."""

    alert: Alert
    surge: Surge


@dataclass(frozen=True)
class Over:
    """A surge that goes on no more."""

    alert: Alert


Step = Begun | Lasting | Over


def follow(
    topics: Topics, alerts: Sequence[Alert], *, alarms_a_month: float, now: datetime
) -> list[Step]:
    """Decide what a monitor's hours from `now` - PAST on mean; at most a step a topic.

    `alerts` are all that were raised in that time or last. Every false alarm that people called
    one in the last 90 days halves the budget. Surges aren't learnt from, but for false ones; one
    that lasts a week is how things are now, and all before it is forgotten.
    """
    budget = alarms_a_month / 2 ** _false_alarms(alerts, now)
    limit = surge.limit(active_hours(topics, now), budget)
    of_all = Rate().seen([hour for hours in topics.values() for hour in hours])
    steps = [
        _follow(topic, hours, _of_topic(alerts, topic), of_all=of_all, limit=limit, now=now)
        for topic, hours in topics.items()
    ]
    silent = [one for one in alerts if one.ended_at is None and one.topic not in topics]
    return [step for step in steps if step is not None] + [Over(alert) for alert in silent]


def by_topic(counts: Iterable[HourlyCount]) -> Topics:
    """Turn counts of labels into texts and negatives, by topic, oldest first."""
    found: defaultdict[str, defaultdict[datetime, list[int]]] = defaultdict(
        lambda: defaultdict(lambda: [0, 0])
    )
    for count in counts:
        tally = found[count.topic][count.hour]
        tally[0] += count.n
        tally[1] += count.n if poles.negative([count.label]) else 0
    return {
        topic: [Hour(at, *tally) for at, tally in sorted(hours.items())]
        for topic, hours in found.items()
    }


def active_hours(topics: Topics, now: datetime) -> float:
    """Say how many hours with texts a month has, by topic, from what there is."""
    seen = sum(map(len, topics.values()))
    first = min((hours[0].at for hours in topics.values()), default=now)
    span = max(now - first, DAY) / HOUR
    return min(seen * MONTH_HOURS / span, len(topics) * MONTH_HOURS)


def usual(
    hours: Sequence[Hour], alerts: Sequence[Alert], *, of_all: Rate, until: datetime
) -> surge.Usual:
    """Learn what is usual in a topic from its hours before a time, surges left out."""
    normal = [one.began_at for one in alerts if _is_normal(one)]
    since = max(normal, default=datetime.min.replace(tzinfo=until.tzinfo))
    surges = [one for one in alerts if one.state != "false" and not _is_normal(one)]
    past = [
        hour
        for hour in hours
        if since <= hour.at < until and not any(_spans(one, hour.at) for one in surges)
    ]
    return surge.learn(past, of_all)


def _follow(
    topic: str,
    hours: Sequence[Hour],
    alerts: Sequence[Alert],
    *,
    of_all: Rate,
    limit: float,
    now: datetime,
) -> Step | None:
    lasting = next((one for one in alerts if one.ended_at is None), None)
    if lasting is not None:
        return _go_on(lasting, hours, alerts, of_all=of_all, now=now)
    if any(one.snoozed_until and now < one.snoozed_until for one in alerts):
        return None
    known = usual(hours, alerts, of_all=of_all, until=now - RECENT)
    # What was told once isn't told again, unless it was only put off.
    told = [one.ended_at for one in alerts if one.ended_at and one.state != "snoozed"]
    since = max([now - RECENT, *told])
    found = surge.find([hour for hour in hours if hour.at >= since], known, limit)
    return Begun(topic, found) if found and now - found.last_at < QUIET else None


def _go_on(
    alert: Alert, hours: Sequence[Hour], alerts: Sequence[Alert], *, of_all: Rate, now: datetime
) -> Step:
    of_it = [hour for hour in hours if hour.at >= alert.began_at]
    if now - alert.began_at >= NEW_NORMAL or not of_it or now - of_it[-1].at >= QUIET:
        return Over(alert)
    before = min(now - RECENT, alert.began_at)
    known = usual(hours, alerts, of_all=of_all, until=before)
    if surge.is_over(of_it, known):
        return Over(alert)
    return Lasting(alert, surge.measure(of_it, known))


def _of_topic(alerts: Iterable[Alert], topic: str) -> list[Alert]:
    return [alert for alert in alerts if alert.topic == topic]


def _false_alarms(alerts: Iterable[Alert], now: datetime) -> int:
    return sum(
        one.state == "false" and one.decided_at is not None and now - one.decided_at < REMEMBERED
        for one in alerts
    )


def _is_normal(alert: Alert) -> bool:
    ended = alert.ended_at
    return ended is not None and ended - alert.began_at >= NEW_NORMAL and alert.state != "false"


def _spans(alert: Alert, at: datetime) -> bool:
    until = max(filter(None, (alert.ended_at, alert.snoozed_until)), default=None)
    return alert.began_at <= at and (until is None or at < until)
