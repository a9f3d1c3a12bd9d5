"""A surge is told within its delay, chance is not, and the budget of false alarms holds."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from records import NOON

from bot.monitor import course, surge
from bot.monitor.course import Begun, Lasting, Over
from bot.monitor.surge import Hour, Rate
from storage.answering import Alert, HourlyCount

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
PAST = 28 * 24  # hours


def hours(*counts: tuple[int, int], since: int = 0) -> list[Hour]:
    """Give hours of (texts, negatives), beginning so many hours after noon."""
    return [Hour(NOON + (since + n) * HOUR, *count) for n, count in enumerate(counts)]


USUAL = surge.learn(hours(*[(10, 1)] * PAST, since=-PAST), Rate())


def count(found: list[Hour], topic: str = "all") -> list[HourlyCount]:
    labelled = [
        HourlyCount(hour.at, topic, label, n)
        for hour in found
        for label, n in (("negative", hour.negatives), ("positive", hour.texts - hour.negatives))
    ]
    return [one for one in labelled if one.n]


CALM = count(hours(*[(10, 1)] * PAST, since=-PAST))
ALERT = Alert(1, 1, "all", NOON, NOON + 3 * HOUR, 18, 30, 3, {"keys": []}, "open")


@pytest.mark.parametrize(
    ("now", "found"),
    [
        ([(10, 1)] * 24, False),
        ([(10, 3)] * 2, False),
        ([(10, 3)] * 24, True),
        ([(10, 8)] * 3, True),
        ([(2, 2)], False),  # never on two texts
        ([(4, 4)], False),
        ([(10, 8)] * 3 + [(10, 1)] * 8, False),  # it was, and is over
        ([], False),
    ],
)
def test_what_is_a_surge(now: list[tuple[int, int]], found: bool) -> None:
    assert (surge.find(hours(*now), USUAL, 720) is not None) is found


def test_a_surge_is_told_with_its_beginning_and_what_was_expected() -> None:
    found = surge.find(hours(*[(10, 1)] * 20, *[(10, 7)] * 4), USUAL, 720)
    assert found is not None
    assert found.began_at == NOON + 20 * HOUR
    assert (found.texts, found.negatives, round(found.expected)) == (40, 28, 4)


@given(
    counts=st.lists(
        st.tuples(st.integers(1, 30), st.integers(0, 30)).map(lambda c: (c[0], min(c))),
        min_size=1,
        max_size=24,
    ),
    place=st.integers(0, 23),
    grown=st.booleans(),
)
@settings(max_examples=60, deadline=None)
def test_more_negatives_are_never_less_alarming(
    counts: list[tuple[int, int]], place: int, grown: bool
) -> None:
    before = hours(*counts)
    place %= len(counts)
    texts, negatives = counts[place]
    more = replace(before[place], texts=texts + grown, negatives=min(negatives + 1, texts + grown))
    after = [*before[:place], more, *before[place + 1 :]]
    weighed = [surge.weigh(one, USUAL).sum(axis=1) for one in (before, after)]
    assert (weighed[1] >= weighed[0] - 1e-9).all()


def test_little_known_is_no_surge_until_more_is_known() -> None:
    new = surge.learn([], Rate())
    assert surge.find(hours((10, 8), (10, 9)), new, 720) is None
    known = surge.learn(hours(*[(10, 1)] * 3, since=-3), Rate())
    assert USUAL.rate.most < known.rate.most < new.rate.most


def test_texts_that_resemble_each_other_weigh_less() -> None:
    clustered = surge.learn(hours(*[(10, 0)] * 9 * 67, *[(10, 10)] * 67, since=-PAST), Rate())
    assert clustered.alike > 10 * USUAL.alike
    burst = hours((10, 8))
    assert surge.weigh(burst, clustered).max() < surge.weigh(burst, USUAL).max()


# --- its course -----------------------------------------------------------------------------


def follow(
    recent: list[Hour], *alerts: Alert, now: int = 3, budget: float = 1.0
) -> list[course.Step]:
    found = [*CALM, *count(recent)]
    return course.follow(
        course.by_topic(found), alerts, alarms_a_month=budget, now=NOON + now * HOUR
    )


def test_a_surge_begins_lasts_and_is_over() -> None:
    bad = [(10, 7)] * 4
    (begun,) = follow(hours(*bad))
    assert isinstance(begun, Begun)
    (lasting,) = follow(hours(*bad), ALERT)
    assert isinstance(lasting, Lasting)
    assert (lasting.surge.negatives, lasting.surge.texts) == (28, 40)
    assert follow(hours(*bad, *[(10, 1)] * 6), ALERT, now=10) == [Over(ALERT)]
    ended = replace(ALERT, ended_at=NOON + 10 * HOUR)
    assert follow(hours(*bad, *[(10, 1)] * 6), ended, now=10) == []


def test_silence_and_a_week_end_a_surge() -> None:
    assert follow(hours((10, 7)), ALERT, now=25) == [Over(ALERT)]
    week = 7 * 24
    lasting = hours(*[(10, 7)] * (week + 6))
    assert follow(lasting[:week], ALERT, now=week) == [Over(ALERT)]
    normal = replace(ALERT, ended_at=NOON + week * HOUR)
    assert follow(lasting, normal, now=week + 6) == []  # how things are now


def test_a_snoozed_topic_is_told_again_when_its_time_is_over() -> None:
    snoozed = replace(
        ALERT, state="snoozed", ended_at=NOON + 3 * HOUR, snoozed_until=NOON + 8 * HOUR
    )
    bad = hours(*[(10, 7)] * 9)
    assert follow(bad, snoozed, now=7) == []
    (begun,) = follow(bad, snoozed, now=8)
    assert isinstance(begun, Begun)


def test_each_false_alarm_halves_the_budget_for_a_time() -> None:
    mild = hours(*[(10, 4)] * 4)
    wrong: list[Alert] = []
    while follow(mild, *wrong) and len(wrong) < 30:
        called = NOON - 5 * DAY
        wrong.append(
            replace(ALERT, topic="else", state="false", ended_at=called, decided_at=called)
        )
    assert 1 <= len(wrong) < 30
    assert follow(mild, *wrong, budget=2 ** len(wrong))
    old = [replace(one, decided_at=NOON - 91 * DAY) for one in wrong]
    assert follow(mild, *old)


def test_of_two_topics_the_one_that_surges_is_told() -> None:
    calm = [replace(one, topic="billing") for one in CALM]
    found = [*CALM, *calm, *count(hours(*[(10, 7)] * 4), "billing")]
    (begun,) = course.follow(course.by_topic(found), [], alarms_a_month=1, now=NOON + 3 * HOUR)
    assert isinstance(begun, Begun)
    assert begun.topic == "billing"


def test_a_surge_is_not_learnt_from_but_a_false_alarm_is() -> None:
    bad = [*hours(*[(10, 1)] * PAST, since=-PAST), *hours(*[(10, 7)] * 24)]
    ended = replace(ALERT, ended_at=NOON + DAY, state="acknowledged")
    asked = {"of_all": Rate(), "until": NOON + 5 * DAY}
    usual = course.usual(bad, [ended], **asked)  # type: ignore[arg-type]
    wrong = course.usual(bad, [replace(ended, state="false")], **asked)  # type: ignore[arg-type]
    assert round(usual.rate.mean, 2) == 0.1
    assert wrong.rate.mean > usual.rate.mean


# --- the budget -----------------------------------------------------------------------------


def test_the_budget_holds_on_shuffled_texts_and_a_planted_surge_is_found() -> None:
    chance = random.Random(7)  # noqa: S311 - no secret
    days = 3 * 28
    shuffled = [
        Hour(NOON + (n - days * 24) * HOUR, texts, sum(chance.random() < 0.2 for _ in range(texts)))
        for n in range(days * 24)
        if (texts := chance.randint(0, 6))
    ]
    usual = surge.learn(shuffled[: len(shuffled) // 3], Rate())
    rest = shuffled[len(shuffled) // 3 :]
    limit = surge.limit(len(rest) / 2, alarms_a_month=1)
    alarms = start = 0
    for end in range(0, len(rest), 2):
        if surge.find(rest[max(start, end - 72) : end], usual, limit):
            alarms, start = alarms + 1, end
    assert alarms <= 2  # in two months
    planted = hours(*[(3, 2)] * 24)
    delays = [n for n in range(1, 25) if surge.find([*rest[-24:], *planted[:n]], usual, limit)]
    assert delays[0] <= 12
