"""A period is read in both languages, as whole days of the asker's that have been."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot import language
from bot.asking import RefusalError
from bot.sentiment import period
from bot.sentiment.period import Period

TODAY = date(2026, 11, 25)  # a Wednesday


@pytest.mark.parametrize(
    ("text", "first", "last"),
    [
        ("today", "11-25", "11-25"),
        ("Yesterday", "11-24", "11-24"),
        ("the day before yesterday", "11-23", "11-23"),
        ("this week", "11-23", "11-25"),
        ("last week", "11-16", "11-22"),
        ("the past week", "11-16", "11-22"),
        ("this month", "11-01", "11-25"),
        ("last month", "10-01", "10-31"),
        ("3 days", "11-23", "11-25"),
        ("1 day", "11-25", "11-25"),
        ("the last 2 weeks", "11-12", "11-25"),
        ("7d", "11-19", "11-25"),
        ("monday", "11-23", "11-23"),
        ("on Friday", "11-20", "11-20"),
        ("last Wednesday", "11-18", "11-18"),
        ("since Monday", "11-23", "11-25"),
        ("since last week", "11-16", "11-25"),
        ("since 2026-11-03", "11-03", "11-25"),
        ("2026-11-03", "11-03", "11-03"),
        ("11/3", "11-03", "11-03"),
        ("November 3rd", "11-03", "11-03"),
        ("since 3 Nov, 2026", "11-03", "11-25"),
        ("from 2026-11-02 to 2026-11-06", "11-02", "11-06"),
        ("2026-11-02..2026-11-06", "11-02", "11-06"),
        ("Monday to today", "11-23", "11-25"),
        ("今天", "11-25", "11-25"),
        ("昨天", "11-24", "11-24"),
        ("前天", "11-23", "11-23"),
        ("这周", "11-23", "11-25"),
        ("本周", "11-23", "11-25"),
        ("上周", "11-16", "11-22"),
        ("上个星期", "11-16", "11-22"),
        ("上周一", "11-16", "11-16"),
        ("周一", "11-23", "11-23"),
        ("本月", "11-01", "11-25"),
        ("上个月", "10-01", "10-31"),
        ("最近3天", "11-23", "11-25"),
        ("最近 3 天", "11-23", "11-25"),
        ("过去两周", "11-12", "11-25"),
        ("近十天", "11-16", "11-25"),
        ("三天", "11-23", "11-25"),
        ("周一以来", "11-23", "11-25"),
        ("从周一至今", "11-23", "11-25"),
        ("11月3日", "11-03", "11-03"),
        ("从11月2日到11月6日", "11-02", "11-06"),
        ("2026年11月2日至11月6日", "11-02", "11-06"),
    ],
)
def test_a_period_is_read(text: str, first: str, last: str) -> None:
    wanted = Period(date.fromisoformat(f"2026-{first}"), date.fromisoformat(f"2026-{last}"))
    assert period.read(text, today=TODAY) == wanted


@pytest.mark.parametrize("text", ["soon", "0 days", "2026-13-01", "blue moon", "一会儿", "last"])
def test_what_is_no_period_is_answered_with_examples(text: str) -> None:
    with pytest.raises(RefusalError, match="`since Monday`"):
        period.read(text, today=TODAY)


def test_a_period_has_been_and_is_no_longer_than_a_year() -> None:
    with pytest.raises(RefusalError, match="Name one up to today"):
        period.read("2026-11-26", today=TODAY)
    with pytest.raises(RefusalError, match="Name one up to today"):
        period.read("2026-11-06 to 2026-11-02", today=TODAY)
    with pytest.raises(RefusalError, match="shorter"):
        period.read("since 2024-01-01", today=TODAY)


def test_days_begin_at_the_askers_midnight() -> None:
    whole = Period(date(2026, 11, 23), date(2026, 11, 24)).bounds("Asia/Shanghai")
    assert whole == (datetime(2026, 11, 22, 16, tzinfo=UTC), datetime(2026, 11, 24, 16, tzinfo=UTC))


def test_a_period_is_said_as_dates() -> None:
    week = Period(date(2026, 11, 16), date(2026, 11, 22))
    assert period.say(week) == "Nov 16\u2009–\u200922, 2026"
    with language.use("zh"):
        assert period.say(week) == "2026年11月16日至22日"


@given(st.text(max_size=40))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        found = period.read(text, today=TODAY)
    except RefusalError:
        return
    assert found.first <= found.last <= TODAY
