"""What people type for a time is read, in English and Chinese, and said back in such words."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot import language
from bot.asking import RefusalError
from bot.recurrence import upcoming
from bot.when import DAYS, NTH, When, read, say

NOW = datetime(2026, 11, 25, 12, tzinfo=ZoneInfo("Asia/Shanghai"))  # a Wednesday
WORKING = "FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR"
MONDAYS = "FREQ=WEEKLY;BYDAY=MO"
TUESDAYS = "FREQ=WEEKLY;INTERVAL=2;BYDAY=TU"
FIRST_MONDAY = "FREQ=MONTHLY;BYDAY=1MO"


@pytest.mark.parametrize(
    ("text", "rule", "starts_at"),
    [
        ("weekdays 9:30", WORKING, "2026-11-26T09:30"),
        ("every weekday at 16:00", WORKING, "2026-11-25T16:00"),
        ("Mon-Fri 9.00 am".replace(".", ":"), WORKING, "2026-11-26T09:00"),
        ("every Monday 9am", MONDAYS, "2026-11-30T09:00"),
        ("Mondays, 9 a.m.", MONDAYS, "2026-11-30T09:00"),
        ("mondays and thursdays at 16:00", "FREQ=WEEKLY;BYDAY=MO,TH", "2026-11-26T16:00"),
        ("Thu, Mon at 4pm", "FREQ=WEEKLY;BYDAY=MO,TH", "2026-11-26T16:00"),
        ("every other Tuesday 10:00", TUESDAYS, "2026-12-01T10:00"),
        ("every second Tuesday at 10", TUESDAYS, "2026-12-01T10:00"),
        ("every 3 weeks on Friday 10:00", "FREQ=WEEKLY;INTERVAL=3;BYDAY=FR", "2026-11-27T10:00"),
        ("daily 8:00", "FREQ=DAILY", "2026-11-26T08:00"),
        ("every day at noon", "FREQ=DAILY", "2026-11-26T12:00"),
        ("12am every day", "FREQ=DAILY", "2026-11-26T00:00"),
        ("weekends 10:00", "FREQ=WEEKLY;BYDAY=SA,SU", "2026-11-28T10:00"),
        ("monthly on the first Monday 9:00", FIRST_MONDAY, "2026-12-07T09:00"),
        ("every second Tuesday of the month 9:00", "FREQ=MONTHLY;BYDAY=2TU", "2026-12-08T09:00"),
        ("on the 1st 9:00", "FREQ=MONTHLY;BYMONTHDAY=1", "2026-12-01T09:00"),
        ("monthly on the 31st 9:00", None, "2026-11-30T09:00"),
        ("last Friday 16:00", "FREQ=MONTHLY;BYDAY=-1FR", "2026-11-27T16:00"),
        ("last day of every month 16:00", "FREQ=MONTHLY;BYMONTHDAY=-1", "2026-11-30T16:00"),
        (
            "quarterly on the first Monday 9:00",
            "FREQ=MONTHLY;BYMONTH=1,4,7,10;BYDAY=1MO",
            "2027-01-04T09:00",
        ),
        ("每周一上午九点", MONDAYS, "2026-11-30T09:00"),
        ("每 周 一 上午 ９：００", MONDAYS, "2026-11-30T09:00"),
        ("每周一十点", MONDAYS, "2026-11-30T10:00"),
        ("每星期一二十点", MONDAYS, "2026-11-30T20:00"),
        ("每周一三五九点一刻", "FREQ=WEEKLY;BYDAY=MO,WE,FR", "2026-11-27T09:15"),
        ("周一、周四和周日下午四点", "FREQ=WEEKLY;BYDAY=MO,TH,SU", "2026-11-26T16:00"),
        ("周一至周五 9点", WORKING, "2026-11-26T09:00"),
        ("周一到五晚上7点", WORKING, "2026-11-25T19:00"),
        ("工作日9:30", WORKING, "2026-11-26T09:30"),
        ("每个工作日，早上9点零5分", WORKING, "2026-11-26T09:05"),
        ("每天早上8点半", "FREQ=DAILY", "2026-11-26T08:30"),
        ("每日中午12点", "FREQ=DAILY", "2026-11-26T12:00"),
        ("隔周二上午10点", TUESDAYS, "2026-12-01T10:00"),
        ("每隔一周的周二上午10点", TUESDAYS, "2026-12-01T10:00"),
        ("每两周周五下午4点半", "FREQ=WEEKLY;INTERVAL=2;BYDAY=FR", "2026-11-27T16:30"),
        ("每月1号9点", "FREQ=MONTHLY;BYMONTHDAY=1", "2026-12-01T09:00"),
        ("每月二十五日九点", "FREQ=MONTHLY;BYMONTHDAY=25", "2026-12-25T09:00"),
        ("每月第一个周一上午九点", FIRST_MONDAY, "2026-12-07T09:00"),
        ("每个月最后一个星期五16点", "FREQ=MONTHLY;BYDAY=-1FR", "2026-11-27T16:00"),
        ("每月最后一天下午3点", "FREQ=MONTHLY;BYMONTHDAY=-1", "2026-11-30T15:00"),
        ("每周一和周四 09:30", "FREQ=WEEKLY;BYDAY=MO,TH", "2026-11-26T09:30"),
        ("每3周的周二和周五 10:00", "FREQ=WEEKLY;INTERVAL=3;BYDAY=TU,FR", "2026-11-27T10:00"),
        ("每季度最后一天 09:00", "FREQ=MONTHLY;BYMONTH=3,6,9,12;BYMONTHDAY=-1", "2026-12-31T09:00"),
        (
            "每季度第一个周一九点",
            "FREQ=MONTHLY;BYMONTH=1,4,7,10;BYDAY=1MO",
            "2027-01-04T09:00",
        ),
    ],
)
def test_what_comes_again_is_read(text: str, rule: str | None, starts_at: str) -> None:
    found = read(text, now_local=NOW)
    assert (rule or found.rule, starts_at) == (found.rule, found.starts_at)


@pytest.mark.parametrize(
    ("text", "starts_at"),
    [
        ("tomorrow 9:00", "2026-11-26T09:00"),
        ("today at 4pm", "2026-11-25T16:00"),
        ("2026-12-01 09:00", "2026-12-01T09:00"),
        ("2026-12-01 09:00，一次", "2026-12-01T09:00"),
        ("on 2026/12/1 at 9:00", "2026-12-01T09:00"),
        ("next Monday 9:00", "2026-11-30T09:00"),
        ("明天下午3点", "2026-11-26T15:00"),
        ("后天９点", "2026-11-27T09:00"),
        ("明早8点", "2026-11-26T08:00"),
        ("下周一 9:00", "2026-11-30T09:00"),
        ("本周五下午五点", "2026-11-27T17:00"),
        ("2026年12月1日 上午9点", "2026-12-01T09:00"),
        ("一月五号十点", "2027-01-05T10:00"),
    ],
)
def test_what_comes_once_is_read(text: str, starts_at: str) -> None:
    assert read(text, now_local=NOW) == When(None, starts_at)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "soon",
        "9:00",
        "9:30 9:30",
        "every other day 9:00",
        "monthly 9:00",
        "monthly on the 32nd 9:00",
        "weekdays 25:00",
        "weekdays 9:75",
        "weekdays 9:30 and 16:00",
        "every Monday tomorrow 9:00",
        "2026-02-30 9:00",
        "每周八9点",
        "每天晚上3点",
        "<!channel> 9:00",
    ],
)
def test_what_is_not_understood_is_refused_with_examples(text: str) -> None:
    with pytest.raises(RefusalError, match="Write for example `weekdays 9:30`") as refused:
        read(text, now_local=NOW)
    assert "<!channel>" not in str(refused.value)


@pytest.mark.parametrize("text", ["every Monday", "明天", "每月1号", "2026-12-01"])
def test_a_time_of_day_is_asked_for(text: str) -> None:
    with pytest.raises(RefusalError, match="lacks the time of day"):
        read(text, now_local=NOW)


@pytest.mark.parametrize("text", ["today 12:00", "2026-11-24 9:00", "本周一9点"])
def test_what_is_over_is_refused(text: str) -> None:
    with pytest.raises(RefusalError, match="is over"):
        read(text, now_local=NOW)


week_days = st.sets(st.sampled_from([day[:2].upper() for day in DAYS]), min_size=1).map(
    lambda chosen: ",".join(day[:2].upper() for day in DAYS if day[:2].upper() in chosen)
)
month_days = st.integers(1, 31).map(
    lambda number: (
        f"BYMONTHDAY={number}"
        if number <= 28
        else f"BYMONTHDAY={','.join(map(str, range(28, number + 1)))};BYSETPOS=-1"
    )
)
in_month = st.one_of(
    month_days,
    st.just("BYMONTHDAY=-1"),
    st.builds("BYDAY={}{}".format, st.sampled_from(list(NTH)), st.sampled_from(["MO", "SU"])),
)


def quarterly(day: str) -> str:
    months = "3,6,9,12" if "=-1" in day else "1,4,7,10"
    return f"FREQ=MONTHLY;BYMONTH={months};{day}"


rules = st.one_of(
    st.just("FREQ=DAILY"),
    st.builds("FREQ=WEEKLY;BYDAY={}".format, week_days),
    st.builds("FREQ=WEEKLY;INTERVAL={};BYDAY={}".format, st.integers(2, 9), week_days),
    st.builds("FREQ=MONTHLY;{}".format, in_month),
    st.builds(quarterly, in_month),
    st.none(),
)


@given(
    rule=rules,
    hour=st.integers(0, 23),
    minute=st.integers(0, 59),
    said_in=st.sampled_from(["en", "zh"]),
)
def test_what_is_said_is_read_back_as_the_same(
    rule: str | None, hour: int, minute: int, said_in: str
) -> None:
    when = When(rule, f"2026-12-01T{hour:02}:{minute:02}")
    with language.use(said_in):
        again = read(say(when), now_local=NOW)
    assert again.rule == rule
    assert again.starts_at[11:] == when.starts_at[11:]


def test_the_dates_to_come_can_be_shown_before_anything_is_saved() -> None:
    when = read("每月31号 9点", now_local=NOW)
    found = upcoming(when.rule, when.starts_at, "Asia/Shanghai", after=NOW, count=4)
    assert [f"{at:%m-%d %H:%M}" for at in found] == [
        "11-30 01:00",
        "12-31 01:00",
        "01-31 01:00",
        "02-28 01:00",
    ]
    once = upcoming(None, "2026-12-01T09:00", "Asia/Shanghai", after=NOW, count=4)
    assert once == [datetime(2026, 12, 1, 1, tzinfo=UTC)]
